//! Manual pages and completions of shells are made from the command line itself: those in `packaging/` are what both
//! programs understand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;

/// With it, as `make manual` sets it, the files are written anew and not compared.
pub(crate) const REFRESH: &str = "PGANALYTICS_WRITE_MANUAL";
const FOLDERS: [&str; 2] = ["man", "completions"];

fn programs() -> [Command; 2] {
    [pganalytics::cli::Arguments::command(), pganalytics::collector::cli::Arguments::command()]
}

fn generate(folder: &Path) {
    for name in FOLDERS {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    for program in programs() {
        let name = program.get_name().to_owned();
        // the width of the terminal must not be seen in the text
        let program = program.term_width(100);
        clap_mangen::generate_to(program.clone(), folder.join("man")).unwrap();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            clap_complete::generate_to(shell, &mut program.clone(), &name, folder.join("completions"))
                .unwrap();
        }
    }
}

fn read(folder: &Path) -> BTreeMap<PathBuf, String> {
    let entries = FOLDERS.iter().filter_map(|name| fs::read_dir(folder.join(name)).ok());
    let paths = entries.flatten().map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.strip_prefix(folder).unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn the_manual_is_what_the_command_line_understands() {
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    if std::env::var_os(REFRESH).is_some() {
        for name in FOLDERS {
            // a page of a command that is gone must go, too
            let _ = fs::remove_dir_all(packaging.join(name));
        }
        generate(&packaging);
        return;
    }
    let made = tempfile::tempdir().unwrap();
    generate(made.path());
    let (made, kept) = (read(made.path()), read(&packaging));
    let names = |files: &BTreeMap<PathBuf, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&kept), names(&made), "write packaging/ anew with `make manual`, and commit it");
    let stale: Vec<&PathBuf> = made.keys().filter(|name| made[*name] != kept[*name]).collect();
    assert!(stale.is_empty(), "{stale:?}: write packaging/ anew with `make manual`, and commit it");
}

#[test]
fn every_command_has_its_page_and_its_completion() {
    let kept = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging"));
    for program in programs() {
        let name = program.get_name();
        let completion = &kept[Path::new(&format!("completions/{name}.bash"))];
        for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
            let page = format!("man/{name}-{}.1", command.get_name());
            assert!(kept.contains_key(Path::new(&page)), "{page} is missing");
            assert!(
                completion.contains(command.get_name()),
                "{name} {} is not completed",
                command.get_name()
            );
        }
    }
}
