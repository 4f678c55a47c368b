//! What a real PostgreSQL writes to its log, in each format: messages of many lines, bytes that are no text, records that
//! a full disk has cut off, and a rotation. Each message arrives once, and what is broken breaks nothing else.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::support::agent::{Running, reporting_to};
use crate::support::peer::Peer;
use crate::support::postgres::Postgres;
use crate::support::wait_for;

struct Logged {
    postgres: Postgres,
    data: PathBuf,
}

impl Logged {
    /// `None` where the release does not know the format.
    fn as_format(format: &str) -> Option<Self> {
        let mut data = PathBuf::new();
        let postgres = Postgres::start_with(|folder| {
            folder.clone_into(&mut data);
            vec!["logging_collector=on".to_owned()]
        });
        if format == "jsonlog" && !knows_json(&postgres) {
            return None;
        }
        postgres.execute(&format!("ALTER SYSTEM SET log_destination = {format};\nSELECT pg_reload_conf()"));
        wait_for("the format", || {
            (postgres.value("postgres", "SHOW log_destination") == format).then_some(())
        });
        postgres.execute(
            "CREATE DATABASE raw ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
        );
        Some(Self { postgres, data })
    }

    fn say(&self, text: &str) {
        self.postgres.execute(&format!("DO $$ BEGIN RAISE LOG E'{text}'; END $$"));
    }

    fn file(&self, extension: &str) -> Option<PathBuf> {
        let name = self.postgres.value("postgres", "SELECT pg_current_logfile()");
        let path = Path::new(&name);
        path.extension().is_some_and(|is| is == extension).then(|| self.data.join(path))
    }

    /// The beginning of a record, as it is left where the disk has no room for more.
    fn write_half(&self, extension: &str, text: &str) {
        let path = wait_for("the file of the format", || self.file(extension));
        let record = match extension {
            "csv" => format!("2026-11-20 15:00:31.719 UTC,\"ann\",\"postgres\",7,,,,,,,0,LOG,00000,\"{text}"),
            "json" => format!("{{\"timestamp\":\"2026-11-20 15:00:31.719 UTC\",\"message\":\"{text}"),
            _ => format!("2026-11-20 15:00:31.719 UTC [7] LOG:  {text}"),
        };
        File::options().append(true).open(path).unwrap().write_all(record.as_bytes()).unwrap();
    }
}

fn knows_json(postgres: &Postgres) -> bool {
    let version: u32 = postgres.value("postgres", "SHOW server_version_num").parse().unwrap();
    version >= 150_000
}

fn arrives(format: &str, extension: &str) {
    let Some(logged) = Logged::as_format(format) else { return };
    let peer = Peer::start(200);
    let port = logged.postgres.port();
    let configured = reporting_to(
        &peer.url(),
        &format!(
            "[pg_log]\nenabled = true\n[postgres]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"postgres\"\n\
             databases = \"postgres\"\n"
        ),
    );
    logged.say("canary first");
    let agent = Running::start(&configured);
    wait_for("the first message", || (!peer.logged("canary").is_empty()).then_some(()));
    logged.say("canary lines\\nsecond, \"quoted\"\\n20 third");
    logged.postgres.execute_in("raw", "DO $$ BEGIN RAISE LOG 'canary raw % end', chr(233); END $$");
    logged.write_half(extension, "canary half");
    logged.say("canary behind it");
    logged.say("canary last");
    logged.write_half(extension, "canary tail");
    let before = logged.file(extension);
    wait_for("another file", || {
        // a file has the second of its beginning in its name
        logged.postgres.execute("SELECT pg_rotate_logfile()");
        logged.file(extension).filter(|path| Some(path) != before.as_ref() && path.exists())
    });
    logged.say("canary rotated");
    wait_for("the message after the rotation", || {
        peer.logged("canary").iter().any(|message| message.contains("rotated")).then_some(())
    });
    assert_eq!(agent.stop(), Some(0));
    let messages = peer.logged("canary");
    for whole in [
        "canary first",
        "canary lines\nsecond, \"quoted\"\n20 third",
        "canary raw \u{fffd} end",
        "canary last",
        "canary rotated",
    ] {
        assert_eq!(messages.iter().filter(|message| *message == whole).count(), 1, "{whole}: {messages:#?}");
    }
    for part in ["canary half", "canary behind it", "canary tail"] {
        let with_it = messages.iter().filter(|message| message.contains(part));
        assert_eq!(with_it.count(), 1, "{part}: {messages:#?}");
    }
}

#[test]
fn a_log_on_standard_error_arrives_whatever_is_in_it() {
    arrives("stderr", "log");
}

#[test]
fn a_log_in_csv_arrives_whatever_is_in_it() {
    arrives("csvlog", "csv");
}

#[test]
fn a_log_in_json_arrives_whatever_is_in_it() {
    arrives("jsonlog", "json");
}

#[test]
fn pg_log_arrives_once_across_rotation_and_kill_9_in_every_format() {
    for (format, extension) in [("stderr", "log"), ("csvlog", "csv"), ("jsonlog", "json")] {
        let postgres = Postgres::start_with(|_| vec!["logging_collector=on".to_owned()]);
        if format == "jsonlog" && !knows_json(&postgres) {
            continue;
        }
        postgres.execute(&format!("ALTER SYSTEM SET log_destination = {format};\nSELECT pg_reload_conf()"));
        wait_for("the format", || {
            (postgres.value("postgres", "SHOW log_destination") == format).then_some(())
        });
        let say = |word: &str| {
            postgres.execute(&format!("DO $$ BEGIN RAISE LOG 'canary {word}, with \"quotes\"'; END $$"));
        };
        say("one");
        wait_for("the first entry in a file", || {
            let sql = format!("SELECT pg_current_logfile() LIKE '%.{extension}'");
            (postgres.value("postgres", &sql) == "t").then_some(())
        });
        let peer = Peer::start(200);
        let port = postgres.port();
        let configured = reporting_to(
            &peer.url(),
            &format!(
                "[pg_log]\nenabled = true\n[postgres]\nhost = \"127.0.0.1\"\nport = {port}\n\
                 user = \"postgres\"\ndatabases = \"postgres\"\n"
            ),
        );
        let agent = Running::start(&configured);
        wait_for("the first entry", || (peer.logged("canary").len() == 1).then_some(()));
        // the position is as durable as the batch that it came with
        agent.kill();
        say("two");
        postgres.execute("SELECT pg_rotate_logfile()");
        say("three");
        let agent = Running::start(&configured);
        wait_for("the others", || (peer.logged("canary").len() >= 3).then_some(()));
        assert_eq!(agent.stop(), Some(0));
        let expected: Vec<String> =
            ["one", "two", "three"].map(|word| format!("canary {word}, with \"quotes\"")).to_vec();
        assert_eq!(peer.logged("canary"), expected, "{format}");
    }
}
