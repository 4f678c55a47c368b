//! The keys of a real appliance: rotated beside the running daemon, which is killed meanwhile, and what it says of
//! keys that cannot be used.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::appliance::{Appliance, write};
use crate::support::random::Random;
use crate::support::wait_for;

fn run(appliance: &Appliance, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = appliance.run(arguments, "");
    let printed = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), printed, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// For each root key its number, and how many values stand under it.
fn root_keys(appliance: &Appliance) -> Vec<(u64, u64)> {
    let (status, keys, said) = run(appliance, &["key", "list", "--output", "json"]);
    assert_eq!(status, Some(0), "{said}");
    let keys = keys["root_keys"].as_array().unwrap().clone();
    keys.iter().map(|key| (key["id"].as_u64().unwrap(), key["values"].as_u64().unwrap())).collect()
}

fn import(appliance: &Appliance, ada: &str, from: usize, count: usize) -> Vec<String> {
    let rows: Vec<Value> = (from..from + count)
        .map(|number| crate::support::appliance::registration(&format!("db-{number}")))
        .collect();
    let reply =
        appliance.client.post("/api/v1/collectors/bulk-import", Some(ada), &json!({"collectors": rows}));
    assert_eq!(reply.body["successful"], count, "{}", reply.text);
    let results = reply.body["results"].as_array().unwrap().clone();
    results.iter().map(|row| row["jwt_token"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn keys_rotate_beside_a_daemon_that_is_killed_again_and_again_and_nothing_is_lost() {
    let mut random = Random::seeded();
    let (mut appliance, ada) = Appliance::with_admin();
    let tokens = import(&appliance, &ada, 0, 1200);
    let exchange = |appliance: &Appliance, token: &str| {
        appliance.client.post("/api/v1/collectors/refresh-token", Some(token), &json!({})).status
    };
    for round in 2..5 {
        let (status, rotated, said) = run(&appliance, &["key", "rotate", "--output", "json"]);
        assert_eq!((status, &rotated["root_key"]), (Some(0), &json!(round)), "{said}");
        // somewhere in the work, and again soon after the next start
        let done = random.below(1200);
        wait_for("the work to come so far", || {
            let keys = root_keys(&appliance);
            keys.iter().any(|(id, values)| *id == round && *values > done).then_some(())
        });
        for _ in 0..2 {
            appliance.kill();
            appliance.restart();
            // the moment is the point of the test
            std::thread::park_timeout(Duration::from_millis(random.below(300)));
        }
        // what was issued before works all the while, and so does what is sealed now
        assert_eq!(exchange(&appliance, &tokens[0]), 200);
        let more = import(&appliance, &ada, 1200 + usize::try_from(round).unwrap() * 10, 1);
        assert_eq!(exchange(&appliance, &more[0]), 200);
    }
    wait_for("all to stand under the newest key", || {
        let keys = root_keys(&appliance);
        keys.iter().all(|(id, values)| (*id == 4) == (*values > 0)).then_some(())
    });
    for id in ["1", "2", "3"] {
        assert_eq!(run(&appliance, &["key", "remove", id]).0, Some(0), "{id}");
    }
    for (id, said) in [("4", "seals what is written now"), ("7", "there is no root key 7")] {
        let (status, _, message) = run(&appliance, &["key", "remove", id]);
        assert_eq!(status, Some(1));
        assert!(message.contains(said), "{message}");
    }
    appliance.kill();
    appliance.restart();
    assert!(tokens.iter().step_by(97).all(|token| exchange(&appliance, token) == 200));
    // the session that the first signing key signed is good, and the chain of the audit log whole
    let verified = appliance.client.get("/api/v1/audit/verify", Some(&ada));
    assert_eq!(verified.body["verified"], true, "{}", verified.text);
    let audited = appliance.client.get("/api/v1/audit?action=key.rotate&limit=100", Some(&ada));
    assert_eq!(audited.body["entries"].as_array().unwrap().len(), 6, "{}", audited.text);
    let removed = appliance.client.get("/api/v1/audit?action=key.remove", Some(&ada));
    assert_eq!(removed.body["entries"].as_array().unwrap().len(), 3, "{}", removed.text);
    let ring = appliance.data_dir().join("root.key");
    let mode = std::fs::metadata(&ring).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let digits = std::fs::read_to_string(&ring).unwrap();
    assert!(!appliance.said().contains(digits.trim().split_once(':').unwrap().1));
}

/// The daemon does not begin with a ring that it cannot trust, and touches nothing.
#[test]
fn a_ring_that_cannot_be_used_is_said_with_what_to_do_and_nothing_is_changed() {
    let mut appliance = Appliance::start();
    assert_eq!(appliance.stop(), Some(0));
    let ring = appliance.data_dir().join("root.key");
    let good = std::fs::read(&ring).unwrap();
    let chmod = |mode| std::fs::set_permissions(&ring, std::fs::Permissions::from_mode(mode)).unwrap();
    let put = |bytes: &[u8]| {
        write(&ring, bytes);
        chmod(0o600);
    };
    let refused = |appliance: &Appliance, said: &str| {
        let before: Vec<_> = contents(appliance);
        for command in [&["serve"][..], &["key", "list"], &["key", "rotate"], &["user", "list"]] {
            let output = appliance.run(command, "");
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{command:?}: {message}");
            assert!(message.contains(said), "{command:?}: {said} is not in: {message}");
            assert!(["root.key", "key 1", "key ring"].iter().any(|word| message.contains(word)), "{message}");
        }
        assert_eq!(contents(appliance), before, "{said}");
    };
    put(&good[..good.len() / 2]);
    refused(&appliance, "does not end with 64 hexadecimal digits; put it back from its backup");
    put(b"");
    refused(&appliance, "it holds no key");
    put(&good);
    for mode in [0o604, 0o644] {
        chmod(mode);
        refused(&appliance, "chmod 600");
    }
    put(format!("2:{}\n", "ab".repeat(32)).as_bytes());
    refused(&appliance, "names key 1, which is not in the key ring");
    put(format!("1:{}\n", "ab".repeat(32)).as_bytes());
    refused(&appliance, "the key ring is that of another registry");
    std::fs::remove_file(&ring).unwrap();
    refused(&appliance, "is missing, and the registry was encrypted with it");
    put(&good);
    appliance.restart();
}

/// Names and hashes of what must not change.
fn contents(appliance: &Appliance) -> Vec<(String, String)> {
    let kept = ["root.key", "registry.sqlite", "hot.redb", "logs.sqlite", "running"];
    kept.iter()
        .filter_map(|name| {
            let bytes = std::fs::read(appliance.data_dir().join(name)).ok()?;
            Some(((*name).to_owned(), hex::encode(pganalytics::crypto::sha256(&bytes))))
        })
        .collect()
}

/// A site that keeps the ring in a credential writes it itself, and is told how.
#[test]
fn a_ring_from_a_credential_is_read_and_not_written() {
    let mut appliance = Appliance::prepare();
    let generated = appliance.run(&["key", "generate"], "");
    assert_eq!(generated.status.code(), Some(0));
    let as_json = appliance.run(&["key", "generate", "--id", "3", "--output", "json"], "");
    let as_json: Value = serde_json::from_slice(&as_json.stdout).unwrap();
    assert!(as_json["id"] == 3 && as_json["line"].as_str().unwrap().starts_with("3:"), "its name only");
    let folder = appliance.folder().join("credentials");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("pganalytics.root-key");
    write(&path, &generated.stdout);
    appliance.set_environment(&[("CREDENTIALS_DIRECTORY", folder.to_str().unwrap())]);
    appliance.restart();
    assert!(!appliance.data_dir().join("root.key").exists());
    let (status, _, message) = run(&appliance, &["key", "rotate", "--only", "root"]);
    assert_eq!(status, Some(1));
    assert!(message.contains("pganalytics key generate"), "{message}");

    // what the site adds is taken up by the running daemon
    let first = String::from_utf8(generated.stdout).unwrap();
    let second = String::from_utf8(appliance.run(&["key", "generate", "--id", "2"], "").stdout).unwrap();
    write(&path, format!("{first}{second}").as_bytes());
    wait_for("the new key", || (root_keys(&appliance)[0].1 == 0).then_some(()));
}
