//! When a worker that died is started again. Pure.

use std::time::Duration;

use crate::limits::{WORKER_CRASH_LOOP, WORKER_HEALTHY_AFTER, WORKER_PAUSE};

/// Counts deaths in a row; a worker that lived long enough makes them forgotten.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    deaths: u32,
}

impl Restarts {
    /// A worker died after `lived`: the pause before the next one, 1 s, 2 s, 4 s ... 60 s.
    pub(super) fn died(&mut self, lived: Duration) -> Duration {
        if lived >= WORKER_HEALTHY_AFTER {
            self.deaths = 0;
        }
        let (first, longest) = WORKER_PAUSE;
        let pause = first.saturating_mul(1 << self.deaths.min(16)).min(longest);
        self.deaths = self.deaths.saturating_add(1);
        pause
    }

    pub(super) fn deaths(&self) -> u32 {
        self.deaths
    }

    pub(super) fn is_crash_loop(&self) -> bool {
        self.deaths >= WORKER_CRASH_LOOP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_workers_die_young_and_start_anew_after_a_long_life() {
        let mut restarts = Restarts::default();
        let young = Duration::from_secs(3);
        let pauses: Vec<u64> = (0..8).map(|_| restarts.died(young).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(restarts.is_crash_loop());
        assert_eq!(restarts.died(WORKER_HEALTHY_AFTER), WORKER_PAUSE.0);
        assert!(!restarts.is_crash_loop());
    }
}
