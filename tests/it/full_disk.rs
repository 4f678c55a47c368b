//! A disk that is full, on a small file system of its own: pushes are told 507, reading and signing in go on, and when
//! there is room again, pushes are taken within ten seconds by the same process.
//!
//! Where nobody may mount a file system, there is nothing to test.

use std::time::{Duration, Instant};

use pganalytics::clock::Clock;
use serde_json::{Value, json};

use crate::support::appliance::{ADMIN, Appliance, PASSWORD};
use crate::support::small_disk::{MIB, Small};
use crate::support::wait_for;

fn push(appliance: &Appliance, token: &str, key: &str, age: Duration) -> u16 {
    let at = Clock::System.now().minus(age);
    let document = json!({"type": "probe", "timestamp": at, "key": key});
    let reply = appliance.client.push(token, key, &[document]);
    if reply.status == 507 {
        assert_eq!(reply.problem(), (507, "storage_full"));
        assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
    }
    reply.status
}

fn job(appliance: &Appliance, admin: &str, name: &str) -> Value {
    let jobs = appliance.client.get("/api/v1/jobs", Some(admin));
    let jobs = jobs.body["jobs"].as_array().unwrap().clone();
    jobs.into_iter().find(|job| job["name"] == name).unwrap()
}

/// Waits until what goes on in the background has met the disk as it is now.
fn tries_of_all_jobs(appliance: &mut Appliance, admin: &str) {
    let runs = |appliance: &Appliance, name: &str| job(appliance, admin, name)["runs"].as_u64().unwrap();
    for name in ["metrics-fold", "metrics-seal"] {
        let before = runs(appliance, name);
        wait_for("a try of a job", || (runs(appliance, name) > before).then_some(()));
    }
    assert!(!appliance.has_ended(), "{}", appliance.said());
}

/// The room that stays free for signing in and its audit is less than what pushes leave free.
#[test]
fn a_nearly_full_disk_refuses_pushes_and_nothing_else_and_heals_by_itself() {
    refuses_pushes_and_heals(2 * MIB);
}

/// Somebody else has taken the last byte: what has to be written is told that there is no room.
#[test]
fn a_disk_without_any_room_does_not_end_the_daemon_and_heals_by_itself() {
    refuses_pushes_and_heals(0);
}

fn refuses_pushes_and_heals(free: u64) {
    let day = Duration::from_secs(86_400);
    let mut appliance = Appliance::prepare();
    let Some(small) = Small::mount(appliance.data_dir()) else {
        told_untested();
        return;
    };
    appliance.restart();
    appliance.set_up();
    let ada = appliance.login(ADMIN);
    let (id, token) = appliance.collector(&ada, "db-1");
    for number in 0..20 {
        // days old, so that there is something to seal while the disk is full
        assert_eq!(push(&appliance, &token, &format!("k{number}"), day * (number % 5 + 2)), 200);
    }
    small.fill(free);
    assert_eq!(push(&appliance, &token, "refused", Duration::ZERO), 507);
    assert_eq!(appliance.documents(&ada, &id, "probe").len(), 20);
    let signed_in = appliance.try_login(ADMIN, PASSWORD).status;
    assert!(signed_in == 200 || free == 0 && signed_in == 507, "signing in goes on: {signed_in}");
    tries_of_all_jobs(&mut appliance, &ada);
    assert_eq!(push(&appliance, &token, "refused", Duration::ZERO), 507);
    assert_eq!(appliance.documents(&ada, &id, "probe").len(), 20);
    small.resize(256 * MIB);
    let grown = Instant::now();
    wait_for("room for a push", || (push(&appliance, &token, "taken", Duration::ZERO) == 200).then_some(()));
    assert!(grown.elapsed() < Duration::from_secs(10), "took {:?}", grown.elapsed());
    assert_eq!(appliance.documents(&ada, &id, "probe").len(), 21);
    // shrunk to what is in use: not even a sign-in finds room, and still the process goes on
    small.resize(small.used());
    assert!(matches!(appliance.try_login(ADMIN, PASSWORD).status, 200 | 507));
    assert_eq!(appliance.documents(&ada, &id, "probe").len(), 21);
    assert_eq!(push(&appliance, &token, "refused again", Duration::ZERO), 507);
    assert!(!appliance.has_ended(), "{}", appliance.said());
    small.resize(256 * MIB);
    assert_eq!(push(&appliance, &token, "taken again", Duration::ZERO), 200);
    let audit = appliance.client.get("/api/v1/audit/verify", Some(&ada));
    assert_eq!(audit.body["verified"], true);
    assert_eq!(appliance.stop(), Some(0));
    let verified = appliance.run(&["verify"], "");
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[expect(clippy::print_stderr, reason = "who runs the tests is to know")]
fn told_untested() {
    eprintln!("a full disk was not tested: this user may not mount a file system");
}
