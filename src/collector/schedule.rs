//! When what is due: pure arithmetic on the time since the start.
//!
//! The first run of everything is at once. The first wait is shortened by a random part, so that agents
//! which were started together do not march in step; after that, each keeps its own beat. A run that took
//! too long is not made up for: beats that passed meanwhile are skipped.

use std::time::Duration;

use crate::crypto;
use crate::limits::PHASE_FRACTION;

/// Things that recur, each with its own interval.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    entries: Vec<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    what: T,
    interval: Duration,
    due: Duration,
    /// Where this entry's beats lie within its interval.
    phase: Duration,
}

impl<T: Copy> Schedule<T> {
    /// `shift` of 0 to 1 says how much of the allowed fraction the first wait is shortened by.
    pub(super) fn new(entries: impl IntoIterator<Item = (T, Duration)>, shift: f64) -> Self {
        let entries = entries.into_iter().map(|(what, interval)| {
            let shortened = (interval / PHASE_FRACTION).mul_f64(shift.clamp(0.0, 1.0));
            Entry { what, interval, due: Duration::ZERO, phase: interval.saturating_sub(shortened) }
        });
        Self { entries: entries.collect() }
    }

    /// When the next thing is due; `None` for an empty schedule.
    pub(super) fn next(&self) -> Option<Duration> {
        self.entries.iter().map(|entry| entry.due).min()
    }

    /// What is due at `now`, and moves it to its next beat after `now`.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<T> {
        let mut due = Vec::new();
        for entry in self.entries.iter_mut().filter(|entry| entry.due <= now) {
            due.push(entry.what);
            entry.due = next_beat(now, entry.phase, entry.interval);
        }
        due
    }
}

/// The first `phase + n * interval` after `now`.
fn next_beat(now: Duration, phase: Duration, interval: Duration) -> Duration {
    if now < phase || interval.is_zero() {
        return phase;
    }
    let beats = now.saturating_sub(phase).as_nanos() / interval.as_nanos() + 1;
    phase + interval.saturating_mul(u32::try_from(beats).unwrap_or(u32::MAX))
}

/// A random number from 0 to 1.
pub(super) fn random_fraction() -> f64 {
    let mut bytes = [0; 4];
    crypto::fill_random(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_run_is_at_once_and_the_first_wait_is_shortened_within_bounds() {
        for (shift, second) in [(0.0, s(60)), (0.5, s(54)), (1.0, s(48)), (7.0, s(48))] {
            let mut schedule = Schedule::new([('a', s(60))], shift);
            assert_eq!(schedule.take_due(Duration::ZERO), ['a']);
            assert_eq!(schedule.next(), Some(second));
            schedule.take_due(second);
            assert_eq!(schedule.next(), Some(second + s(60)));
        }
    }

    #[test]
    fn a_late_run_skips_the_beats_that_it_missed() {
        let mut schedule = Schedule::new([('a', s(10))], 0.0);
        schedule.take_due(Duration::ZERO);
        assert_eq!(schedule.take_due(s(37)), ['a']);
        assert_eq!(schedule.next(), Some(s(40)));
    }

    #[test]
    fn each_thing_keeps_its_own_interval() {
        let mut schedule = Schedule::new([('a', s(10)), ('b', s(25))], 0.0);
        assert_eq!(schedule.take_due(Duration::ZERO), ['a', 'b']);
        assert_eq!(schedule.take_due(s(10)), ['a']);
        assert_eq!(schedule.take_due(s(25)), ['a', 'b']);
        assert_eq!(schedule.next(), Some(s(30)));
    }
}
