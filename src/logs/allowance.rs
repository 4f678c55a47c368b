//! How much one collector may log: so many entries a minute, and a burst at a time.

use std::time::Duration;

use crate::limits::{LOG_BURST, LOG_ENTRIES_A_MINUTE};

#[derive(Debug)]
pub(super) struct Allowance {
    left: f64,
    counted_at: Duration,
}

impl Allowance {
    pub(super) fn full(now: Duration) -> Self {
        Self { left: f64::from(LOG_BURST), counted_at: now }
    }

    /// Takes so many; else says when they will be there. A request without entries counts as one.
    pub(super) fn take(&mut self, now: Duration, entries: usize) -> Result<(), Duration> {
        let passed = now.saturating_sub(self.counted_at).as_secs_f64();
        let a_second = f64::from(LOG_ENTRIES_A_MINUTE) / 60.0;
        self.left = (self.left + passed * a_second).min(f64::from(LOG_BURST));
        self.counted_at = now;
        let wanted = f64::from(u32::try_from(entries.max(1)).unwrap_or(u32::MAX));
        if wanted <= self.left {
            self.left -= wanted;
            return Ok(());
        }
        let missing = (wanted - self.left).min(f64::from(LOG_BURST));
        Err(Duration::from_secs_f64((missing / a_second).ceil()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_then_so_many_a_minute() {
        let mut allowance = Allowance::full(Duration::ZERO);
        let burst = usize::try_from(LOG_BURST).unwrap();
        assert_eq!(allowance.take(Duration::ZERO, burst), Ok(()));
        assert_eq!(allowance.take(Duration::ZERO, 0), Err(Duration::from_secs(1)));
        let later = Duration::from_secs(60);
        let a_minute = usize::try_from(LOG_ENTRIES_A_MINUTE).unwrap();
        assert_eq!(allowance.take(later, a_minute + 20), Err(Duration::from_secs(2)));
        assert_eq!(allowance.take(later, a_minute), Ok(()));
        assert_eq!(allowance.take(later * 1000, burst), Ok(()));
    }
}
