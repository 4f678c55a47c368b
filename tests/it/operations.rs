//! Operations on many collectors with the real daemon and real agents: one of them away, the daemon restarted before
//! its time, and killed in the middle.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use pganalytics::clock::Clock;
use serde_json::{Value, json};

use crate::support::agent::{Configured, Running, write};
use crate::support::appliance::Appliance;
use crate::support::client::{Client, Socket};
use crate::support::random::Random;
use crate::support::wait_for;

const BULK: &str = "/api/v1/collectors/bulk-action";

/// A daemon, its administrator, and collectors.
struct Many {
    appliance: Appliance,
    ada: String,
    /// Ids and tokens.
    collectors: Vec<(String, String)>,
}

impl Many {
    fn start(count: usize) -> Self {
        let (appliance, ada) = Appliance::with_admin();
        let collectors =
            (0..count).map(|number| appliance.collector(&ada, &format!("db-{number}"))).collect();
        Self { appliance, ada, collectors }
    }

    fn body(&self, action: &str, more: &Value) -> Value {
        let ids: Vec<&str> = self.collectors.iter().map(|(id, _)| id.as_str()).collect();
        let mut body = json!({"action": action, "collector_ids": ids});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    /// Asks for an operation on all of them and gives its id.
    #[track_caller]
    fn asked(&self, action: &str, more: &Value) -> String {
        let reply = self.appliance.client.post(BULK, Some(&self.ada), &self.body(action, more));
        assert_eq!((reply.status, &reply.body["success"]), (202, &json!(true)), "{}", reply.text);
        reply.string("operation_id")
    }

    fn get(&self, path: &str) -> Value {
        self.appliance.client.get(path, Some(&self.ada)).body
    }

    fn operation(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/operations/{id}"))
    }

    #[track_caller]
    fn over(&self, id: &str) -> Value {
        wait_for("the operation to be over", || {
            Some(self.operation(id)).filter(|operation| !operation["completed_at"].is_null())
        })
    }

    /// An agent for one of the collectors, not started.
    fn agent(&self, number: usize) -> Configured {
        let (id, token) = &self.collectors[number];
        let configured = Configured::with("");
        let (url, folder) = (self.appliance.client.url(), configured.folder.path().display());
        write(&configured.folder.path().join("token"), token);
        let text = format!(
            "[collector]\nid = \"{id}\"\ntoken_file = \"{folder}/token\"\ninterval = 10\nheartbeat_interval = 1\n\
             stop_grace = 2\n[backend]\nurl = \"{url}\"\n[spool]\ndirectory = \"{folder}/spool\"\n"
        );
        write(&configured.file, &text);
        configured
    }

    fn is_verified(&self) -> bool {
        self.get("/api/v1/audit/verify")["verified"] == true
    }
}

#[test]
fn a_restart_of_three_agents_ends_for_two_and_expires_for_the_one_that_is_away() {
    let many = Many::start(3);
    let configured: Vec<Configured> = (0..2).map(|number| many.agent(number)).collect();
    let agents: Vec<Running> = configured.iter().map(Running::start).collect();
    let workers: Vec<i32> = agents.iter().map(Running::worker).collect();
    for (id, _) in &many.collectors[..2] {
        wait_for("a heartbeat", || {
            many.get(&format!("/api/v1/collectors/{id}"))["last_heartbeat"].is_string().then_some(())
        });
    }
    let bearer = format!("Bearer {}", many.ada);
    let headers = [("authorization", bearer.as_str())];
    let mut socket = Socket::open(many.appliance.client.address(), "/api/v1/ws", &headers).unwrap();
    socket.say(&json!({"action": "subscribe", "collector_id": "*"}));
    socket.say(&json!({"action": "ping"}));
    socket.hear_until("the pong", |message| message["type"] == "pong");

    let id = many.asked("restart", &json!({"reason": "a try", "params": {"expires_in_seconds": 3}}));
    let over = many.over(&id);
    assert_eq!(
        [&over["state"], &over["total"], &over["done"], &over["failed"]],
        [&json!("completed"), &json!(3), &json!(2), &json!(1)],
        "{over}"
    );
    let statuses: Vec<&str> =
        over["results"].as_array().unwrap().iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["completed", "completed", "expired"]);
    assert!(over["results"][2]["error"].as_str().unwrap().contains("did not begin"), "{over}");
    let last = socket.hear_until("the last of the progress", |message| {
        message["type"] == "operation:progress" && message["data"]["state"] == "completed"
    });
    let expected =
        json!({"operation_id": id, "state": "completed", "total": 3, "done": 2, "failed": 1, "cancelled": 0});
    assert_eq!(last["data"], expected);
    for (agent, worker) in agents.iter().zip(workers) {
        assert_ne!(agent.worker(), worker, "it has another worker");
    }
    let away = many.get(&format!("/api/v1/collectors/{}", many.collectors[2].0));
    assert_eq!((&away["status"], &away["restart_count"]), (&json!("pending"), &json!(0)));
}

#[test]
fn a_schedule_survives_a_restart_and_a_kill_of_the_daemon() {
    let mut many = Many::start(2);
    let at = |seconds| Clock::System.now().plus(Duration::from_secs(seconds));
    let tags = json!({"add": ["scheduled"]});
    let soon = many.asked("update-tags", &json!({"schedule_at": at(2), "params": tags}));
    let later = many.asked("update-tags", &json!({"schedule_at": at(3600), "params": tags}));
    assert_eq!(many.appliance.stop(), Some(0));
    many.appliance.restart();
    assert_eq!(many.operation(&later)["state"], "scheduled");
    many.appliance.kill();
    // what came due while no daemon ran begins late
    let due = at(2);
    wait_for("the time", || (Clock::System.now() >= due).then_some(()));
    many.appliance.restart();
    let over = many.over(&soon);
    assert_eq!((&over["state"], &over["done"]), (&json!("completed"), &json!(2)), "{over}");
    let collector = many.get(&format!("/api/v1/collectors/{}", many.collectors[0].0));
    assert_eq!((&collector["tags"], &collector["config_version"]), (&json!(["scheduled"]), &json!(2)));
    assert_eq!(many.operation(&later)["state"], "scheduled");
}

/// How many entries of an action each collector has in the audit log.
fn entries(many: &Many, action: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = many.get(&format!("/api/v1/audit?action={action}&limit=1000{cursor}"));
        for entry in page["entries"].as_array().unwrap() {
            *found.entry(entry["target"]["id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

/// Asks for an operation on another thread, and kills the daemon when so many of its items are done.
fn ask_and_kill(many: &mut Many, body: &Value, done: u64) {
    let client: Client = many.appliance.client.another();
    let bearer = format!("Bearer {}", many.ada);
    let body = body.to_string().into_bytes();
    thread::scope(|scope| {
        scope.spawn(move || {
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            // the answer, if there is one, is not what this is about
            let _ = client.try_send(reqwest::Method::POST, BULK, &headers, body);
        });
        wait_for("the middle of the operation", || {
            let newest = &many.get("/api/v1/operations?limit=1")["operations"][0];
            (newest["state"] == "running" && newest["done"].as_u64()? >= done).then_some(())
        });
        many.appliance.kill();
    });
}

/// A thousand collectors get a tag each round, and each round the daemon is killed at another place.
#[test]
fn a_daemon_that_is_killed_in_the_middle_of_an_operation_does_each_item_once() {
    let count = 1000;
    let mut random = Random::seeded();
    let mut many = Many::start(count);
    let (rounds, mut interrupted) = (3, 0);
    for round in 0..rounds {
        let body = many.body("update-tags", &json!({"params": {"add": [format!("round-{round}")]}}));
        ask_and_kill(&mut many, &body, 1 + random.below(900));
        many.appliance.restart();
        let newest = many.get("/api/v1/operations?limit=1")["operations"][0].clone();
        interrupted += u64::from(newest["state"] == "running");
        let over = many.over(newest["id"].as_str().unwrap());
        assert_eq!((&over["state"], &over["done"]), (&json!("completed"), &json!(count)));
    }
    assert!(interrupted > 0, "a kill came in the middle");
    let collectors = many.get("/api/v1/collectors?limit=5000");
    for collector in collectors["collectors"].as_array().unwrap() {
        assert_eq!(collector["tags"], json!(["round-0", "round-1", "round-2"]));
        assert_eq!(collector["config_version"], rounds + 1, "{collector}");
    }
    let written = entries(&many, "collector.update-config");
    assert_eq!(written.len(), count);
    assert!(written.values().all(|times| *times == rounds), "each item has one entry");
    assert!(many.is_verified());
}
