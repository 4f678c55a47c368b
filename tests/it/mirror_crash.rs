//! Daemon and mirror are killed at random under load: in the end the mirror holds exactly what the daemon holds, the
//! documents, the registry and the audit log.
//!
//! The short form has eight kills, `PGANALYTICS_SOAK=1` two hundred; each round kills one of the two or both. Backlogs
//! of several rounds meet, as all is compared after every tenth only. A run prints its seed; `PGANALYTICS_SEED` takes
//! it again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pganalytics::clock::Clock;
use reqwest::Method;
use serde_json::json;

use crate::support::appliance::{ADMIN, Appliance, now};
use crate::support::client::Client;
use crate::support::mirrored::{
    assert_mirrored, assert_registry, assert_trail, held, settings, status, wait_until_mirrored,
};
use crate::support::postgres::Postgres;
use crate::support::random::Random;
use crate::support::wait_for;

const SITE: &str = "hamburg";
const SENDERS: usize = 3;
/// Rounds between two comparisons.
const COMPARED: u32 = 10;

/// Pushes until it is told to stop, or the daemon is gone.
fn load(client: &Client, token: &str, name: &str, stop: &AtomicBool, pushed: &AtomicU64) {
    let bearer = format!("Bearer {token}");
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let key = format!("{name}-{number}");
        // some pushes lie in two hours, as after an outage
        let earlier = Clock::System.now().minus(Duration::from_secs(3600) * (1 + number % 40));
        let timestamp = if number % 10 == 0 { earlier.to_string() } else { now() };
        let document = json!({"type": "probe", "timestamp": now(), "key": key});
        let documents = [document, json!({"type": "probe", "timestamp": timestamp, "late": key})];
        let body = json!({"metrics": documents}).to_string().into_bytes();
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", key.as_str())];
        let Ok(reply) = client.try_send(Method::POST, "/api/v1/metrics/push", &headers, body) else { return };
        if reply.status == 200 {
            assert_eq!(reply.body["metrics_inserted"], 2, "{}", reply.text);
            pushed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Changes the registry until it is told to stop, or the daemon is gone.
fn configure(client: &Client, admin: &str, collector: &str, stop: &AtomicBool, changed: &AtomicU64) {
    let bearer = format!("Bearer {admin}");
    let path = format!("/api/v1/collectors/{collector}/update-config");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    while !stop.load(Ordering::SeqCst) {
        let interval = 10 + changed.load(Ordering::SeqCst) % 3000;
        let body = json!({"collection_interval": interval}).to_string().into_bytes();
        if client.try_send(Method::POST, &path, &headers, body).is_err() {
            return;
        }
        changed.fetch_add(1, Ordering::SeqCst);
        thread::park_timeout(Duration::from_millis(50));
    }
}

/// What is killed, and what was done to it.
struct Killed {
    appliance: Appliance,
    postgres: Postgres,
    admin: String,
    collectors: Vec<(String, String)>,
    pushed: AtomicU64,
    changed: AtomicU64,
}

impl Killed {
    fn start() -> Self {
        let postgres = Postgres::start();
        let mut appliance = Appliance::prepare();
        appliance.set_config(Some(&settings(&postgres, SITE)));
        appliance.restart();
        appliance.set_up();
        let admin = appliance.login(ADMIN);
        let collectors =
            (0..SENDERS).map(|number| appliance.collector(&admin, &format!("db-{number}"))).collect();
        Self { appliance, postgres, admin, collectors, pushed: AtomicU64::new(0), changed: AtomicU64::new(0) }
    }

    /// A round of load with its kills; says how many there were.
    fn round(&mut self, round: u32, random: &mut Random) -> u32 {
        let Self { appliance, postgres, admin, collectors, pushed, changed } = self;
        // a mirror that is not there yet would have nothing to lose
        wait_for("the mirror to be connected", || {
            (status(appliance, admin)["connected"] == true).then_some(())
        });
        let victims = random.below(3);
        let (ends_daemon, ends_mirror) = (victims != 1, victims != 0);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let stop = &stop;
            for (number, (_, token)) in collectors.iter().enumerate() {
                let (client, name) = (appliance.client.another(), format!("r{round}-s{number}"));
                let pushed = &*pushed;
                scope.spawn(move || load(&client, token, &name, stop, pushed));
            }
            let (client, admin, changed) = (appliance.client.another(), &*admin, &*changed);
            let collector = collectors[round as usize % SENDERS].0.as_str();
            scope.spawn(move || configure(&client, admin, collector, stop, changed));
            // the moments of the kills are the point of the test, and no condition that could be waited for
            thread::park_timeout(Duration::from_millis(random.below(900)));
            if ends_mirror {
                postgres.crash();
                thread::park_timeout(Duration::from_millis(random.below(600)));
            }
            if ends_daemon {
                appliance.kill();
            }
            stop.store(true, Ordering::SeqCst);
            if ends_mirror {
                postgres.restart();
            }
        });
        if ends_daemon {
            appliance.restart();
        }
        u32::from(ends_daemon) + u32::from(ends_mirror)
    }

    fn compare(&self) {
        let Self { appliance, postgres, admin, collectors, .. } = self;
        wait_until_mirrored(appliance, admin);
        for (collector, _) in collectors {
            assert_mirrored(appliance, admin, postgres, SITE, collector);
        }
        assert_registry(appliance, admin, postgres);
    }
}

#[test]
fn the_mirror_holds_what_the_daemon_holds_after_kills_of_both() {
    let most = if std::env::var_os("PGANALYTICS_SOAK").is_some() { 200 } else { 8 };
    let mut random = Random::seeded();
    let mut killed = Killed::start();
    let begun = Instant::now();
    let (mut kills, mut rounds) = (0, 0);
    while kills < most {
        kills += killed.round(rounds, &mut random);
        rounds += 1;
        if rounds % COMPARED == 0 {
            killed.compare();
        }
    }
    killed.compare();
    let Killed { appliance, postgres, admin, collectors, pushed, changed } = &killed;
    assert_trail(appliance, admin, postgres);
    let documents: usize =
        collectors.iter().map(|(collector, _)| held(appliance, admin, collector).len()).sum();
    let (pushed, changed) = (pushed.load(Ordering::SeqCst), changed.load(Ordering::SeqCst));
    println!(
        "{kills} kills in {rounds} rounds and {} s: {pushed} pushes, {documents} documents, {changed} changes",
        begun.elapsed().as_secs()
    );
    assert!(documents as u64 >= 2 * pushed && pushed > u64::from(rounds), "{documents} of {pushed} pushes");
    assert!(changed > u64::from(rounds) / 2, "the registry was changed: {changed}");
}
