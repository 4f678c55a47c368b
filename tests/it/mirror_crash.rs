//! Daemon and mirror are killed at random under load: in the end the mirror holds exactly what the daemon holds.
//!
//! The short form has six rounds, `PGANALYTICS_SOAK=1` a hundred and fifty; each kills one of them or both. A run prints its
//! seed; `PGANALYTICS_SEED` takes it again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::appliance::{ADMIN, Appliance, now};
use crate::support::client::Client;
use crate::support::mirrored::{assert_mirrored, held, settings, wait_until_mirrored};
use crate::support::postgres::Postgres;
use crate::support::random::Random;

const SITE: &str = "hamburg";
const SENDERS: usize = 3;

/// Pushes until it is told to stop, or the daemon is gone.
fn load(client: &Client, token: &str, name: &str, stop: &AtomicBool, pushed: &AtomicU64) {
    let bearer = format!("Bearer {token}");
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let key = format!("{name}-{number}");
        // some pushes lie in two hours, as after an outage
        let earlier = format!("2026-{:02}-01T00:59:59.000Z", 1 + number % 2);
        let timestamp = if number % 10 == 0 { earlier } else { now() };
        let document = |part: u64| json!({"type": "probe", "timestamp": now(), "key": key, "part": part});
        let documents = [document(0), json!({"type": "probe", "timestamp": timestamp, "late": key})];
        let body = json!({"metrics": documents}).to_string().into_bytes();
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", key.as_str())];
        if client.try_send(Method::POST, "/api/v1/metrics/push", &headers, body).is_err() {
            return;
        }
        pushed.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_mirror_holds_what_the_daemon_holds_after_kills_of_both() {
    let rounds = if std::env::var_os("PGANALYTICS_SOAK").is_some() { 150 } else { 6 };
    let mut random = Random::seeded();
    let mut postgres = Postgres::start();
    let mut appliance = Appliance::prepare();
    appliance.set_config(Some(&settings(&postgres, SITE)));
    appliance.restart();
    appliance.set_up();
    let admin = appliance.login(ADMIN);
    let collectors: Vec<_> =
        (0..SENDERS).map(|number| appliance.collector(&admin, &format!("db-{number}"))).collect();
    let pushed = AtomicU64::new(0);
    for round in 0..rounds {
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for (number, (_, token)) in collectors.iter().enumerate() {
                let (client, name) = (appliance.client.another(), format!("r{round}-s{number}"));
                let (stop, pushed) = (&stop, &pushed);
                scope.spawn(move || load(&client, token, &name, stop, pushed));
            }
            // the moments of the kills are the point of the test, and no condition that could be waited for
            thread::park_timeout(Duration::from_millis(500 + random.below(2500)));
            let victims = random.below(3);
            if victims != 1 {
                postgres.crash();
                thread::park_timeout(Duration::from_millis(random.below(1500)));
            }
            if victims != 0 {
                appliance.kill();
            }
            stop.store(true, Ordering::SeqCst);
            if victims != 1 {
                postgres.restart();
            }
        });
        if appliance.has_ended() {
            appliance.restart();
        }
        wait_until_mirrored(&appliance, &admin);
        for (collector, _) in &collectors {
            assert_mirrored(&appliance, &admin, &postgres, SITE, collector);
        }
    }
    let documents: usize =
        collectors.iter().map(|(collector, _)| held(&appliance, &admin, collector).len()).sum();
    println!("{rounds} rounds, {} pushes, {documents} documents", pushed.load(Ordering::SeqCst));
    assert!(documents > rounds * 10, "there was a load: {documents} documents");
}
