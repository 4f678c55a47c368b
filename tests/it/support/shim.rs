//! What is put between a program and the C library, by `LD_PRELOAD`: compiled once for all tests of a run.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::{LazyLock, Mutex};

static MADE: LazyLock<Mutex<(tempfile::TempDir, HashMap<String, String>)>> =
    LazyLock::new(|| Mutex::new((tempfile::tempdir().unwrap(), HashMap::new())));

/// The path of the compiled shim whose source has this name.
pub(crate) fn of(source: &str) -> String {
    let (folder, made) = &mut *MADE.lock().unwrap();
    made.entry(source.to_owned()).or_insert_with(|| compile(source, folder.path())).clone()
}

fn compile(source: &str, folder: &Path) -> String {
    let shim = folder.join(source).with_extension("so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support").join(source);
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&shim).arg(source).arg("-ldl");
    assert!(compiler.status().unwrap().success(), "a C compiler makes the shim");
    shim.to_str().unwrap().to_owned()
}
