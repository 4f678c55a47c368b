//! The audit log from outside: it tells who did what to what, and whoever changes it is found out.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::appliance::{ADMIN, Appliance, PASSWORD, now, registration};

fn entries(appliance: &Appliance, token: &str, filter: &str) -> Vec<Value> {
    let reply = appliance.client.get(&format!("/api/v1/audit?limit=1000{filter}"), Some(token));
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body["entries"].as_array().unwrap().clone()
}

/// The only entry of an action on a target.
#[track_caller]
fn entry(appliance: &Appliance, token: &str, action: &str, target: &str) -> Value {
    let found = entries(appliance, token, &format!("&action={action}&target={target}"));
    assert_eq!(found.len(), 1, "{action} of {target}: {found:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn every_change_leaves_an_entry_that_tells_who_what_and_from_what_to_what() {
    let (appliance, ada) = Appliance::with_admin();
    let call = |method: Method, path: &str, body: Value| {
        let reply = appliance.client.call(method, &format!("/api/v1/{path}"), Some(&ada), Some(&body));
        assert!(reply.status < 300, "{path}: {} {}", reply.status, reply.text);
        reply
    };
    let me = call(Method::GET, "auth/me", json!({})).string("id");
    let new = json!({"username": "bob", "password": PASSWORD, "role": "viewer"});
    let bob = call(Method::POST, "users", new).string("id");
    call(Method::PUT, &format!("users/{bob}"), json!({"role": "operator"}));
    call(Method::POST, &format!("users/{bob}/reset-password"), json!({"password": "green valley kettle"}));
    call(Method::DELETE, &format!("users/{bob}"), json!({}));
    let group = call(Method::POST, "groups", json!({"name": "Lab", "color": "#112233"})).string("id");
    call(Method::PUT, &format!("groups/{group}"), json!({"name": "Lab", "color": "#445566"}));
    call(Method::DELETE, &format!("groups/{group}"), json!({}));
    let collector = call(Method::POST, "collectors/register", registration("db-1")).string("id");
    let token = call(Method::POST, "api-tokens", json!({"name": "ci"})).string("id");
    call(Method::DELETE, &format!("api-tokens/{token}"), json!({}));
    let secret = call(Method::POST, "registration-secrets", json!({"name": "rack"})).string("id");
    call(Method::DELETE, &format!("registration-secrets/{secret}"), json!({}));

    for (action, target, old, new) in [
        ("user.create", &bob, json!(null), json!({"role": "viewer"})),
        ("user.update", &bob, json!({"role": "viewer"}), json!({"role": "operator"})),
        ("user.reset-password", &bob, json!(null), json!({})),
        ("user.delete", &bob, json!({"username": "bob"}), json!(null)),
        ("group.create", &group, json!(null), json!({"color": "#112233"})),
        ("group.update", &group, json!({"color": "#112233"}), json!({"color": "#445566"})),
        ("group.delete", &group, json!({"color": "#445566"}), json!(null)),
        ("collector.register", &collector, json!(null), json!({"host": "db.example"})),
        ("api-token.create", &token, json!(null), json!({"name": "ci"})),
        ("api-token.revoke", &token, json!({}), json!({})),
        ("registration-secret.create", &secret, json!(null), json!({"name": "rack"})),
        ("registration-secret.revoke", &secret, json!({}), json!({})),
    ] {
        let entry = entry(&appliance, &ada, action, target);
        assert_eq!(entry["actor"], json!({"id": me, "name": ADMIN, "role": "admin"}), "{entry}");
        assert_eq!(
            (&entry["target"]["id"], &entry["result"]),
            (&json!(target), &json!("success")),
            "{entry}"
        );
        assert_eq!(entry["ip_address"], "127.0.0.1", "{entry}");
        assert!(entry["request_id"].as_str().unwrap().len() > 30, "{entry}");
        for (part, expected) in [("old_values", old), ("new_values", new)] {
            match expected.as_object() {
                None => assert_eq!(entry[part], Value::Null, "{action} {part}: {entry}"),
                Some(members) => {
                    for (member, value) in members {
                        assert_eq!(&entry[part][member], value, "{action} {part}: {entry}");
                    }
                }
            }
        }
    }
    let all = entries(&appliance, &ada, "");
    for pair in all.windows(2) {
        assert_eq!(pair[0]["prev_hash"], pair[1]["hash"], "each entry names the one before it");
        assert_eq!(pair[0]["seq"].as_u64().unwrap(), pair[1]["seq"].as_u64().unwrap() + 1);
    }
    assert!(all.iter().any(|entry| entry["action"] == "audit.read"), "reading the log is told, too");
    assert!(!json!(all).to_string().contains(PASSWORD));
    let of_collector = appliance.client.get(&format!("/api/v1/collectors/{collector}/audit"), Some(&ada));
    assert_eq!(of_collector.body["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn a_refused_call_is_told_and_an_attempt_to_guess_as_well() {
    let (appliance, ada) = Appliance::with_admin();
    let (id, vera) = appliance.user(&ada, "vera", "viewer");
    assert_eq!(appliance.client.get("/api/v1/users", Some(&vera)).status, 403);
    appliance.try_login("vera", "wrong wrong wrong");
    let denied = entries(&appliance, &ada, &format!("&action=auth.denied&actor={id}"));
    assert_eq!((denied.len(), &denied[0]["result"]), (1, &json!("denied")), "{denied:?}");
    assert_eq!(denied[0]["target"]["name"], "GET /api/v1/users", "{denied:?}");
    let guessed = entries(&appliance, &ada, "&action=auth.denied&actor=vera&target=vera");
    assert_eq!((guessed.len(), &guessed[0]["actor"]["id"]), (1, &json!("anonymous")), "{guessed:?}");
}

#[test]
fn pages_of_the_log_join_and_filters_fit() {
    let (appliance, ada) = Appliance::with_admin();
    for number in 0..25 {
        let group = json!({"name": format!("g{number}"), "color": "#112233"});
        assert_eq!(appliance.client.post("/api/v1/groups", Some(&ada), &group).status, 201);
    }
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/audit?action=group.create&limit=10{cursor}");
        let page = appliance.client.get(&path, Some(&ada));
        let entries = page.body["entries"].as_array().unwrap().clone();
        names.extend(entries.iter().map(|entry| entry["target"]["name"].as_str().unwrap().to_owned()));
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let ours: Vec<_> = names.iter().filter(|name| name.starts_with('g')).cloned().collect();
    assert_eq!(ours, (0..25).rev().map(|number| format!("g{number}")).collect::<Vec<_>>());
    assert!(entries(&appliance, &ada, &format!("&actor={ADMIN}&from={}", now())).len() <= 1);
    assert!(entries(&appliance, &ada, "&to=2001-01-01T00:00:00Z").is_empty());
}

/// A name that a spreadsheet would take for a formula must not run on the auditor's machine.
#[test]
fn the_export_opens_safely_in_a_spreadsheet() {
    let (appliance, ada) = Appliance::with_admin();
    for name in ["=HYPERLINK(\"http://evil.example\")", "+1", "-1+1", "@SUM(1)", "plain, \"quoted\""] {
        let group = json!({"name": name, "color": "#112233"});
        assert_eq!(appliance.client.post("/api/v1/groups", Some(&ada), &group).status, 201, "{name}");
    }
    let export = appliance.client.get("/api/v1/audit?action=group.create&format=csv", Some(&ada));
    assert!(export.header("content-type").starts_with("text/csv"));
    assert!(export.header("content-disposition").contains("attachment"));
    for cell in [",\"'=HYPERLINK(\"\"http", ",'+1,", ",'-1+1,", ",'@SUM(1),", ",\"plain, \"\"quoted\"\"\","] {
        assert!(export.text.contains(cell), "{cell} is not in {}", export.text);
    }
    for line in export.text.split("\r\n") {
        assert!(
            !line.split(',').any(|cell| cell.trim_start_matches('"').starts_with(['=', '+', '@'])),
            "{line}"
        );
    }
}

#[test]
fn whoever_edits_deletes_or_inserts_an_entry_is_found_out_by_number() {
    let copy = "INSERT INTO audit_log SELECT (SELECT max(seq) FROM audit_log) + 1, 'aud_00000000-0000-7000-8000-000000000000', \
        time, actor_id, actor_name, actor_role, action, target_kind, target_id, target_name, reason, old_values, new_values, \
        ip_address, user_agent, request_id, result, prev_hash, hash FROM audit_log WHERE seq = 2";
    let (mut appliance, ada) = Appliance::with_admin();
    for number in 0..5 {
        let group = json!({"name": format!("g{number}"), "color": "#112233"});
        assert_eq!(appliance.client.post("/api/v1/groups", Some(&ada), &group).status, 201);
    }
    assert_eq!(appliance.stop(), Some(0));
    let log = appliance.data_dir().join("registry.sqlite-wal");
    assert!(!log.exists(), "a stopped daemon leaves one whole file behind");
    let sound = appliance.run(&["audit", "verify", "--output", "json"], "");
    let sound: Value = serde_json::from_slice(&sound.stdout).unwrap();
    assert_eq!((&sound["verified"], &sound["first_bad_entry"]), (&json!(true), &Value::Null));
    let last = sound["entries"].as_u64().unwrap();

    let registry = appliance.data_dir().join("registry.sqlite");
    let untouched = std::fs::read(&registry).unwrap();
    let tampering: BTreeMap<&str, u64> = BTreeMap::from([
        ("UPDATE audit_log SET actor_name = 'eve' WHERE seq = 4", 4),
        ("UPDATE audit_log SET new_values = '{}' WHERE seq = 5", 5),
        ("UPDATE audit_log SET time = time - 1000 WHERE seq = 1", 1),
        ("DELETE FROM audit_log WHERE seq = 3", 3),
        ("DELETE FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)", last),
        (copy, last + 1),
    ]);
    for (sql, bad) in tampering {
        crate::support::appliance::write(&registry, &untouched);
        rusqlite::Connection::open(&registry).unwrap().execute_batch(sql).unwrap();
        let verified = appliance.run(&["audit", "verify"], "");
        assert_eq!(verified.status.code(), Some(1), "{sql}");
        let said = String::from_utf8(verified.stdout).unwrap();
        assert!(said.contains(&format!("entry {bad}\n")), "{sql}: {said}");
    }
    // the last of them is still there: the daemon says the same
    appliance.restart();
    let verified = appliance.client.get("/api/v1/audit/verify", Some(&ada));
    assert_eq!(verified.body["verified"], false, "{}", verified.text);
}
