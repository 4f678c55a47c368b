//! What a site installs: the units run with the fewest rights, under users that exist.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails its test")]

// beside this file they would be test programs of their own
#[path = "packaging/configuration.rs"]
mod configuration;
#[path = "packaging/manual.rs"]
mod manual;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Exposure in tenths, as `systemd-analyze` counts it: 100 is a service without any sandbox.
const MOST_EXPOSURE: &str = "--threshold=15";

fn units() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let units: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|kind| kind == "service")).collect();
    assert!(units.len() >= 2, "the daemon's and the agent's: {units:?}");
    units
}

/// Only where systemd is installed is there a way to ask.
#[test]
fn the_units_are_sandboxed() {
    for unit in units() {
        let mut command = Command::new("systemd-analyze");
        command.args(["security", "--offline=true", "--no-pager", MOST_EXPOSURE]).arg(&unit);
        let Ok(output) = command.output() else { return };
        let said = String::from_utf8_lossy(&output.stdout);
        let weak: Vec<&str> = said.lines().filter(|line| line.contains('✗')).collect();
        assert!(output.status.success(), "{} is too open:\n{}", unit.display(), weak.join("\n"));
    }
}

#[test]
fn each_unit_has_a_user_of_its_own_that_is_made_with_the_package() {
    for unit in units() {
        let text = fs::read_to_string(&unit).unwrap();
        let user = text.lines().find_map(|line| line.strip_prefix("User=")).unwrap();
        let made = fs::read_to_string(unit.with_extension("sysusers")).unwrap();
        assert!(made.contains(&format!("\nu {user} - ")), "{} does not make {user}", unit.display());
    }
}

/// Who switches over finds the daemon where it was before. The name is not that of the service, whose package would
/// start it otherwise.
#[test]
fn the_socket_opens_the_port_of_the_packaged_settings_for_the_daemon() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let socket = fs::read_to_string(folder.join("systemd/pganalytics-listen.socket")).unwrap();
    let values = |key: &str| socket.lines().filter_map(|line| line.strip_prefix(key)).collect::<Vec<_>>();
    assert_eq!(values("Service="), ["pganalytics.service"]);
    let ports = values("ListenStream=");
    let settings = fs::read_to_string(folder.join("packaging/pganalytics.toml")).unwrap();
    assert!(settings.contains(&format!("\nlisten = \"0.0.0.0:{}\"\n", ports[0])), "{ports:?}");
    assert_eq!(ports.len(), 1);
}
