//! The packaged examples and `docs/configuration.md` are made from what the programs say of their settings.

use std::fs;
use std::path::Path;

use pganalytics::settings::page::page;
use pganalytics::{collector, config};

use crate::manual::REFRESH;

#[test]
fn the_manual_is_what_the_settings_are() {
    let (daemon, agent) = (config::keys::KEYS, collector::config::keys::KEYS);
    for (name, text) in [
        ("packaging/pganalytics.toml", daemon.example()),
        ("packaging/collector.toml", agent.example()),
        ("docs/configuration.md", page(&[&daemon, &agent])),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        if std::env::var_os(REFRESH).is_some() {
            write(&path, &text);
            continue;
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let line = kept.lines().zip(text.lines()).position(|(kept, made)| kept != made);
        let line = line.unwrap_or_else(|| kept.lines().count().min(text.lines().count())) + 1;
        assert!(kept == text, "{name}, line {line}: write it anew with `make manual`, and commit it");
    }
}

#[expect(clippy::disallowed_methods, reason = "a file of the source tree needs to survive nothing")]
fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}
