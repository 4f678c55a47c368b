//! The laws of a fleet, under random operations and random kills of the daemon and of its agents: each action comes
//! to an end, the registry and the agents stand at the same place, each item of an operation is done once, and the
//! audit log is whole.
//!
//! The short form has 40 agents and 20 seconds, `PGANALYTICS_SOAK=1` 200 agents and five minutes. A run prints its
//! seed; `PGANALYTICS_SEED` takes it again.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use pganalytics::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::support::appliance::Appliance;
use crate::support::random::Random;
use crate::support::simulated::Simulated;

/// Seconds that a command of the run may wait for its agent: short, so that many expire.
const EXPIRES: u64 = 3;
/// After the last disturbance everything has come to an end by then: commands have expired, agents have come back.
const SETTLED: Duration = Duration::from_secs(90);

struct Laws {
    appliance: Appliance,
    ada: String,
    runtime: Runtime,
    agents: Vec<Simulated>,
    random: Random,
    asked: u64,
    /// Operations that were thought of.
    changes: u64,
    cancels: u64,
    kills: u64,
}

impl Laws {
    fn start(count: usize) -> Self {
        let random = Random::seeded();
        let (mut appliance, ada) = Appliance::with_admin();
        let agents = (0..count)
            .map(|number| Simulated::new(appliance.collector(&ada, &format!("db-{number}"))))
            .collect();
        // agents know one address
        let address = appliance.client.address().to_owned();
        appliance.set_environment(&[("PGANALYTICS_LISTEN", &address)]);
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { appliance, ada, runtime, agents, random, asked: 0, changes: 0, cancels: 0, kills: 0 }
    }

    fn start_agents(&mut self) {
        let url = self.appliance.client.url().to_owned();
        for agent in self.agents.iter_mut().filter(|agent| !agent.is_running()) {
            agent.start(&self.runtime, &url, &mut self.random);
        }
    }

    /// One random disturbance.
    fn disturb(&mut self) {
        match self.random.below(20) {
            0 => {
                let away = Duration::from_millis(self.random.below(300));
                self.kill_daemon(away);
            }
            1 => self.kill_daemon_in_the_middle(),
            2..=5 => {
                let agent = self.any();
                self.agents[agent].kill();
            }
            6 | 7 => self.start_agents(),
            8 | 9 => self.cancel_one(),
            _ => {
                let body = self.operation();
                let reply = self.call(Method::POST, "/collectors/bulk-action", &body);
                assert_eq!(reply.0, 202, "{}", reply.1);
                self.asked += 1;
            }
        }
    }

    fn any(&mut self) -> usize {
        let count = self.agents.len() as u64;
        usize::try_from(self.random.below(count)).unwrap()
    }

    fn kill_daemon(&mut self, away: Duration) {
        self.appliance.kill();
        // how long the daemon is away is part of the test, and no condition that could be waited for
        thread::park_timeout(away);
        self.appliance.restart();
        self.kills += 1;
    }

    /// Asks for an operation or cancels one, and kills the daemon before or while or after it does it.
    fn kill_daemon_in_the_middle(&mut self) {
        let newest = self.get("/operations?limit=1")["operations"][0]["id"].clone();
        let (method, path, body) = match newest.as_str() {
            Some(id) if self.random.below(3) == 0 => {
                (Method::DELETE, format!("/api/v1/operations/{id}"), Vec::new())
            }
            _ => {
                let body = self.operation().to_string().into_bytes();
                (Method::POST, "/api/v1/collectors/bulk-action".to_owned(), body)
            }
        };
        let (client, bearer) = (self.appliance.client.another(), format!("Bearer {}", self.ada));
        let pause = Duration::from_millis(self.random.below(60));
        thread::scope(|scope| {
            scope.spawn(move || {
                let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
                // there may be no answer
                let _ = client.try_send(method, &path, &headers, body);
            });
            thread::park_timeout(pause);
            self.appliance.kill();
        });
        self.appliance.restart();
        self.kills += 1;
    }

    fn operation(&mut self) -> Value {
        let size = 1 + self.random.below(self.agents.len() as u64);
        let chosen: Vec<usize> = (0..size).map(|_| self.any()).collect();
        let timing = json!({"expires_in_seconds": 1 + self.random.below(EXPIRES)});
        // a change that changes nothing makes no version: each says something that none said before
        self.changes += 1;
        let (tag, before) = (format!("t{}", self.changes), format!("t{}", self.changes - 1));
        let (action, params) = match self.random.below(10) {
            0..=2 => ("restart", timing),
            3..=5 => ("stop", timing),
            6..=8 => ("resume", timing),
            _ if self.random.below(2) == 0 => ("update-tags", json!({"add": [tag], "remove": [before]})),
            _ => ("update-config", json!({"query_limit": 100 + self.changes})),
        };
        let ids: Vec<&str> = chosen.iter().map(|agent| self.agents[*agent].id.as_str()).collect();
        let mut body = json!({"action": action, "collector_ids": ids, "params": params, "reason": "a try"});
        if self.random.below(4) == 0 {
            let ahead = Duration::from_millis(self.random.below(3000));
            body["schedule_at"] = json!(Clock::System.now().plus(ahead));
        }
        body
    }

    /// Cancels one of the newest operations, which may be over.
    fn cancel_one(&mut self) {
        let newest = self.get("/operations?limit=5");
        let newest = newest["operations"].as_array().unwrap();
        if newest.is_empty() {
            return;
        }
        let one = &newest[usize::try_from(self.random.below(newest.len() as u64)).unwrap()];
        let path = format!("/operations/{}", one["id"].as_str().unwrap());
        let (status, reply) = self.call(Method::DELETE, &path, &json!({}));
        assert!(matches!(status, 200 | 409), "{status} {reply}");
        self.cancels += u64::from(status == 200);
    }

    fn call(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let path = format!("/api/v1{path}");
        let reply = self.appliance.client.call(method, &path, Some(&self.ada), Some(body));
        (reply.status, reply.body)
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let reply = self.appliance.client.get(&format!("/api/v1{path}"), Some(&self.ada));
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.body
    }

    /// All operations with their results.
    fn operations(&self) -> Vec<Value> {
        let mut operations = Vec::new();
        for page in 1.. {
            let list = self.get(&format!("/operations?limit=500&page={page}"));
            let list = list["operations"].as_array().unwrap();
            if list.is_empty() {
                break;
            }
            let whole = |it: &Value| self.get(&format!("/operations/{}", it["id"].as_str().unwrap()));
            operations.extend(list.iter().map(whole));
        }
        operations
    }

    /// What still differs between the registry and the agents.
    fn differences(&self) -> Vec<String> {
        let open = self.get("/operations?state=scheduled&state=running")["total"].as_u64().unwrap();
        let mut differences = Vec::new();
        if open > 0 {
            differences.push(format!("{open} operations are open"));
        }
        let collectors = self.get("/collectors?limit=5000");
        let collectors: BTreeMap<&str, &Value> = collectors["collectors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|collector| (collector["id"].as_str().unwrap(), collector))
            .collect();
        for agent in &self.agents {
            let journal = agent.journal.lock().unwrap();
            let (collector, wanted) = (collectors[agent.id.as_str()], journal.stopped);
            let (state, status) = (&collector["state"], &collector["status"]);
            let agrees = (state == "stopped") == wanted
                && (status == "stopped") == wanted
                && status != "restarting"
                && status != "stopping";
            if !agrees || !journal.is_settled() {
                let stands = if wanted { "stopped" } else { "running" };
                differences.push(format!("{}: {state} and {status}, and its agent is {stands}", agent.id));
            }
        }
        differences
    }

    /// Waits until nothing is under way and both sides agree.
    fn settle(&mut self) {
        self.start_agents();
        let deadline = Instant::now() + SETTLED;
        loop {
            let differences = self.differences();
            if differences.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "after {SETTLED:?}: {differences:#?}");
            thread::park_timeout(Duration::from_millis(200));
        }
    }

    fn check(&self) {
        let mut configured: BTreeMap<String, u64> = BTreeMap::new();
        for operation in self.operations() {
            check_operation(&operation);
            if operation["action"].as_str().unwrap().starts_with("update-") {
                let results = operation["results"].as_array().unwrap();
                for done in results.iter().filter(|result| result["status"] == "completed") {
                    *configured.entry(done["collector_id"].as_str().unwrap().to_owned()).or_default() += 1;
                }
            }
        }
        for agent in &self.agents {
            let collector = self.get(&format!("/collectors/{}", agent.id));
            let changes = configured.get(&agent.id).copied().unwrap_or_default();
            assert_eq!(collector["config_version"], 1 + changes, "each change is made once: {collector}");
            let restarts = agent.journal.lock().unwrap().restarts;
            assert!(collector["restart_count"].as_u64().unwrap() <= restarts, "{collector}");
            let actions = self.get(&format!("/collectors/{}/actions?limit=1000", agent.id));
            for action in actions["actions"].as_array().unwrap() {
                assert!(action["completed_at"].is_string(), "an action has not ended: {action}");
            }
        }
        assert_eq!(self.get("/audit/verify")["verified"], true);
    }
}

fn check_operation(operation: &Value) {
    let number = |member: &str| operation[member].as_u64().unwrap();
    let results = operation["results"].as_array().unwrap();
    let count = |status: &str| results.iter().filter(|result| result["status"] == status).count() as u64;
    assert_eq!(number("total"), results.len() as u64, "{operation}");
    assert_eq!(number("done"), count("completed"), "{operation}");
    assert_eq!(number("failed"), count("failed") + count("expired"), "{operation}");
    assert_eq!(number("cancelled"), count("cancelled"), "{operation}");
    assert_eq!(number("done") + number("failed") + number("cancelled"), number("total"), "{operation}");
    assert!(operation["completed_at"].is_string(), "{operation}");
}

#[test]
fn every_action_ends_and_both_sides_agree_whatever_is_killed() {
    let (agents, seconds) =
        if std::env::var_os("PGANALYTICS_SOAK").is_some() { (200, 300) } else { (40, 20) };
    let mut laws = Laws::start(agents);
    laws.start_agents();
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        laws.disturb();
        // the pace of the disturbances is part of the test, and no condition that could be waited for
        let pause = Duration::from_millis(laws.random.below(200));
        thread::park_timeout(pause);
    }
    laws.settle();
    laws.check();
    let Laws { asked, cancels, kills, .. } = laws;
    println!("{agents} agents, {asked} operations, {cancels} cancelled, {kills} kills of the daemon");
    assert!(asked > 10 && kills > 0, "there were disturbances");
    assert_eq!(laws.appliance.stop(), Some(0));
    assert_eq!(laws.appliance.run(&["audit", "verify"], "").status.code(), Some(0));
}
