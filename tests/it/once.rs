//! An answer that got lost in a crash is given again: the change and its reply are one transaction.

use std::thread;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::appliance::{Appliance, registration};
use crate::support::client::{Client, Reply};
use crate::support::raw::Raw;
use crate::support::wait_for;

const REGISTER: &str = "/api/v1/collectors/register";
const BULK: &str = "/api/v1/collectors/bulk-action";
const IMPORT: &str = "/api/v1/collectors/bulk-import";

fn send(client: &Client, path: &str, token: &str, key: &str, body: &Value) -> Option<Reply> {
    let bearer = format!("Bearer {token}");
    let headers =
        [("authorization", bearer.as_str()), ("idempotency-key", key), ("content-type", "application/json")];
    client.try_send(Method::POST, path, &headers, body.to_string().into_bytes()).ok()
}

/// Sends a request and leaves its answer unread.
fn ask_only(appliance: &Appliance, path: &str, token: &str, key: &str, body: &Value) -> Raw {
    let address = appliance.client.address();
    let body = body.to_string();
    let mut raw = Raw::connect(address);
    raw.say(format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    raw
}

fn collectors(appliance: &Appliance, token: &str, search: &str) -> u64 {
    let path = format!("/api/v1/collectors?limit=1&search={search}");
    appliance.client.get(&path, Some(token)).body["total"].as_u64().unwrap()
}

/// The token of the answer lets an agent in, so the answer is of the collector that is there.
fn assert_works(appliance: &Appliance, token: &str) {
    let exchanged = appliance.client.post("/api/v1/collectors/refresh-token", Some(token), &json!({}));
    assert_eq!(exchanged.status, 200, "{}", exchanged.text);
}

#[test]
fn an_answer_that_a_kill_cut_off_is_given_after_the_restart() {
    let (mut appliance, ada) = Appliance::with_admin();
    let body = registration("db-1");
    let unread = ask_only(&appliance, REGISTER, &ada, "lost", &body);
    wait_for("the collector to be seen", || (collectors(&appliance, &ada, "db-1") == 1).then_some(()));
    appliance.kill();
    drop(unread);
    appliance.restart();

    let replayed = send(&appliance.client, REGISTER, &ada, "lost", &body).unwrap();
    assert_eq!((replayed.status, replayed.header("idempotent-replayed")), (201, "true"), "{}", replayed.text);
    assert_works(&appliance, &replayed.string("jwt_token"));
    assert_eq!(collectors(&appliance, &ada, "db-1"), 1);
    let other = send(&appliance.client, REGISTER, &ada, "lost", &registration("db-2")).unwrap();
    assert_eq!(other.problem(), (422, "idempotency_mismatch"));
    assert_eq!(appliance.stop(), Some(0));
    let token = replayed.string("jwt_token");
    for file in std::fs::read_dir(appliance.data_dir()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        assert!(!bytes.windows(token.len()).any(|w| w == token.as_bytes()), "in clear in {}", path.display());
    }
}

/// The moments of the kills lie 2 ms apart, so that some of them hit between the change and its answer.
#[test]
fn whenever_the_daemon_is_killed_a_change_and_its_answer_are_both_there_or_neither() {
    let (mut appliance, ada) = Appliance::with_admin();
    let mut replayed = 0;
    for round in 0..16 {
        let (name, key) = (format!("db-{round}-"), format!("key-{round}"));
        let body = registration(&name);
        let client = appliance.client.another();
        let first = thread::scope(|scope| {
            let sender = scope.spawn(|| send(&client, REGISTER, &ada, &key, &body));
            thread::park_timeout(Duration::from_millis(2 * round));
            appliance.kill();
            sender.join().unwrap()
        });
        appliance.restart();
        let again = send(&appliance.client, REGISTER, &ada, &key, &body).unwrap();
        assert_eq!(again.status, 201, "round {round}: {}", again.text);
        assert_eq!(collectors(&appliance, &ada, &name), 1, "round {round}");
        assert_works(&appliance, &again.string("jwt_token"));
        if let Some(first) = first {
            assert_eq!(first.body, again.body, "round {round}");
        }
        replayed += usize::from(again.header("idempotent-replayed") == "true");
    }
    let audited = appliance.client.get("/api/v1/audit?action=collector.register&limit=1000", Some(&ada));
    assert_eq!(audited.body["entries"].as_array().unwrap().len(), 16);
    assert_eq!(appliance.client.get("/api/v1/audit/verify", Some(&ada)).body["verified"], true);
    assert!(replayed > 0, "no kill came after a commit");
}

/// A bulk action commits step by step: the one that was killed goes on under its key, and is answered as a whole.
#[test]
fn a_bulk_action_that_is_killed_in_the_middle_is_one_operation_when_it_is_sent_again() {
    let (mut appliance, ada) = Appliance::with_admin();
    let rows: Vec<Value> = (0..1000).map(|number| registration(&format!("db-{number}"))).collect();
    let imported = send(&appliance.client, IMPORT, &ada, "import", &json!({"collectors": rows})).unwrap();
    let results = imported.body["results"].as_array().unwrap();
    let ids: Vec<&Value> = results.iter().map(|result| &result["collector_id"]).collect();
    let body = json!({"action": "stop", "collector_ids": ids, "params": {"expires_in_seconds": 3600}});
    let unread = ask_only(&appliance, BULK, &ada, "stop", &body);
    let operations = |appliance: &Appliance| appliance.client.get("/api/v1/operations", Some(&ada)).body;
    wait_for("the operation", || (operations(&appliance)["total"] == 1).then_some(()));
    appliance.kill();
    drop(unread);
    appliance.restart();

    let whole = send(&appliance.client, BULK, &ada, "stop", &body).unwrap();
    assert_eq!((whole.status, &whole.body["succeeded"]), (202, &json!(1000)), "{}", whole.text);
    let listed = operations(&appliance);
    assert_eq!((&listed["total"], &listed["operations"][0]["id"]), (&json!(1), &whole.body["operation_id"]));
    let again = send(&appliance.client, BULK, &ada, "stop", &body).unwrap();
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &whole.body));
    let audited = appliance.client.get("/api/v1/audit?action=operation.create", Some(&ada));
    assert_eq!(audited.body["entries"].as_array().unwrap().len(), 1);
}

/// An import commits chunk by chunk: what a killed one had done keeps its answer, and the rest is done.
#[test]
fn an_import_that_is_killed_in_the_middle_goes_on_where_it_was() {
    let (mut appliance, ada) = Appliance::with_admin();
    let rows: Vec<Value> = (0..1000).map(|number| registration(&format!("db-{number}"))).collect();
    let body = json!({"collectors": rows});
    let unread = ask_only(&appliance, IMPORT, &ada, "import", &body);
    let before = wait_for("some of the collectors", || {
        let count = collectors(&appliance, &ada, "");
        (count > 0).then_some(count)
    });
    appliance.kill();
    drop(unread);
    appliance.restart();
    let there = collectors(&appliance, &ada, "");
    assert!(
        (before..1000).contains(&there) && there.is_multiple_of(50),
        "{there} of 1000 were imported at the kill"
    );

    let whole = send(&appliance.client, IMPORT, &ada, "import", &body).unwrap();
    assert_eq!(
        (&whole.body["successful"], &whole.body["failed"]),
        (&json!(1000), &json!(0)),
        "{}",
        whole.status
    );
    assert_eq!(collectors(&appliance, &ada, ""), 1000);
    let results = whole.body["results"].as_array().unwrap();
    for row in [0, 49, 50, 999] {
        assert_works(&appliance, results[row]["jwt_token"].as_str().unwrap());
    }
    let imports = appliance.client.get("/api/v1/audit?action=collector.import", Some(&ada));
    assert_eq!(imports.body["entries"].as_array().unwrap().len(), 1);
    let again = send(&appliance.client, IMPORT, &ada, "import", &body).unwrap();
    assert_eq!(whole.body, again.body);
}
