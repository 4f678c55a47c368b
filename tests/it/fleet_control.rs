//! Stop, resume and restart, from the administrator's request to the worker's process and back, with the real
//! daemon, the real agent and a real PostgreSQL; and what is left when one of them is killed in the middle.

use std::collections::BTreeSet;
use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::agent::{Configured, Running, write};
use crate::support::appliance::Appliance;
use crate::support::client::Reply;
use crate::support::postgres::Postgres;
use crate::support::wait_for;

/// Heartbeats so often that a test can wait for several.
const OFTEN: &str = "heartbeat_interval = 1\n";

/// A daemon, its administrator, and an agent that collects every ten seconds.
struct Fleet {
    appliance: Appliance,
    ada: String,
    id: String,
    configured: Configured,
}

impl Fleet {
    /// `collector` is more of the section of that name, `more` is more of the file.
    fn start(collector: &str, more: &str) -> Self {
        let (appliance, ada) = Appliance::with_admin();
        let (id, token) = appliance.collector(&ada, "orders");
        let configured = Configured::with("");
        write(&configured.folder.path().join("token"), &token);
        let fleet = Self { appliance, ada, id, configured };
        fleet.configure(collector, more);
        fleet
    }

    fn configure(&self, collector: &str, more: &str) {
        let (id, url, folder) =
            (&self.id, self.appliance.client.url(), self.configured.folder.path().display());
        write(
            &self.configured.file,
            &format!(
                "[collector]\nid = \"{id}\"\ntoken_file = \"{folder}/token\"\ninterval = 10\nstop_grace = 2\n\
                 {collector}[backend]\nurl = \"{url}\"\n[spool]\ndirectory = \"{folder}/spool\"\n{more}"
            ),
        );
    }

    fn ask(&self, what: &str, body: &Value) -> Reply {
        let path = format!("/api/v1/collectors/{}/{what}", self.id);
        self.appliance.client.post(&path, Some(&self.ada), body)
    }

    /// Asks for an action and gives its id.
    #[track_caller]
    fn asked(&self, what: &str, body: &Value) -> String {
        let reply = self.ask(what, body);
        assert_eq!(reply.status, 202, "{}", reply.text);
        reply.string("action_id")
    }

    fn action(&self, id: &str) -> Value {
        self.appliance.client.get(&format!("/api/v1/actions/{id}"), Some(&self.ada)).body
    }

    /// Waits until an action is over.
    #[track_caller]
    fn over(&self, id: &str) -> Value {
        wait_for("the action to be over", || {
            Some(self.action(id)).filter(|action| !action["completed_at"].is_null())
        })
    }

    #[track_caller]
    fn done(&self, what: &str) -> Value {
        let action = self.over(&self.asked(what, &json!({})));
        assert_eq!(action["status"], "completed", "{action}");
        action
    }

    fn collector(&self) -> Value {
        self.appliance.client.get(&format!("/api/v1/collectors/{}", self.id), Some(&self.ada)).body
    }

    /// Waits until the agent works; on a busy machine its collections may be slow.
    #[track_caller]
    fn works(&self) {
        wait_for("the agent to work", || {
            let status = self.collector()["status"].clone();
            (status == "online" || status == "slow").then_some(())
        });
    }

    #[track_caller]
    fn status(&self, wanted: &str) {
        wait_for(wanted, || (self.collector()["status"] == wanted).then_some(()));
    }

    fn documents(&self, kind: &str) -> usize {
        self.appliance.documents(&self.ada, &self.id, kind).len()
    }

    fn last_heartbeat(&self) -> String {
        self.collector()["last_heartbeat"].as_str().unwrap_or_default().to_owned()
    }

    /// The agent's log of this run.
    fn log(&self) -> String {
        fs::read_to_string(self.configured.folder.path().join("log")).unwrap()
    }
}

fn children(agent: &Running) -> BTreeSet<i32> {
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", agent.id())).unwrap();
    children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

#[test]
fn a_stop_ends_the_worker_while_heartbeats_go_on_and_a_resume_brings_documents_back() {
    let postgres = Postgres::start();
    let port = postgres.port();
    let postgres = format!(
        "[postgres]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"postgres\"\ndatabases = \"postgres\"\n"
    );
    let fleet = Fleet::start(OFTEN, &postgres);
    let agent = Running::start(&fleet.configured);
    let worker = agent.worker();
    wait_for("documents", || (fleet.documents("pg_stats") > 0).then_some(()));
    fleet.works();

    let action =
        fleet.over(&fleet.asked("stop", &json!({"reason": "new disks", "estimated_duration_minutes": 5})));
    assert_eq!(action["status"], "completed", "{action}");
    assert!(action["detail"].as_str().unwrap().contains("stopped"), "{action}");
    assert!(children(&agent).is_empty(), "the worker has ended");
    assert!(!fs::exists(format!("/proc/{worker}")).unwrap());
    assert!(fleet.log().contains("SIGTERM"), "{}", fleet.log());
    let collector = fleet.collector();
    assert_eq!((&collector["state"], &collector["status"]), (&json!("stopped"), &json!("stopped")));
    assert_eq!(collector["stop_reason"], "new disks");
    assert!(collector["stopped_until"].is_string());

    let (documents, beat) = (fleet.documents("pg_stats"), fleet.last_heartbeat());
    let beats = || {
        let last = fleet.last_heartbeat();
        (last > beat).then_some(last)
    };
    let second = wait_for("a heartbeat of the stopped agent", beats);
    wait_for("another one", || (fleet.last_heartbeat() > second).then_some(()));
    assert_eq!(fleet.documents("pg_stats"), documents, "nothing is collected");

    fleet.done("resume");
    assert_ne!(agent.worker(), worker);
    fleet.works();
    wait_for("documents again", || (fleet.documents("pg_stats") > documents).then_some(()));
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn a_restart_gives_the_agent_another_worker_at_once() {
    let fleet = Fleet::start("", "");
    let agent = Running::start(&fleet.configured);
    let worker = agent.worker();
    fleet.works();
    let asked = std::time::Instant::now();
    fleet.done("restart");
    // the next heartbeat is ten seconds away: the channel brought the command
    assert!(asked.elapsed().as_secs() < 6, "took {:?}", asked.elapsed());
    assert_ne!(agent.worker(), worker);
    assert_eq!(children(&agent).len(), 1);
    let collector = fleet.collector();
    assert_eq!((&collector["restart_count"], &collector["state"]), (&json!(1), &json!("running")));
    assert!(collector["last_restart_at"].is_string());
}

#[test]
fn a_worker_that_will_not_end_is_killed_and_the_steps_are_reported() {
    let fleet = Fleet::start(OFTEN, "");
    let agent = Running::start(&fleet.configured);
    let worker = agent.worker();
    fleet.works();
    // a stopped process does not see SIGTERM
    kill(Pid::from_raw(worker), Signal::SIGSTOP).unwrap();
    let id = fleet.asked("stop", &json!({}));
    wait_for("the first step", || {
        let action = fleet.action(&id);
        let detail = action["detail"].as_str()?;
        (action["status"] == "in_progress" && detail.contains("SIGTERM")).then_some(())
    });
    assert_eq!(fleet.collector()["status"], "stopping");
    let action = fleet.over(&id);
    assert_eq!(action["status"], "completed", "{action}");
    assert!(action["detail"].as_str().unwrap().contains("SIGKILL"), "{action}");
    assert!(children(&agent).is_empty());
    assert!(fleet.log().contains("SIGKILL"));
}

#[test]
fn an_agent_that_was_away_does_what_has_not_expired_and_stays_stopped_when_it_starts_again() {
    let fleet = Fleet::start(OFTEN, "");
    let late = fleet.asked("restart", &json!({"expires_in_seconds": 1}));
    assert_eq!(fleet.collector()["status"], "restarting");
    assert_eq!(fleet.over(&late)["status"], "expired");
    let waiting = fleet.asked("stop", &json!({}));
    assert_eq!(fleet.collector()["status"], "stopping");
    assert_eq!(fleet.action(&waiting)["status"], "pending");

    let agent = Running::start(&fleet.configured);
    assert_eq!(fleet.over(&waiting)["status"], "completed");
    assert_eq!(fleet.collector()["restart_count"], 0, "what had expired was not done");
    assert!(children(&agent).is_empty());
    agent.kill();
    let before = fleet.last_heartbeat();
    let agent = Running::start(&fleet.configured);
    wait_for("a heartbeat", || (fleet.last_heartbeat() > before).then_some(()));
    assert!(children(&agent).is_empty(), "it remembers that it is stopped");
    assert_eq!(fleet.collector()["status"], "stopped");
    fleet.done("resume");
    agent.worker();
}

#[test]
fn an_agent_that_is_killed_in_the_middle_of_a_stop_finishes_it() {
    let fleet = Fleet::start(OFTEN, "");
    let agent = Running::start(&fleet.configured);
    let worker = agent.worker();
    fleet.works();
    kill(Pid::from_raw(worker), Signal::SIGSTOP).unwrap();
    let id = fleet.asked("stop", &json!({}));
    wait_for("the stop to begin", || (fleet.action(&id)["status"] == "in_progress").then_some(()));
    agent.kill();
    kill(Pid::from_raw(worker), Signal::SIGKILL).unwrap();
    let agent = Running::start(&fleet.configured);
    assert_eq!(fleet.over(&id)["status"], "completed");
    assert!(children(&agent).is_empty());
    assert_eq!(fleet.collector()["state"], "stopped");
}

#[test]
fn a_daemon_that_is_killed_in_the_middle_hears_of_the_end_when_it_is_back() {
    let mut fleet = Fleet::start(OFTEN, "");
    let agent = Running::start(&fleet.configured);
    let worker = agent.worker();
    fleet.works();
    kill(Pid::from_raw(worker), Signal::SIGSTOP).unwrap();
    let id = fleet.asked("stop", &json!({}));
    wait_for("the stop to begin", || (fleet.action(&id)["status"] == "in_progress").then_some(()));
    fleet.appliance.kill();
    wait_for("the worker's end", || children(&agent).is_empty().then_some(()));

    let address = fleet.appliance.client.address().to_owned();
    fleet.appliance.set_environment(&[("PGANALYTICS_LISTEN", &address)]);
    fleet.appliance.restart();
    assert_eq!(fleet.over(&id)["status"], "completed");
    fleet.status("stopped");
    fleet.done("resume");
}

#[test]
fn a_command_that_expired_while_the_daemon_was_dead_is_over_when_it_is_back() {
    let mut fleet = Fleet::start(OFTEN, "");
    let id = fleet.asked("stop", &json!({"expires_in_seconds": 1}));
    fleet.appliance.kill();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(1);
    wait_for("the command to expire", || (std::time::Instant::now() > deadline).then_some(()));
    fleet.appliance.restart();
    assert_eq!(fleet.action(&id)["status"], "expired", "at the first look");
    assert_eq!(fleet.collector()["status"], "pending");
    let path = format!("/api/v1/collectors/{}/audit", fleet.id);
    let audit = fleet.appliance.client.get(&path, Some(&fleet.ada)).body;
    let newest = &audit["entries"][0];
    assert_eq!((&newest["action"], &newest["result"]), (&json!("collector.stop"), &json!("failure")));
}

#[test]
fn a_new_configuration_is_applied_at_once_and_one_that_makes_no_sense_is_refused() {
    let fleet = Fleet::start("", "");
    let agent = Running::start(&fleet.configured);
    let worker = agent.worker();
    wait_for("documents", || (fleet.documents("disk_usage") > 0).then_some(()));
    let body = json!({"collection_interval": 11, "enabled_types": ["sysstat"], "log_level": "debug"});
    let changed = fleet.ask("update-config", &body);
    assert_eq!(changed.status, 200, "{}", changed.text);
    let applied = |version: u64| {
        wait_for("the version", || {
            let collector = fleet.collector();
            (collector["applied_config_version"] == version).then_some(collector)
        })
    };
    assert_eq!(applied(2)["config_error"], Value::Null);
    assert_ne!(agent.worker(), worker, "a new worker collects as it says");
    let (before, disk) = (fleet.documents("sysstat"), fleet.documents("disk_usage"));
    wait_for("documents", || (fleet.documents("sysstat") > before).then_some(()));
    assert_eq!(fleet.documents("disk_usage"), disk, "what is not enabled is not collected");

    let worker = agent.worker();
    fleet.ask("update-config", &json!({"enabled_types": ["pg_nonsense"]}));
    let refused = wait_for("the refusal", || {
        Some(fleet.collector()).filter(|collector| collector["config_error"].is_string())
    });
    assert!(refused["config_error"].as_str().unwrap().contains("names nothing"), "{refused}");
    assert_eq!((&refused["config_version"], &refused["applied_config_version"]), (&json!(3), &json!(2)));
    assert_eq!(agent.worker(), worker, "the last good one stays");

    agent.kill();
    let agent = Running::start(&fleet.configured);
    let before = fleet.last_heartbeat();
    wait_for("a heartbeat", || (fleet.last_heartbeat() > before).then_some(()));
    applied(2);
    assert!(!children(&agent).is_empty());
}

#[test]
fn a_token_is_rotated_without_a_gap() {
    let fleet = Fleet::start(OFTEN, "");
    let agent = Running::start(&fleet.configured);
    fleet.works();
    let rotated = fleet.ask("restart-jwt", &json!({"grace_seconds": 3600}));
    let token = rotated.string("new_jwt_token");
    let path = fleet.configured.folder.path().join("token");
    wait_for("the new token", || (fs::read_to_string(&path).unwrap() == token).then_some(()));
    // without a grace the old token would be dead at once: another rotation shows that nothing hangs on it
    let again = fleet.ask("restart-jwt", &json!({"grace_seconds": 1})).string("new_jwt_token");
    wait_for("the newest token", || (fs::read_to_string(&path).unwrap() == again).then_some(()));
    let refresh = |token: &str| {
        fleet.appliance.client.post("/api/v1/collectors/refresh-token", Some(token), &json!({})).status
    };
    wait_for("the end of the old one", || (refresh(&token) == 401).then_some(()));
    let before = fleet.last_heartbeat();
    wait_for("heartbeats with the new one", || (fleet.last_heartbeat() > before).then_some(()));
    assert!(!fleet.log().contains(&again) && !fleet.appliance.said().contains(&again), "no token is said");
    assert_eq!(agent.stop(), Some(0));
}
