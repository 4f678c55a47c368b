//! Growing pauses after sign-ins that failed, for each name and for each address.
//!
//! It guarantees: guesses at once count like guesses in a row, and memory is bounded; under a flood of new
//! names those that have failed least are forgotten first. A restart forgets all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, Timestamp};
use crate::limits::FAILURES_KEPT;

/// When pauses begin, and how long they become. They double with each failure.
struct Patience {
    /// Failures without a pause.
    free: u32,
    longest_pause: Duration,
}

/// People mistype.
const FOR_A_NAME: Patience = Patience { free: 5, longest_pause: Duration::from_secs(300) };
/// Many people may share one address, and all of them wait.
const FOR_AN_ADDRESS: Patience = Patience { free: 100, longest_pause: Duration::from_secs(30) };
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Failures are forgotten when none has followed for so long.
const MEMORY: Duration = Duration::from_secs(3600);

pub(super) struct Backoff {
    clock: Clock,
    failures: Mutex<HashMap<Key, Failures>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Address(String),
}

struct Failures {
    count: u32,
    last_at: Timestamp,
    not_before: Timestamp,
}

/// An attempt that was let in. It counts as failed until it is said to have succeeded, or is withdrawn.
pub(super) struct Attempt([Key; 2]);

impl Backoff {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, failures: Mutex::default() }
    }

    /// Lets an attempt in, or tells how long to wait.
    pub(super) fn admit(&self, name: &str, address: &str) -> Result<Attempt, Duration> {
        let attempt = Attempt([Key::Name(name.to_lowercase()), Key::Address(network_of(address))]);
        let now = self.clock.now();
        let mut failures = self.failures.lock();
        let waits = attempt.0.iter().filter_map(|key| failures.get(key)?.wait(now));
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        for key in &attempt.0 {
            if !failures.contains_key(key) {
                make_room(&mut failures, now);
            }
            let patience = match key {
                Key::Name(_) => FOR_A_NAME,
                Key::Address(_) => FOR_AN_ADDRESS,
            };
            let nothing = Failures { count: 0, last_at: now, not_before: now };
            failures.entry(key.clone()).or_insert(nothing).count_one(&patience, now);
        }
        Ok(attempt)
    }

    /// Forgets the failures of the name. Those of the address stay but for this attempt: whoever has one
    /// password may be guessing at others.
    pub(super) fn succeeded(&self, attempt: &Attempt) {
        self.withdrawn(attempt);
        self.failures.lock().remove(&attempt.0[0]);
    }

    /// Forgets this attempt alone: it was neither right nor wrong, as nobody had time to look.
    pub(super) fn withdrawn(&self, attempt: &Attempt) {
        let mut failures = self.failures.lock();
        for key in &attempt.0 {
            if let Some(there) = failures.get_mut(key) {
                there.count = there.count.saturating_sub(1);
                there.not_before = there.last_at;
            }
        }
    }
}

impl Failures {
    fn wait(&self, now: Timestamp) -> Option<Duration> {
        // a clock that was set back must not lock anybody out until it has caught up
        let blocked = self.last_at <= now && now < self.not_before;
        // rounded up, so that whoever waits for whole seconds has waited long enough
        let wait = || self.not_before.since(now).as_secs_f64().ceil();
        blocked.then(|| Duration::from_secs_f64(wait()))
    }

    fn count_one(&mut self, patience: &Patience, now: Timestamp) {
        if now.since(self.last_at) >= MEMORY {
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.last_at = now;
        self.not_before = match self.count.checked_sub(patience.free) {
            Some(beyond @ 1..) => {
                now.plus((FIRST_PAUSE * 2u32.pow((beyond - 1).min(16))).min(patience.longest_pause))
            }
            _ => now,
        };
    }
}

fn make_room(failures: &mut HashMap<Key, Failures>, now: Timestamp) {
    if failures.len() < FAILURES_KEPT {
        return;
    }
    failures.retain(|_, there| now.since(there.last_at) < MEMORY);
    if failures.len() < FAILURES_KEPT {
        return;
    }
    let least = failures.iter().min_by_key(|(_, there)| (there.count, there.last_at));
    if let Some(least) = least.map(|(key, _)| key.clone()) {
        failures.remove(&least);
    }
}

/// One customer has a whole /64 of IPv6.
fn network_of(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            format!("{:x?}", &address.segments()[..4])
        }
        _ => address.chars().take(64).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff() -> (Backoff, Clock) {
        let clock = Clock::manual(Timestamp::from_millis(1_000_000_000));
        (Backoff::new(clock.clone()), clock)
    }

    #[test]
    fn pauses_grow_and_end() {
        let (backoff, clock) = backoff();
        let mut pauses = Vec::new();
        for _ in 0..20 {
            if let Err(pause) = backoff.admit("ada", "192.0.2.1").map(|_| ()) {
                pauses.push(pause.as_secs());
                clock.advance(pause);
                backoff.admit("Ada", "192.0.2.2").map(|_| ()).unwrap();
            }
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300]);
    }

    #[test]
    fn a_success_forgets_the_name_and_an_hour_forgets_all() {
        let (backoff, clock) = backoff();
        for _ in 0..200 {
            let attempt = backoff.admit("ada", "192.0.2.1").unwrap();
            backoff.succeeded(&attempt);
        }
        while backoff.admit("ada", "192.0.2.1").is_ok() {}
        clock.advance(MEMORY);
        assert!((0..FOR_A_NAME.free).all(|_| backoff.admit("ada", "192.0.2.1").is_ok()));
    }

    #[test]
    fn one_address_is_slowed_down_whatever_names_it_tries() {
        let (backoff, _) = backoff();
        let guess = |number: u32, address: &str| backoff.admit(&format!("user{number}"), address).is_err();
        assert_eq!((0..200).position(|number| guess(number, "2001:db8::1")), Some(101));
        assert!(guess(201, "2001:db8::ffff"), "the same network");
        assert!(!guess(300, "2001:db8:0:1::1"), "another network");
    }

    #[test]
    fn a_flood_of_names_does_not_wash_out_the_one_under_attack() {
        let (backoff, clock) = backoff();
        while backoff.admit("ada", "192.0.2.1").is_ok() {}
        for number in 0..FAILURES_KEPT + 100 {
            clock.advance(Duration::from_millis(1));
            let flood = Key::Name(number.to_string());
            let now = clock.now();
            let mut failures = backoff.failures.lock();
            make_room(&mut failures, now);
            failures.insert(flood, Failures { count: 1, last_at: now, not_before: now });
        }
        assert!(backoff.failures.lock().len() <= FAILURES_KEPT);
        assert!(backoff.failures.lock().contains_key(&Key::Name("ada".to_owned())));
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let (backoff, clock) = backoff();
        while backoff.admit("ada", "192.0.2.1").is_ok() {}
        clock.set(Timestamp::from_millis(1));
        assert!(backoff.admit("ada", "192.0.2.1").is_ok());
    }
}
