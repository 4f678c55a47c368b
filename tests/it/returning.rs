//! A fleet that was cut off comes back all at once: it is spread and served. Live pushes are quick again soon, nobody
//! is answered an error but "later" with a time, and every document of the backlog arrives once.
//!
//! The short form has 60 agents, `PGANALYTICS_SOAK=1` a thousand with an hour of backlog.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::support::appliance::Appliance;

/// What a run is made of.
#[derive(Clone, Copy)]
struct Size {
    agents: u64,
    /// Batches that wait in each spool.
    backlog: u64,
    documents_per_batch: u64,
    /// From when on live pushes have to be quick, and for how long they are watched.
    settling: Duration,
    watched: Duration,
    live_interval: Duration,
}

const SHORT: Size = Size {
    agents: 60,
    backlog: 10,
    documents_per_batch: 5,
    settling: Duration::from_secs(5),
    watched: Duration::from_secs(5),
    live_interval: Duration::from_secs(1),
};

const LONG: Size = Size {
    agents: 1000,
    backlog: 60,
    documents_per_batch: 12,
    settling: Duration::from_secs(60),
    watched: Duration::from_secs(60),
    live_interval: Duration::from_secs(10),
};

const LIVE_P99: Duration = Duration::from_secs(2);

/// What all agents write down.
#[derive(Default)]
struct Notes {
    /// When a live push was begun, counted from the return of the fleet, and how long it took to be taken, with
    /// all that it had to wait for.
    live: Vec<(Duration, Duration)>,
    told_to_wait: u64,
    /// Answers that must not be.
    bad: Vec<String>,
}

#[derive(Clone)]
struct Agent {
    url: String,
    http: reqwest::Client,
    token: String,
    number: u64,
    size: Size,
    returned: Instant,
    notes: Arc<Mutex<Notes>>,
}

impl Agent {
    /// Comes back, and sends its newest first and its backlog beside it, as agents do.
    async fn run(self) {
        let backlog = async {
            for batch in 0..self.size.backlog {
                let minutes = self.size.backlog - batch;
                let took = self.push(&format!("old-{batch}"), minutes).await;
                // at half speed
                tokio::time::sleep(took).await;
            }
        };
        let live = async {
            let mut number = 0;
            while self.returned.elapsed() < self.size.settling + self.size.watched {
                let begun = self.returned.elapsed();
                self.push(&format!("live-{number}"), 0).await;
                let took = self.returned.elapsed().saturating_sub(begun);
                self.notes.lock().unwrap().live.push((begun, took));
                number += 1;
                tokio::time::sleep(self.size.live_interval.saturating_sub(took)).await;
            }
        };
        tokio::join!(backlog, live);
    }

    /// Pushes until it is taken. Returns how long the push that was taken took.
    async fn push(&self, name: &str, minutes_ago: u64) -> Duration {
        let then = pganalytics::clock::Clock::System.now().minus(Duration::from_secs(60 * minutes_ago));
        let document = |number| json!({"type": "load", "timestamp": then, "name": name, "n": number});
        let documents: Vec<Value> = (0..self.size.documents_per_batch).map(document).collect();
        let body = json!({"metrics": documents}).to_string();
        let key = format!("{}-{name}", self.number);
        for attempt in 1_u32.. {
            let begun = Instant::now();
            let request = self.http.post(format!("{}/api/v1/metrics/push", self.url));
            let urgency = if minutes_ago == 0 { "u=3" } else { "u=6" };
            let request = request.bearer_auth(&self.token).header("idempotency-key", &key);
            let request = request.header("priority", urgency);
            let answer = request.header("content-type", "application/json").body(body.clone()).send().await;
            let (status, retry_after) = match &answer {
                Ok(answer) => (answer.status().as_u16(), answer.headers().get("retry-after").cloned()),
                Err(_) => (0, None),
            };
            let asked = retry_after.and_then(|seconds| seconds.to_str().ok()?.parse::<u64>().ok());
            match (status, asked) {
                (200, _) => return begun.elapsed(),
                // on a crowded machine a connection may have waited for longer than a request may take to begin
                (408, _) => {}
                (429 | 503, Some(seconds)) => {
                    self.notes.lock().unwrap().told_to_wait += 1;
                    let jitter =
                        Duration::from_millis((self.number * 7919 + u64::from(attempt) * 104_729) % 1000);
                    tokio::time::sleep(Duration::from_secs(seconds) + jitter).await;
                }
                _ => {
                    self.notes.lock().unwrap().bad.push(format!("{status} {asked:?} {answer:?}"));
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
        unreachable!("it pushes without end")
    }
}

#[test]
fn a_fleet_that_returns_at_once_is_spread_and_served() {
    let size = if std::env::var_os("PGANALYTICS_SOAK").is_some() { LONG } else { SHORT };
    let (appliance, ada) = Appliance::with_admin();
    let tokens: Vec<String> =
        (0..size.agents).map(|number| appliance.collector(&ada, &format!("db-{number}")).1).collect();
    let notes = Arc::new(Mutex::new(Notes::default()));
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let returned = Instant::now();
    runtime.block_on(async {
        let agents = tokens.into_iter().zip(0..).map(|(token, number)| Agent {
            url: appliance.client.url().to_owned(),
            http: reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap(),
            token,
            number,
            size,
            returned,
            notes: Arc::clone(&notes),
        });
        let running: Vec<_> = agents.map(|agent| tokio::spawn(agent.run())).collect();
        for agent in running {
            agent.await.unwrap();
        }
    });
    let notes = notes.lock().unwrap();
    let mut settled: Vec<Duration> =
        notes.live.iter().filter(|(begun, _)| *begun >= size.settling).map(|(_, took)| *took).collect();
    settled.sort();
    let p99 = settled[settled.len() * 99 / 100];
    println!(
        "{} agents: all backlog after {:?}, {} told to wait, live p99 {p99:?} of {}",
        size.agents,
        returned.elapsed(),
        notes.told_to_wait,
        settled.len()
    );
    assert_eq!(notes.bad, Vec::<String>::new());
    assert!(p99 < LIVE_P99, "{p99:?}");
    let sent = (size.agents * size.backlog + notes.live.len() as u64) * size.documents_per_batch;
    let list = appliance.client.get("/api/v1/collectors?limit=1", Some(&ada));
    assert_eq!(list.body["summary"]["metrics_collected"], sent, "each document once");
}
