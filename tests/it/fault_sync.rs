//! A disk that fails: after a sync that returned an error nothing is acknowledged, the daemon ends, and the next
//! start has everything that was acknowledged before.
//!
//! `support/faultio.c` is put before the C library and fails the n-th sync of one file and all after it. n goes
//! from 1 up, until everything that the daemon was asked for was done without meeting the failure.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::support::appliance::{Appliance, now};
use crate::support::{shim, wait_for};

/// More syncs than the daemon needs for what it is asked here.
const MOST_SYNCS: u32 = 80;
const REQUESTS: u32 = 3;

/// What a daemon is asked for, and what must be there when it was acknowledged.
struct Scenario {
    appliance: Appliance,
    admin: String,
    collector: String,
    token: String,
    acknowledged: Vec<String>,
}

#[derive(Clone, Copy)]
enum Work {
    Pushes,
    Groups,
}

impl Scenario {
    fn new() -> Self {
        let (mut appliance, admin) = Appliance::with_admin();
        let (collector, token) = appliance.collector(&admin, "db-1");
        assert_eq!(appliance.stop(), Some(0));
        Self { appliance, admin, collector, token, acknowledged: Vec::new() }
    }

    /// Asks once, and tells the status of the answer, if there was one.
    fn ask(&self, work: Work, name: &str) -> Option<u16> {
        let (path, token, body) = match work {
            Work::Pushes => {
                let document = json!({"type": "probe", "timestamp": now(), "name": name});
                ("/api/v1/metrics/push", &self.token, json!({"metrics": [document]}))
            }
            Work::Groups => ("/api/v1/groups", &self.admin, json!({"name": name, "color": "#112233"})),
        };
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", name),
        ];
        let sent =
            self.appliance.client.try_send(Method::POST, path, &headers, body.to_string().into_bytes());
        sent.ok().map(|reply| reply.status)
    }

    /// Runs a daemon whose n-th sync fails. True when nothing failed.
    fn meets_no_failure(&mut self, work: Work, file: &str, n: u32) -> bool {
        let (number, shim) = (n.to_string(), shim::of("faultio.c"));
        self.appliance.set_environment(&[
            ("LD_PRELOAD", &shim),
            ("FAULT_PATH", file),
            ("FAULT_SYNC_N", &number),
        ]);
        let before = self.appliance.said().len();
        if !self.appliance.try_restart() {
            let said = self.appliance.said()[before..].to_owned();
            assert_eq!(self.appliance.wait(), Some(1), "n = {n}: {said}");
            assert!(!said.contains("panicked"), "n = {n}: {said}");
            return false;
        }
        for request in 0..REQUESTS {
            let name = format!("{file}-{n}-{request}");
            match self.ask(work, &name) {
                Some(200 | 201) => self.acknowledged.push(name),
                answer => {
                    let failed = Instant::now();
                    assert!(matches!(answer, None | Some(500 | 503)), "n = {n}: answered {answer:?}");
                    for late in 0..20 {
                        let answer = self.ask(work, &format!("late-{n}-{late}"));
                        assert!(
                            !matches!(answer, Some(200 | 201)),
                            "n = {n}: acknowledged after a failed sync"
                        );
                    }
                    self.ends_with_1(n, failed);
                    return false;
                }
            }
        }
        let asked = Instant::now();
        // a background job may have met it
        let ended = self.appliance.has_ended();
        let status = if ended { self.appliance.wait() } else { self.appliance.stop() };
        assert!(asked.elapsed() < Duration::from_secs(10));
        status == Some(0)
    }

    fn ends_with_1(&mut self, n: u32, failed: Instant) {
        wait_for("the daemon to end", || self.appliance.has_ended().then_some(()));
        assert!(failed.elapsed() < Duration::from_secs(2), "n = {n}: took {:?}", failed.elapsed());
        let said = self.appliance.said();
        assert_eq!(self.appliance.wait(), Some(1), "n = {n}: {said}");
        assert!(said.contains("a write failed with unknown outcome"), "n = {n}: {said}");
    }

    fn everything_acknowledged_is_there(&mut self, work: Work, n: u32) {
        self.appliance.set_environment(&[]);
        self.appliance.restart();
        let found: Vec<String> = match work {
            Work::Pushes => {
                let documents = self.appliance.documents(&self.admin, &self.collector, "probe");
                documents.iter().map(|found| found["document"]["name"].as_str().unwrap().to_owned()).collect()
            }
            Work::Groups => {
                let groups = self.appliance.client.get("/api/v1/groups", Some(&self.admin));
                let groups = groups.body["groups"].as_array().unwrap().clone();
                groups.iter().map(|group| group["name"].as_str().unwrap().to_owned()).collect()
            }
        };
        for name in &self.acknowledged {
            assert_eq!(
                found.iter().filter(|found| *found == name).count(),
                1,
                "n = {n}: {name} is lost or doubled"
            );
        }
        let verified = self.appliance.client.get("/api/v1/audit/verify", Some(&self.admin));
        assert_eq!(verified.body["verified"], true, "n = {n}: {}", verified.text);
        assert_eq!(self.appliance.stop(), Some(0));
    }
}

fn every_sync_fails_once(work: Work, file: &str) {
    let mut scenario = Scenario::new();
    for n in 1..=MOST_SYNCS {
        if scenario.meets_no_failure(work, file, n) {
            assert!(n > REQUESTS, "{n}: the shim failed nothing");
            let acknowledged = usize::try_from(REQUESTS).unwrap();
            assert!(scenario.acknowledged.len() >= acknowledged);
            scenario.everything_acknowledged_is_there(work, n);
            return;
        }
        scenario.everything_acknowledged_is_there(work, n);
    }
    panic!("the daemon synced {file} more than {MOST_SYNCS} times");
}

#[test]
fn a_failed_sync_of_the_metrics_ends_the_daemon_and_loses_nothing() {
    every_sync_fails_once(Work::Pushes, "hot.redb");
}

#[test]
fn a_failed_sync_of_the_registrys_log_ends_the_daemon_and_loses_nothing() {
    every_sync_fails_once(Work::Groups, "registry.sqlite-wal");
}

#[test]
fn a_failed_sync_of_the_registry_itself_ends_the_daemon_and_loses_nothing() {
    every_sync_fails_once(Work::Groups, "data/registry.sqlite");
}
