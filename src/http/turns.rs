//! When those come again for whom there was no room: one after the other, as evenly as they can be served, so that
//! a fleet that returns at once is not told to return at once again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::limits::{
    CONFIG_CHECK, CONFIG_CHECK_SPREAD_S, PUSH_RETRY, PUSH_RETRY_LONGEST, PUSH_RETRY_SPACING,
};

pub(super) struct Turns {
    next: Mutex<Instant>,
    checks: AtomicU64,
}

impl Default for Turns {
    fn default() -> Self {
        Self { next: Mutex::new(Instant::now()), checks: AtomicU64::new(0) }
    }
}

impl Turns {
    /// How long the next one has to wait. Whoever comes when nobody waits gets the shortest pause; beyond the
    /// longest one the row begins anew.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        let mut next = self.next.lock();
        let earliest = now + PUSH_RETRY;
        if *next < earliest || *next > now + PUSH_RETRY_LONGEST {
            *next = earliest;
        }
        let pause = next.duration_since(now);
        *next += PUSH_RETRY_SPACING;
        pause
    }

    /// When an agent shall look for its configuration again: not all at the same moment.
    pub(super) fn next_check(&self) -> Duration {
        let number = self.checks.fetch_add(1, Ordering::Relaxed);
        CONFIG_CHECK + Duration::from_secs(number % CONFIG_CHECK_SPREAD_S)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_at_once_are_told_to_come_one_after_the_other_and_a_single_one_soon() {
        let turns = Turns::default();
        let now = Instant::now();
        let pauses: Vec<Duration> = (0..1000).map(|_| turns.pause(now)).collect();
        assert_eq!((pauses[0], pauses[999]), (PUSH_RETRY, PUSH_RETRY + PUSH_RETRY_SPACING * 999));
        for second in 2..12 {
            let in_it = pauses.iter().filter(|pause| pause.as_secs() == second).count();
            assert_eq!(in_it, 100, "in second {second}");
        }
        assert!((0..10_000).all(|_| turns.pause(now) <= PUSH_RETRY_LONGEST));
        assert_eq!(turns.pause(now + Duration::from_secs(600)), PUSH_RETRY);
        let checks: std::collections::BTreeSet<_> = (0..1000).map(|_| turns.next_check()).collect();
        assert_eq!(checks.len(), 60);
    }
}
