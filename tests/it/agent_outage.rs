//! The agent when the daemon is away: nothing is lost, nothing is sent twice under two names.
//!
//! The other side says no until it is told to say yes; the real daemon is tested elsewhere.

use std::sync::atomic::Ordering;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::agent::{COLLECTOR_ID, Configured, Running, reporting_to};
use crate::support::peer::{Peer, Request};
use crate::support::wait_for;

fn key(request: &Request) -> String {
    request.headers["idempotency-key"].clone()
}

fn spooled(configured: &Configured) -> usize {
    let Ok(entries) = std::fs::read_dir(configured.folder.path().join("spool")) else { return 0 };
    entries
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|kind| kind == "batch"))
        .count()
}

#[test]
fn what_was_collected_while_the_daemon_was_away_arrives_under_the_same_id_also_after_kill_9() {
    let peer = Peer::start(503);
    let configured = reporting_to(&peer.url(), "");
    let agent = Running::start(&configured);
    let refused = wait_for("a push that was refused", || peer.pushes(503).first().cloned());
    agent.kill();
    assert_eq!(spooled(&configured), 1);

    peer.status.store(200, Ordering::SeqCst);
    let agent = Running::start(&configured);
    let taken =
        wait_for("the batch", || peer.pushes(200).into_iter().find(|push| key(push) == key(&refused)));
    assert_eq!(taken.body, refused.body, "the same bytes under the same id");
    wait_for("an empty spool", || (spooled(&configured) == 0).then_some(()));
    assert_eq!(agent.stop(), Some(0));

    let push: Value = serde_json::from_slice(&zstd::decode_all(taken.body.as_slice()).unwrap()).unwrap();
    assert_eq!((&push["collector_id"], &push["metrics_count"]), (&COLLECTOR_ID.into(), &2.into()));
    assert_eq!(taken.headers["x-collector-id"], COLLECTOR_ID);
    assert_eq!(taken.headers["authorization"], "Bearer short");
}

#[test]
fn the_first_heartbeat_and_the_first_push_come_at_once() {
    let peer = Peer::start(200);
    let configured = reporting_to(&peer.url(), "");
    let started = std::time::Instant::now();
    let _agent = Running::start(&configured);
    let beat = wait_for("a heartbeat", || peer.heartbeats().into_iter().next());
    wait_for("a push", || peer.pushes(200).into_iter().next());
    assert!(started.elapsed().as_secs_f64() < 4.0, "took {:?}", started.elapsed());
    assert_eq!((&beat["status"], &beat["spool_dropped"]), (&"active".into(), &0.into()));
    let second = wait_for("another one after the first collection", || peer.heartbeats().into_iter().nth(1));
    assert_eq!((&second["last_collection_count"], &second["collections_ok"]), (&2.into(), &1.into()));
    assert!(started.elapsed().as_secs_f64() < 4.0, "took {:?}", started.elapsed());
    for field in ["cpu_usage", "memory_usage"] {
        assert!((0.0..=100.0).contains(&beat[field].as_f64().unwrap()), "{field}: {beat}");
    }
}

/// An agent that logged warnings only ended as soon as it had begun: it waited for its signal inside of a log
/// line, which is not looked at when its level is off.
#[test]
fn an_agent_that_logs_little_works_as_long_as_one_that_logs_much() {
    let peer = Peer::start(200);
    let configured = reporting_to(&peer.url(), "[log]\nlevel = \"error\"\n");
    let agent = Running::start(&configured);
    wait_for("a push", || peer.pushes(200).into_iter().next());
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn a_database_that_is_away_shows_at_once_as_status_error_with_its_reason() {
    let peer = Peer::start(200);
    let configured =
        reporting_to(&peer.url(), "[postgres]\nhost = \"127.0.0.1\"\nport = 1\ndatabases = \"app\"\n");
    let started = std::time::Instant::now();
    let _agent = Running::start(&configured);
    let beat = wait_for("a heartbeat that says so", || {
        peer.heartbeats().into_iter().find(|beat| beat["status"] == "error")
    });
    assert!(started.elapsed().as_secs_f64() < 4.0, "took {:?}", started.elapsed());
    let reason = beat["last_error"].as_str().unwrap();
    assert!(reason.starts_with("postgres/app: cannot reach 127.0.0.1:1"), "{reason}");
    assert_eq!((&beat["collections_failed"], &beat["last_collection_count"]), (&1.into(), &2.into()));
}

#[test]
fn a_worker_that_is_killed_is_replaced_and_dies_with_its_supervisor() {
    let peer = Peer::start(200);
    let configured = reporting_to(&peer.url(), "");
    let agent = Running::start(&configured);
    let first = agent.worker();
    wait_for("a push of the first worker", || peer.pushes(200).into_iter().next());
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    let second = wait_for("another worker", || Some(agent.worker()).filter(|worker| *worker != first));
    wait_for("a push of the second worker", || (peer.pushes(200).len() == 2).then_some(()));
    agent.kill();
    // without its supervisor a worker ends by itself; init or we are the ones who notice
    wait_for("the worker to follow", || {
        let status = std::fs::read_to_string(format!("/proc/{second}/stat")).unwrap_or_default();
        (status.is_empty() || status.contains(") Z ")).then_some(())
    });
}

#[test]
fn a_second_agent_on_the_same_spool_is_refused_and_a_stopped_one_is_quick() {
    let peer = Peer::start(503);
    let configured = reporting_to(&peer.url(), "");
    let agent = Running::start(&configured);
    wait_for("a push that was refused", || peer.pushes(503).first().cloned());
    let second = configured.run("run", &[]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("in use by another agent"));
    let asked = std::time::Instant::now();
    assert_eq!(agent.stop(), Some(0), "also while the daemon is away");
    assert!(asked.elapsed().as_secs() < 10, "took {:?}", asked.elapsed());
}

#[test]
fn a_batch_that_is_never_taken_is_set_aside_and_the_next_one_goes() {
    let peer = Peer::start(400);
    let configured = reporting_to(&peer.url(), "");
    let agent = Running::start(&configured);
    let refused = wait_for("a push that was refused", || peer.pushes(400).first().cloned());
    wait_for("the batch to be set aside", || {
        let aside = configured.folder.path().join("spool/00000000000000000001.refused");
        aside.exists().then_some(())
    });
    peer.status.store(200, Ordering::SeqCst);
    let next = wait_for("the next push", || peer.pushes(200).first().cloned());
    assert_ne!(key(&next), key(&refused));
    assert_eq!(peer.pushes(400).len(), 1, "it was not tried again");
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn a_revoked_token_is_said_and_collecting_goes_on() {
    let peer = Peer::start(401);
    let configured = reporting_to(&peer.url(), "");
    let agent = Running::start(&configured);
    wait_for("a push that was refused", || peer.pushes(401).first().cloned());
    let said = wait_for("a line in the log", || {
        let log = std::fs::read_to_string(configured.folder.path().join("log")).ok()?;
        log.contains("token_revoked").then_some(log)
    });
    assert!(said.contains("refuses this agent: the token was revoked"), "{said}");
    assert!(!said.contains("long") && !said.contains("short"), "no token is said: {said}");
    assert_eq!(spooled(&configured), 1);
    assert_eq!(agent.stop(), Some(0));
    assert_eq!(spooled(&configured), 1, "nothing is lost by stopping");
}
