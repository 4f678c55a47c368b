//! Agents by the hundred: tasks that speak to a real daemon as the agent's program does, without its processes.
//!
//! Like the program, each keeps a journal that survives it: a command is begun once, an outcome is reported until
//! it was heard, and the wish to be stopped stays.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pganalytics::clock::{Clock, Timestamp};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::random::Random;

/// Between two heartbeats: so often that a run of seconds has many.
const BEAT_MS: u64 = 700;

/// What an agent has on its disk.
#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) stopped: bool,
    /// Restarts that were done.
    pub(crate) restarts: u64,
    commands: BTreeMap<String, Known>,
}

struct Known {
    kind: String,
    /// `None` while it is being done.
    outcome: Option<&'static str>,
    is_heard: bool,
}

pub(crate) struct Simulated {
    pub(crate) id: String,
    token: String,
    pub(crate) journal: Arc<Mutex<Journal>>,
    running: Option<JoinHandle<()>>,
}

impl Simulated {
    pub(crate) fn new((id, token): (String, String)) -> Self {
        Self { id, token, journal: Arc::default(), running: None }
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub(crate) fn start(&mut self, runtime: &Runtime, url: &str, random: &mut Random) {
        self.journal.lock().unwrap().reopen();
        let agent = Agent {
            url: format!("{url}/api/v1/collectors/{}", self.id),
            token: self.token.clone(),
            http: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap(),
            journal: Arc::clone(&self.journal),
            random: random.another(),
        };
        self.running = Some(runtime.spawn(agent.live()));
    }

    /// What a power cut would do.
    pub(crate) fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Journal {
    /// What was begun when the agent was killed has come true with its start.
    fn reopen(&mut self) {
        for known in self.commands.values_mut().filter(|known| known.outcome.is_none()) {
            known.outcome = Some("completed");
            self.restarts += u64::from(known.kind == "restart");
        }
    }

    /// Notes that a command is begun; false when it is known, and then its outcome is due again.
    fn begin(&mut self, id: &str, kind: &str) -> bool {
        if let Some(known) = self.commands.get_mut(id) {
            known.is_heard = false;
            return false;
        }
        let known = Known { kind: kind.to_owned(), outcome: None, is_heard: false };
        self.commands.insert(id.to_owned(), known);
        match kind {
            "stop" => self.stopped = true,
            "resume" => self.stopped = false,
            _ => {}
        }
        true
    }

    fn end(&mut self, id: &str, outcome: &'static str) {
        let known = self.commands.get_mut(id).unwrap();
        known.outcome = Some(outcome);
        self.restarts += u64::from(known.kind == "restart" && outcome == "completed");
    }

    fn unheard(&self) -> Option<(String, &'static str)> {
        let mut unheard = self.commands.iter().filter(|(_, known)| !known.is_heard);
        unheard.find_map(|(id, known)| Some((id.clone(), known.outcome?)))
    }

    /// Whether nothing is left to be done or to be told.
    pub(crate) fn is_settled(&self) -> bool {
        self.commands.values().all(|known| known.is_heard)
    }
}

/// A running agent.
struct Agent {
    url: String,
    token: String,
    http: reqwest::Client,
    journal: Arc<Mutex<Journal>>,
    random: Random,
}

impl Agent {
    async fn live(mut self) {
        loop {
            for command in self.beat().await {
                self.obey(&command).await;
            }
            self.report().await;
            self.pause(BEAT_MS).await;
        }
    }

    async fn post(&self, path: &str, body: &Value) -> Option<(StatusCode, Value)> {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(body);
        let response = request.send().await.ok()?;
        Some((response.status(), response.json().await.unwrap_or_default()))
    }

    /// The commands that a heartbeat brings; none while the daemon is away.
    async fn beat(&self) -> Vec<Value> {
        let status = if self.journal.lock().unwrap().stopped { "stopped" } else { "active" };
        let body = json!({"timestamp": Clock::System.now(), "status": status});
        match self.post("/heartbeat", &body).await {
            Some((StatusCode::OK, reply)) => reply["commands"].as_array().cloned().unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    async fn obey(&mut self, command: &Value) {
        let (id, kind) = (command["id"].as_str().unwrap(), command["kind"].as_str().unwrap());
        let expires_at: Timestamp = command["expires_at"].as_str().unwrap().parse().unwrap();
        if expires_at <= Clock::System.now() || !self.journal.lock().unwrap().begin(id, kind) {
            return;
        }
        if self.random.below(2) == 0 {
            self.post(&format!("/commands/{id}/result"), &json!({"status": "in_progress"})).await;
        }
        // the worker takes its time, in which the agent may be killed
        self.pause(100).await;
        let fails = kind == "restart" && self.random.below(8) == 0;
        self.journal.lock().unwrap().end(id, if fails { "failed" } else { "completed" });
    }

    /// Tells what became of commands, until it is heard.
    async fn report(&self) {
        loop {
            let Some((id, outcome)) = self.journal.lock().unwrap().unheard() else { return };
            let told = self.post(&format!("/commands/{id}/result"), &json!({"status": outcome})).await;
            match told {
                Some((StatusCode::OK | StatusCode::CONFLICT, _)) => {
                    self.journal.lock().unwrap().commands.get_mut(&id).unwrap().is_heard = true;
                }
                // at the next heartbeat again
                _ => return,
            }
        }
    }

    /// An agent's own pace, half of it by chance.
    async fn pause(&mut self, most_ms: u64) {
        let pause = Duration::from_millis(most_ms / 2 + self.random.below(most_ms / 2));
        tokio::time::sleep(pause).await;
    }
}
