//! How long to wait before the next attempt: full jitter, so that a fleet does not return all at once.

use std::time::Duration;

use crate::limits::{REFUSED_PAUSE, RETRY_AFTER, RETRY_PAUSE};

/// The least pause, for a random zero must not become a busy loop.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A random pause up to 1 s, 2 s, 4 s ... 60 s. What the daemon asked for is kept, and up to a second more:
    /// it asks in whole seconds, and others were asked for the same.
    pub(crate) fn pause(&mut self, retry_after: Option<Duration>, random: f64) -> Duration {
        let (first, longest) = RETRY_PAUSE;
        let bound = first.saturating_mul(1 << self.failures.min(16)).min(longest);
        self.failures = self.failures.saturating_add(1);
        let asked = retry_after.map(|asked| asked.min(RETRY_AFTER) + first.mul_f64(random));
        bound.mul_f64(random).max(LEAST_PAUSE).max(asked.unwrap_or_default())
    }

    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The pause of somebody who is not let in: slow, and not in step with the others.
    pub(crate) fn refused_pause(random: f64) -> Duration {
        REFUSED_PAUSE / 2 + (REFUSED_PAUSE / 2).mul_f64(random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_from_one_second_to_sixty_and_starts_anew_after_success() {
        let mut backoff = Backoff::default();
        let bounds: Vec<u64> = (0..8).map(|_| backoff.pause(None, 1.0).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.succeeded();
        assert_eq!(backoff.pause(None, 0.5), Duration::from_millis(500));
        assert_eq!(backoff.pause(None, 0.0), LEAST_PAUSE);
    }

    #[test]
    fn the_daemon_may_ask_for_more_but_not_for_a_day() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.pause(Some(Duration::from_secs(20)), 0.0), Duration::from_secs(20));
        assert_eq!(backoff.pause(Some(Duration::from_secs(20)), 0.5), Duration::from_millis(20_500));
        assert_eq!(backoff.pause(Some(Duration::from_secs(86_400)), 0.0), RETRY_AFTER);
    }
}
