//! A file that was put back from an older copy of this same appliance, while the other one was not: the daemon does not
//! go on as if nothing were missing. It says which file is older and since when, changes nothing, and goes on when an
//! administrator says so on the machine; the audit log keeps that.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pganalytics::clock::Clock;
use serde_json::{Value, json};

use crate::support::appliance::{ADMIN, Appliance, now};
use crate::support::wait_for;

const REGISTRY: &[&str] = &["registry.sqlite", "registry.sqlite-wal"];
const METRICS: &[&str] = &["hot.redb"];

/// The files as they are now; those that are missing are noted as such.
fn copy(folder: &Path, names: &[&str]) -> Vec<(String, Option<Vec<u8>>)> {
    names.iter().map(|name| ((*name).to_owned(), fs::read(folder.join(name)).ok())).collect()
}

fn put_back(folder: &Path, copy: &[(String, Option<Vec<u8>>)]) {
    for (name, bytes) in copy {
        match bytes {
            Some(bytes) => crate::support::appliance::write(&folder.join(name), bytes),
            None => drop(fs::remove_file(folder.join(name))),
        }
    }
    // an index over a log that is another one now
    let _ = fs::remove_file(folder.join("registry.sqlite-shm"));
}

struct Site {
    appliance: Appliance,
    admin: String,
    collector: String,
    token: String,
}

impl Site {
    fn start() -> Self {
        let (appliance, admin) = Appliance::with_admin();
        let (collector, token) = appliance.collector(&admin, "db-1");
        Self { appliance, admin, collector, token }
    }

    fn push(&self, number: u32) {
        let document = json!({"type": "probe", "timestamp": now(), "number": number});
        let reply = self.appliance.client.push(&self.token, &format!("k-{number}"), &[document]);
        assert_eq!(reply.status, 200, "{}", reply.text);
    }

    fn numbers(&self) -> Vec<u64> {
        let documents = self.appliance.documents(&self.admin, &self.collector, "probe");
        documents.iter().map(|one| one["document"]["number"].as_u64().unwrap()).collect()
    }

    /// Copies files of a daemon that was stopped, lets it go on for a while, and puts them back.
    fn with_older(&mut self, names: &[&str], meanwhile: impl FnOnce(&Self)) {
        assert_eq!(self.appliance.stop(), Some(0));
        let folder = self.appliance.data_dir();
        let before = copy(&folder, names);
        self.appliance.restart();
        meanwhile(self);
        assert_eq!(self.appliance.stop(), Some(0));
        put_back(&folder, &before);
    }

    fn command(&self, arguments: &[&str]) -> (Option<i32>, Value, String) {
        let output = self.appliance.run(arguments, "");
        let printed = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code(), printed, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// The daemon and `verify` say the same, as often as they are asked.
    fn assert_refused(&self, file: &str, said: &str) {
        let (status, _, message) = self.command(&["serve"]);
        assert_eq!(status, Some(1), "{message}");
        assert!(message.contains(said) && message.contains(file), "{message}");
        let (status, verified, _) = self.command(&["verify", "--output", "json"]);
        assert_eq!((status, &verified["verified"]), (Some(1), &json!(false)), "{verified}");
        let files = verified["files"].as_array().unwrap();
        let bad: Vec<_> = files.iter().filter(|file| file["whole"] == false).collect();
        assert_eq!(bad.len(), 1, "{verified}");
        assert!(bad[0]["file"].as_str().unwrap().ends_with(file), "{verified}");
        assert!(bad[0]["found"].as_str().unwrap().contains(said), "{verified}");
    }

    fn audited(&self, action: &str) -> Value {
        let path = format!("/api/v1/audit?action={action}");
        self.appliance.client.get(&path, Some(&self.admin)).body["entries"][0].clone()
    }
}

#[test]
fn an_older_copy_of_the_metrics_is_told_and_what_comes_later_is_told_apart_from_what_is_missing() {
    let mut site = Site::start();
    site.push(1);
    site.with_older(METRICS, |site| {
        site.push(2);
        site.push(3);
    });
    site.assert_refused("hot.redb", "are an older copy: their next document is number 2");

    let (status, accepted, said) = site.command(&["metrics", "accept-loss", "--output", "json"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(accepted["older_copy"].as_str().unwrap().ends_with("hot.redb"), "{accepted}");
    site.appliance.restart();
    site.push(4);
    assert_eq!(site.numbers(), [1, 4]);
    let documents = site.appliance.documents(&site.admin, &site.collector, "probe");
    assert!(documents[1]["seq"].as_u64().unwrap() > 4, "no number is given twice: {documents:?}");
    let entry = site.audited("metrics.accept-loss");
    assert_eq!(entry["new_values"]["next_document"], 2, "{entry}");
    assert_eq!(entry["new_values"]["known_of"], 4, "{entry}");

    // it is on record, and no loss any more
    assert_eq!(site.appliance.stop(), Some(0));
    let (status, accepted, _) = site.command(&["metrics", "accept-loss", "--output", "json"]);
    assert_eq!((status, &accepted["older_copy"]), (Some(0), &Value::Null));
    assert_eq!(site.command(&["verify"]).0, Some(0));
}

#[test]
fn an_older_copy_of_the_registry_is_told_for_what_was_revoked_is_there_again() {
    let mut site = Site::start();
    site.push(1);
    site.with_older(REGISTRY, |site| {
        drop(site.appliance.user(&site.admin, "bob", "operator"));
        site.push(2);
    });
    site.assert_refused("registry.sqlite", "is an older copy: its audit log ends with entry");

    let (status, accepted, said) = site.command(&["audit", "accept-loss", "--output", "json"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(accepted["older_copy"].as_str().unwrap().ends_with("registry.sqlite"), "{accepted}");
    site.appliance.restart();
    site.admin = site.appliance.login(ADMIN);
    assert_eq!(site.numbers(), [1, 2], "the metrics are what they were");
    let entry = site.audited("audit.accept-loss");
    let (last, known) = (&entry["new_values"]["last_entry"], &entry["new_values"]["known_of"]);
    assert!(last.as_u64().unwrap() < known.as_u64().unwrap(), "{entry}");
    let verified = site.appliance.client.get("/api/v1/audit/verify", Some(&site.admin));
    assert_eq!(verified.body["verified"], true, "{}", verified.text);
    assert_eq!(site.appliance.stop(), Some(0));
    assert_eq!(site.command(&["verify"]).0, Some(0));
}

/// Segments that the older registry does not list stay what they are: they are of the newer one.
#[test]
fn a_newer_registry_that_is_put_back_finds_everything_as_it_was() {
    let mut site = Site::start();
    site.push(1);
    let segments = site.appliance.data_dir().join("segments");
    let sealed = || {
        let folders = fs::read_dir(&segments).unwrap().map(|folder| folder.unwrap().path());
        let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap());
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let folder = site.appliance.data_dir();
    assert_eq!(site.appliance.stop(), Some(0));
    let older = copy(&folder, REGISTRY);
    site.appliance.restart();
    let old = Clock::System.now().minus(Duration::from_secs(3 * 24 * 3600));
    let document = json!({"type": "probe", "timestamp": old, "number": 2});
    let reply = site.appliance.client.push(&site.token, "old", &[document]);
    assert_eq!(reply.status, 200, "{}", reply.text);
    wait_for("a segment", || (!sealed().is_empty()).then_some(()));
    wait_for("the document in it", || (site.numbers() == [2, 1]).then_some(()));
    site.admin = site.appliance.login(ADMIN);
    assert_eq!(site.appliance.stop(), Some(0));
    let newer = copy(&folder, REGISTRY);
    put_back(&folder, &older);
    let before = sealed();
    site.assert_refused("registry.sqlite", "is an older copy");
    assert_eq!(sealed(), before);
    put_back(&folder, &newer);
    site.appliance.restart();
    assert_eq!(site.numbers(), [2, 1]);
}

/// Also of a daemon that was killed: what it had noted by then counts.
#[test]
fn a_copy_of_everything_is_no_older_copy_and_neither_is_what_a_kill_leaves() {
    let mut site = Site::start();
    let all: Vec<&str> = [METRICS, REGISTRY].concat();
    site.push(1);
    site.with_older(&all, |site| site.push(2));
    site.appliance.restart();
    assert_eq!(site.numbers(), [1]);
    for number in 3..6 {
        site.push(number);
        site.appliance.kill();
        site.appliance.restart();
    }
    wait_for("the documents", || (site.numbers() == [1, 3, 4, 5]).then_some(()));
}
