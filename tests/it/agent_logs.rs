//! What the agent logs reaches the daemon: from both of its processes, in the level that an administrator sets, after
//! an outage and kill -9 too, and without secrets or an echo of its own sending.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::support::agent::{Configured, Running, reporting_to, write};
use crate::support::appliance::Appliance;
use crate::support::peer::{Peer, Request};
use crate::support::wait_for;

const CANARY: &str = "canary-of-a-log-55b0c9";

/// A database that is not there, so that every collection has something to say.
const NO_DATABASE: &str = "[postgres]\nhost = \"127.0.0.1\"\nport = 9\nuser = \"watcher\"\ndatabases = \"orders\"\nssl_mode = \"disable\"\n";

fn configured(appliance: &Appliance, ada: &str) -> (String, Configured) {
    let (id, token) = appliance.collector(ada, "orders");
    let configured = Configured::with("");
    let folder = configured.folder.path().display().to_string();
    write(&configured.folder.path().join("token"), &token);
    let url = appliance.client.url();
    write(
        &configured.file,
        &format!(
            "[collector]\nid = \"{id}\"\ntoken_file = \"{folder}/token\"\ninterval = 10\nheartbeat_interval = 1\n\
             [backend]\nurl = \"{url}\"\n[spool]\ndirectory = \"{folder}/spool\"\n{NO_DATABASE}"
        ),
    );
    (id, configured)
}

fn logs(appliance: &Appliance, ada: &str, id: &str, query: &str) -> Vec<Value> {
    let path = format!("/api/v1/collectors/{id}/logs?limit=1000{query}");
    appliance.client.get(&path, Some(ada)).body["entries"].as_array().cloned().unwrap_or_default()
}

fn messages(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["message"].as_str().unwrap()).collect()
}

#[test]
fn both_processes_are_heard_in_the_level_that_is_set_and_no_secret_is() {
    let (appliance, ada) = Appliance::with_admin();
    let (id, configured) = configured(&appliance, &ada);
    let agent = Running::start_with(&configured, &[("PGPASSWORD", CANARY)]);
    let said = wait_for("a line of the worker", || {
        let lines = logs(&appliance, &ada, &id, "&level=WARNING");
        lines.into_iter().find(|line| line["fields"]["process"] == "worker")
    });
    assert!(said["message"].as_str().unwrap().starts_with("nothing collected source="), "{said}");
    let started = logs(&appliance, &ada, &id, "&search=STARTED");
    assert!(messages(&started).iter().any(|message| message.contains(&id)), "{started:?}");
    assert!(logs(&appliance, &ada, &id, "&level=DEBUG").is_empty());

    let path = format!("/api/v1/collectors/{id}/update-config");
    let changed = appliance.client.post(&path, Some(&ada), &json!({"log_level": "debug"}));
    assert_eq!(changed.status, 200, "{}", changed.text);
    wait_for("finer lines", || logs(&appliance, &ada, &id, "&level=DEBUG").pop());
    assert_eq!(agent.stop(), Some(0));

    let _again = Running::start_with(&configured, &[("PGPASSWORD", CANARY)]);
    wait_for("the last lines of the run before", || logs(&appliance, &ada, &id, "&search=stopping").pop());
    let all = logs(&appliance, &ada, &id, "");
    assert!(!json!(all).to_string().contains(CANARY));
    let foreign = |line: &&Value| line["message"].as_str().unwrap().contains("hyper");
    assert_eq!(all.iter().find(foreign), None);
}

fn entries(request: &Request) -> Vec<Value> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    body["entries"].as_array().unwrap().clone()
}

#[test]
fn an_outage_makes_few_lines_and_what_was_said_before_kill_9_arrives_under_its_name() {
    let peer = Peer::start(503);
    let configured = reporting_to(&peer.url(), "[log]\nlevel = \"debug\"\n");
    let agent = Running::start(&configured);
    let refused = wait_for("three attempts", || {
        let sent = peer.requests("/logs");
        (sent.len() >= 3).then_some(sent)
    });
    let names: BTreeSet<&String> =
        refused.iter().map(|request| &request.headers["idempotency-key"]).collect();
    assert_eq!(names.len(), 1, "the same lines again, not more and more of them");
    agent.kill();

    peer.status.store(200, Ordering::SeqCst);
    let agent = Running::start(&configured);
    let first = wait_for("the lines", || peer.requests("/logs").into_iter().find(|sent| sent.status == 200));
    assert_eq!(first.headers["idempotency-key"], refused[0].headers["idempotency-key"]);
    assert_eq!(entries(&first), entries(&refused[0]));
    wait_for("what was said since", || {
        let sent = peer.requests("/logs").into_iter().filter(|sent| sent.status == 200);
        let mut lines = sent.flat_map(|sent| entries(&sent));
        lines.find(|line| line["message"].as_str().unwrap().starts_with("cannot push"))
    });
    assert_eq!(agent.stop(), Some(0));
    let spool = configured.folder.path().join("spool");
    assert!(spool.exists());
    let sent: usize = peer.requests("/logs").iter().map(|sent| entries(sent).len()).sum();
    assert!(sent < 400, "{sent} lines in some seconds");
}
