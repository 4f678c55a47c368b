//! The whole daemon with 1,000 collectors that beat and push, and a dashboard open: how long its answers take, and
//! what it needs for that.
//!
//! Each collector beats every 10 s and pushes 1,000 numbers a minute, all of them spread evenly. Meanwhile one client
//! follows every event, first alone, as a dashboard does that nobody touches, and then beside one that asks what the
//! dashboard asks, one call after the other. The goals: every kind of call below 100 ms at the 99th percentile, the
//! daemon below a quarter of a core. Then queries over all collectors
//! take the place of the dashboard, one behind the other without a pause: what a push waits for must not grow by them.
//! It takes four minutes. `-- SECONDS` measures the dashboard for as long as that, and not for one minute.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on has nothing to say, and it says it on standard output"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::join;
use pganalytics::clock::Clock;
use procfs::process::Process;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const COLLECTORS: u32 = 1000;
const BEAT: Duration = Duration::from_secs(10);
const PUSH: Duration = Duration::from_secs(60);
/// Numbers of one push.
const NUMBERS: u32 = 1000;
/// Every collector has pushed before anything is measured.
const WARM_UP: Duration = PUSH;
const MEASURED: Duration = Duration::from_secs(60);
/// Between two calls of the measured client.
const PAUSE: Duration = Duration::from_millis(10);
/// Requests of the agents that are under way at once, at most: a connection each.
const CONNECTIONS: usize = 64;
const PASSWORD: &str = "a password of the bench";

/// Pushes that the daemon told to come later.
static LATER: AtomicUsize = AtomicUsize::new(0);
/// How long pushes took since this was emptied.
static PUSHES: Mutex<Vec<Duration>> = Mutex::new(Vec::new());

/// A daemon on a folder of its own, which ends with this.
struct Daemon {
    process: Child,
    url: String,
    folder: tempfile::TempDir,
}

impl Daemon {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pganalytics"));
        command.arg("serve").env("PGANALYTICS_DATA_DIR", folder.path().join("data"));
        command.env("PGANALYTICS_LISTEN", "127.0.0.1:0").env("PGANALYTICS_TLS", "off");
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = lines.into_iter().find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        Self { process, url: url.expect("a daemon that listens"), folder }
    }

    fn setup_code(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("data/setup-code")).unwrap().trim().to_owned()
    }

    /// Seconds of processor time so far, and bytes in memory now.
    fn figures(&self) -> (f64, u64) {
        let process = Process::new(self.process.id().cast_signed()).unwrap();
        let stat = process.stat().unwrap();
        let ticks = u32::try_from(stat.utime + stat.stime).unwrap();
        let a_second = u32::try_from(procfs::ticks_per_second()).unwrap();
        (f64::from(ticks) / f64::from(a_second), stat.rss * procfs::page_size())
    }

    /// Waits for some work, and says how much of a core the daemon took meanwhile, in percent.
    async fn share<T>(&self, work: impl Future<Output = T>) -> (T, f64) {
        let ((before, _), started) = (self.figures(), Instant::now());
        let done = work.await;
        (done, (self.figures().0 - before) / started.elapsed().as_secs_f64() * 100.0)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Somebody who calls the daemon.
#[derive(Clone)]
struct Caller {
    http: Client,
    url: String,
    token: String,
}

impl Caller {
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let mut request = self.http.request(method.clone(), format!("{}/api/v1{path}", self.url));
        request = request.bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let status = response.status();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    /// As an agent does: what is told to come later comes later.
    async fn push(&self, body: &Value) {
        loop {
            let started = Instant::now();
            let (status, reply) = self.call(Method::POST, "/metrics/push", Some(body)).await;
            match status {
                StatusCode::OK => return PUSHES.lock().unwrap().push(started.elapsed()),
                StatusCode::SERVICE_UNAVAILABLE => {
                    LATER.fetch_add(1, Ordering::Relaxed);
                    sleep(PUSH / 30).await;
                }
                _ => panic!("a push was answered {status} {reply}"),
            }
        }
    }

    async fn good(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let (status, reply) = self.call(method.clone(), path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {reply}");
        reply
    }
}

/// An administrator, and the ids and tokens of the collectors.
async fn set_up(daemon: &Daemon) -> (Caller, Vec<(String, String)>) {
    let http = Client::builder().no_proxy().pool_max_idle_per_host(CONNECTIONS).build().unwrap();
    let mut admin = Caller { http, url: daemon.url.clone(), token: String::new() };
    let user = json!({"code": daemon.setup_code(), "username": "ada", "password": PASSWORD});
    admin.good(Method::POST, "/setup", Some(&user)).await;
    let login = json!({"username": "ada", "password": PASSWORD});
    let signed_in = admin.good(Method::POST, "/auth/login", Some(&login)).await;
    signed_in["token"].as_str().unwrap().clone_into(&mut admin.token);
    let row = |number: u32| {
        json!({"name": format!("db-{number}"), "host": "db.example", "port": 5432, "database": "app",
            "username": "watcher", "password": "x", "env": "production", "collection_interval": 10})
    };
    let started = Instant::now();
    let rows: Vec<Value> = (0..COLLECTORS).map(row).collect();
    let body = json!({"collectors": rows});
    let imported = admin.good(Method::POST, "/collectors/bulk-import", Some(&body)).await;
    println!("imported {COLLECTORS} collectors in {:.1} s", started.elapsed().as_secs_f64());
    let text = |row: &Value, member: &str| row[member].as_str().unwrap().to_owned();
    let results = imported["results"].as_array().unwrap();
    let known = results.iter().map(|row| (text(row, "collector_id"), text(row, "jwt_token")));
    (admin, known.collect())
}

fn push(number: u32) -> Value {
    let tables: Vec<Value> = (0..NUMBERS / 5)
        .map(|table| {
            json!({"schema": "public", "name": format!("table_{table}"), "live_tuples": table * number,
                "dead_tuples": number, "size_bytes": 8192 * table, "vacuum_count": 1, "autovacuum_count": 2})
        })
        .collect();
    let document = json!({"type": "pg_stats", "timestamp": Clock::System.now(), "database": "app",
        "tables": tables});
    json!({"metrics": [document]})
}

/// One collector, until it is dropped: its place in each period is its own.
async fn beat(agent: Caller, id: String, number: u32) {
    let heartbeat = format!("/collectors/{id}/heartbeat");
    sleep(BEAT * number / COLLECTORS).await;
    let pushes_from = tokio::time::Instant::now() + PUSH * number / COLLECTORS;
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let pushing = async {
        sleep_until(pushes_from).await;
        let mut pushes = interval(PUSH);
        loop {
            pushes.tick().await;
            agent.push(&push(number)).await;
        }
    };
    let beating = async {
        loop {
            beats.tick().await;
            let body = json!({"timestamp": Clock::System.now(), "status": "active", "cpu_usage": 7.5,
                "memory_usage": 40.0, "collection_time_ms": 35.0, "collections_ok": 1});
            agent.good(Method::POST, &heartbeat, Some(&body)).await;
        }
    };
    join(pushing, beating).await;
}

/// Follows all events, as an open dashboard does. Returns how many came.
async fn follow(admin: &Caller, time: Duration) -> usize {
    let url = format!("{}/api/v1/ws", admin.url.replace("http://", "ws://"));
    let mut request = url.into_client_request().unwrap();
    let bearer = format!("Bearer {}", admin.token);
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    let stream = tokio::net::TcpStream::connect(admin.url.trim_start_matches("http://")).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let subscribe = json!({"action": "subscribe", "collector_id": "*", "batch": true});
    futures_util::SinkExt::send(&mut socket, Message::text(subscribe.to_string())).await.unwrap();
    let mut events = 0;
    let counting = async {
        while let Some(Ok(message)) = socket.next().await {
            let Ok(message) = serde_json::from_slice::<Value>(&message.into_data()) else { continue };
            events += message["events"].as_array().map_or(0, Vec::len);
        }
    };
    let _ = timeout(time, counting).await;
    events
}

/// What the dashboard asks, with a change among it.
fn calls(ids: &[(String, String)], round: usize) -> Vec<(&'static str, Method, String, Option<Value>)> {
    let id = &ids[round % ids.len()].0;
    let get = |name, path: String| (name, Method::GET, path, None);
    let words = json!({"description": format!("round {round}")});
    vec![
        get("all 1,000 collectors", "/collectors?limit=1000".to_owned()),
        get("a page of collectors", "/collectors".to_owned()),
        get("a search", "/collectors?search=db-5&status=online&sort=last_heartbeat&order=desc".to_owned()),
        get("one collector", format!("/collectors/{id}")),
        get("its health", format!("/collectors/{id}/health")),
        get("its own figures", format!("/collectors/{id}/metrics")),
        get("a series of 200 tables", format!("/collectors/{id}/metrics?match=pg_stats.tables.live_tuples")),
        get("its activity", format!("/collectors/{id}/audit")),
        get("the groups", "/groups".to_owned()),
        get("the audit log", "/audit?limit=100".to_owned()),
        ("a change", Method::PUT, format!("/collectors/{id}"), Some(words)),
    ]
}

/// Bytes that the metrics take on the disk.
async fn stored_bytes(admin: &Caller) -> f64 {
    let storage = &admin.good(Method::GET, "/system", None).await["storage"];
    storage["hot_bytes"].as_f64().unwrap() + storage["segments"]["bytes"].as_f64().unwrap()
}

async fn measure(
    admin: &Caller,
    ids: &[(String, String)],
    time: Duration,
) -> BTreeMap<&'static str, Vec<Duration>> {
    let mut taken: BTreeMap<&'static str, Vec<Duration>> = BTreeMap::new();
    let until = Instant::now() + time;
    for round in 0.. {
        for (name, method, path, body) in calls(ids, round) {
            if Instant::now() > until {
                return taken;
            }
            let started = Instant::now();
            admin.good(method, &path, body.as_ref()).await;
            taken.entry(name).or_default().push(started.elapsed());
            sleep(PAUSE).await;
        }
    }
    taken
}

/// Queries over all collectors, and what each reads.
const QUERIES: [(&str, &str); 4] = [
    ("200,000 series, counted", "count(pg_stats_tables_live_tuples)"),
    (
        "1,000 series, their rates",
        "sum by (collector) (rate(pg_stats_tables_vacuum_count{name=\"table_7\"}[5m]))",
    ),
    (
        "50,000 series, the largest",
        "topk(10, max_over_time(pg_stats_tables_size_bytes{name=~\"table_.[0-4]\"}[5m]))",
    ),
    ("one series of all", "pg_stats_tables_live_tuples{collector=\"db-7\",name=\"table_7\"}"),
];

/// Asks over the last ten minutes, in steps of half a minute.
async fn query(admin: &Caller) -> BTreeMap<&'static str, Vec<Duration>> {
    let mut taken: BTreeMap<&'static str, Vec<Duration>> = BTreeMap::new();
    let until = Instant::now() + MEASURED;
    loop {
        for (name, query) in QUERIES {
            let end = Clock::System.now().as_millis() / 1000;
            let (start, end) = ((end - 600).to_string(), end.to_string());
            let params =
                [("query", query), ("start", &start), ("end", &end), ("step", "30"), ("nocache", "1")];
            let url = format!("{}/prometheus/api/v1/query_range", admin.url);
            let url = reqwest::Url::parse_with_params(&url, params).unwrap();
            let started = Instant::now();
            let reply = admin.http.get(url).bearer_auth(&admin.token).send().await.unwrap();
            let (status, text) = (reply.status(), reply.text().await.unwrap());
            assert!(status.is_success(), "{query}: {status} {text}");
            taken.entry(name).or_default().push(started.elapsed());
            if Instant::now() > until {
                return taken;
            }
        }
    }
}

/// What pushes took since the last time.
fn print_pushes(meanwhile: &str) {
    let mut times = std::mem::take(&mut *PUSHES.lock().unwrap());
    times.sort_unstable();
    let [p50, p99] = [50, 99].map(|percent| percentile(&times, percent));
    println!("{} pushes while {meanwhile}: p50 {p50:.1} ms, p99 {p99:.1} ms", times.len());
}

/// The value that `percent` of the sorted ones do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let place = (sorted.len() * percent).div_ceil(100).clamp(1, sorted.len());
    sorted[place - 1].as_secs_f64() * 1000.0
}

fn print(mut taken: BTreeMap<&'static str, Vec<Duration>>) {
    let all = taken.values().flatten().copied().collect();
    taken.insert("~ all of them", all);
    println!("{:<24}{:>8}{:>10}{:>10}{:>10}", "call", "calls", "p50 ms", "p99 ms", "max ms");
    for (name, mut times) in taken {
        times.sort_unstable();
        let [p50, p99, most] = [50, 99, 100].map(|percent| percentile(&times, percent));
        let over = if p99 < 100.0 { "" } else { "   over the goal of 100 ms" };
        println!("{name:<24}{:>8}{p50:>10.1}{p99:>10.1}{most:>10.1}{over}", times.len());
    }
}

async fn run(time: Duration) {
    let daemon = Daemon::start();
    let (admin, ids) = set_up(&daemon).await;
    let mut agents = Vec::new();
    for (number, (id, token)) in (0..).zip(&ids) {
        let mut agent = Caller { token: token.clone(), ..admin.clone() };
        let issued = agent.good(Method::POST, "/collectors/refresh-token", Some(&json!({}))).await;
        issued["token"].as_str().unwrap().clone_into(&mut agent.token);
        agents.push(tokio::spawn(beat(agent, id.clone(), number)));
    }
    sleep(WARM_UP + BEAT).await;
    PUSHES.lock().unwrap().clear();
    let (events, of_a_core) = daemon.share(follow(&admin, MEASURED)).await;
    println!("{events} events followed, and nothing asked; daemon: {of_a_core:.1} % of a core");
    let (started, stored) = (Instant::now(), stored_bytes(&admin).await);
    let both = join(measure(&admin, &ids, time), follow(&admin, time));
    let ((taken, events), of_a_core) = daemon.share(both).await;
    let memory = daemon.figures().1;
    let a_minute = (stored_bytes(&admin).await - stored) / started.elapsed().as_secs_f64() * 60.0;
    print(taken);
    println!("on the disk: {:.1} MiB more a minute", a_minute / 1024.0 / 1024.0);
    println!("{events} events followed; daemon: {of_a_core:.1} % of a core, {} MiB in memory", memory >> 20);
    print_pushes("the dashboard is open");
    print(query(&admin).await);
    print_pushes("queries run");
    println!("daemon: {} MiB in memory", daemon.figures().1 >> 20);
    let status = admin.good(Method::GET, "/collectors?limit=1", None).await;
    println!(
        "{} pushes were told to come later; fleet: {}",
        LATER.load(Ordering::Relaxed),
        status["summary"]
    );
    assert!(agents.iter().all(|agent| !agent.is_finished()), "an agent was refused");
}

fn main() {
    let seconds = std::env::args().find_map(|argument| argument.parse().ok());
    let time = seconds.map_or(MEASURED, Duration::from_secs);
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(time));
}
