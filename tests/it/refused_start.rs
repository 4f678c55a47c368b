//! What keeps the daemon from starting is said with what to do about it, the exit status is 1, and nothing is changed.
//! Ports that are taken and damaged data stand in `command_line`, certificates in `tls`, sockets of systemd in `service`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::support::appliance::{Appliance, write};
use crate::support::small_disk::Small;

/// Every file with its contents, but for the mark of a daemon that did not close: it makes the next start look closer.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("running") {
                files.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[track_caller]
fn is_refused(appliance: &mut Appliance, said: &[&str]) {
    let folder = appliance.data_dir();
    let before = folder.exists().then(|| contents(&folder));
    let heard = appliance.said().len();
    appliance.spawn();
    let status = appliance.wait();
    let words = appliance.said()[heard..].to_owned();
    assert_eq!(status, Some(1), "{words}");
    for part in said {
        assert!(words.contains(part), "{part} is not in: {words}");
    }
    assert!(!words.contains("panicked"), "{words}");
    let after = folder.exists().then(|| contents(&folder));
    assert!(before == after, "the attempt changed something: {words}");
}

#[test]
fn settings_that_are_half_written_or_cannot_be_read() {
    let mut appliance = Appliance::prepare();
    for (text, said) in [
        ("[server]\nlisten = \"0.0.", "is not TOML at line 2"),
        ("[server]\nworkers = 2\n[stor", "is not TOML at line 3"),
        ("[server]\nworkers = 2\nworkers = 3\n", "is not TOML at line 3"),
        ("[server]\nlisten = 8443\n", "server.listen = 8443: must be a text in quotes"),
        ("[servers]\nworkers = 2\n", "servers: is not a section (there are access, "),
        ("[log]\nlevel = 'info'\n", "log.level: is not a key of this section (it has filter, format)"),
    ] {
        appliance.set_config(Some(text));
        is_refused(&mut appliance, &[said]);
    }
    let long = format!("# {}\n", "x".repeat(2 << 20));
    appliance.set_config(Some(&long));
    is_refused(&mut appliance, &["pganalytics.toml: cannot be read: it is larger than"]);
    appliance.set_config(None);
    let folder = appliance.folder().join("folder.toml");
    fs::create_dir(&folder).unwrap();
    let output = appliance.run(&["serve", "--config", folder.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("folder.toml: cannot be read"));
}

#[test]
fn a_root_key_that_cannot_be_used() {
    let mut appliance = Appliance::start();
    assert_eq!(appliance.stop(), Some(0));
    let key = appliance.data_dir().join("root.key");
    let chmod = |mode: u32| fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
    chmod(0o644);
    is_refused(&mut appliance, &["root.key", "chmod 600"]);
    chmod(0o600);
    let whole = fs::read(&key).unwrap();
    write(&key, &whole[..whole.len() / 2]);
    is_refused(&mut appliance, &["root.key", "line 1"]);

    // a ring that is a good one, of another registry
    let mut other = Appliance::start();
    assert_eq!(other.stop(), Some(0));
    write(&key, &fs::read(other.data_dir().join("root.key")).unwrap());
    is_refused(&mut appliance, &["the key ring is that of another registry"]);
    write(&key, &whole);

    let elsewhere = appliance.folder().join("site.key");
    appliance.set_config(Some(&format!("[storage]\nroot_key_file = \"{}\"\n", elsewhere.display())));
    is_refused(&mut appliance, &["storage.root_key_file", "site.key"]);
    appliance.set_config(None);
    appliance.restart();
}

/// Where nobody may mount a file system, there is nothing to test.
#[test]
fn a_disk_that_cannot_be_written() {
    let mut appliance = Appliance::prepare();
    let Some(disk) = Small::mount(appliance.data_dir()) else { return };
    disk.set_read_only();
    let folder = appliance.data_dir().display().to_string();
    is_refused(&mut appliance, &[&folder, "Read-only file system", "mount its file system so that"]);
    drop(disk);

    let mut appliance = Appliance::prepare();
    let disk = Small::mount(appliance.data_dir()).unwrap();
    appliance.restart();
    assert_eq!(appliance.stop(), Some(0));
    disk.set_read_only();
    let folder = appliance.data_dir().display().to_string();
    is_refused(&mut appliance, &[&folder, "Read-only file system", "mount its file system so that"]);
}

/// Commands that an administrator runs as root leave nothing behind that the service, under its own user, cannot open.
/// Whoever is not root has nothing to test.
#[test]
fn what_root_does_belongs_to_the_owner_of_the_data_directory() {
    let nobody = 65534;
    let mut appliance = Appliance::prepare();
    fs::create_dir(appliance.data_dir()).unwrap();
    if std::os::unix::fs::chown(appliance.data_dir(), Some(nobody), Some(nobody)).is_err() {
        return;
    }
    // the folder above is the test's own
    fs::set_permissions(appliance.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    let add = ["user", "add", "bob", "--role", "admin", "--password-stdin"];
    assert_eq!(appliance.run(&add, "correct horse battery staple").status.code(), Some(0));
    appliance.restart();
    assert_eq!(appliance.run(&["key", "rotate"], "").status.code(), Some(0));
    assert_eq!(appliance.stop(), Some(0));
    assert_eq!(appliance.run(&["verify"], "").status.code(), Some(0));
    for path in contents(&appliance.data_dir()).keys() {
        assert_eq!(fs::metadata(path).unwrap().uid(), nobody, "{}", path.display());
    }
}
