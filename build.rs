//! Writes the table of the dashboard's built files, which `http/dashboard.rs` embeds. A build without
//! `assets/dist` has an empty table: the daemon works, and says that it has no dashboard.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads cargo's environment and writes into its own folder"
)]

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("assets");
    let dist = root.join("dist");
    // a missing folder would make cargo run this every time, so its parent is watched until it is there
    println!("cargo::rerun-if-changed={}", if dist.is_dir() { dist.display() } else { root.display() });
    let mut files = Vec::new();
    if dist.is_dir() {
        collect(&dist, &mut files)?;
        files.sort();
    }
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.to_str().ok_or("a file of the dashboard has a name that is not UTF-8")?;
        if file.extension().is_some_and(|ending| ending == "br" || ending == "gz") {
            continue;
        }
        let path = name.strip_prefix(dist.to_str().unwrap_or_default()).unwrap_or(name);
        let packed = |ending: &str| {
            let packed = format!("{name}{ending}");
            if Path::new(&packed).exists() {
                format!("Some(include_bytes!({packed:?}))")
            } else {
                "None".to_owned()
            }
        };
        writeln!(
            table,
            "File {{ path: {path:?}, plain: include_bytes!({name:?}), brotli: {}, gzip: {} }},",
            packed(".br"),
            packed(".gz")
        )?;
    }
    table.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("dashboard.rs"), table)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
