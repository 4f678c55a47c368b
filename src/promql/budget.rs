//! What one query may still cost, on all threads that work for it. It is asked in every loop that can be long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::error::{Error, Result};
use crate::limits;

/// How often the clock is looked at: reading it costs more than a step of most loops.
const UNITS_A_LOOK: usize = 4096;

#[derive(Debug)]
pub struct Budget {
    samples: AtomicUsize,
    values: AtomicUsize,
    series: AtomicUsize,
    until_look: AtomicUsize,
    started: Instant,
    time: Duration,
    gone: Arc<AtomicBool>,
}

impl Budget {
    /// For a query that may take so long, unless the flag says before that nobody waits for it.
    pub fn new(time: Duration, gone: Arc<AtomicBool>) -> Self {
        Self {
            samples: AtomicUsize::new(limits::PROMQL_SAMPLES),
            values: AtomicUsize::new(limits::PROMQL_VALUES),
            series: AtomicUsize::new(limits::PROMQL_SERIES),
            until_look: AtomicUsize::new(UNITS_A_LOOK),
            started: Instant::now(),
            time,
            gone,
        }
    }

    /// Before samples are read.
    pub fn read(&self, samples: usize) -> Result<()> {
        take(&self.samples, samples).ok_or(Error::TooManySamples)?;
        self.work(samples)
    }

    /// Before values are kept.
    pub fn keep(&self, values: usize) -> Result<()> {
        take(&self.values, values).ok_or(Error::TooManyValues)?;
        self.work(values)
    }

    /// For each series that is found.
    pub fn find(&self) -> Result<()> {
        take(&self.series, 1).ok_or(Error::TooManySeries)?;
        self.work(1)
    }

    /// For work that takes about as long as to read so many samples.
    pub fn work(&self, units: usize) -> Result<()> {
        match take(&self.until_look, units) {
            Some(()) => Ok(()),
            None => self.look(),
        }
    }

    /// Whether there is time left, and somebody who waits.
    pub fn look(&self) -> Result<()> {
        self.until_look.store(UNITS_A_LOOK, Ordering::Relaxed);
        if self.gone.load(Ordering::Relaxed) {
            return Err(Error::Canceled);
        }
        if self.started.elapsed() >= self.time { Err(Error::Timeout(self.time)) } else { Ok(()) }
    }
}

fn take(left: &AtomicUsize, units: usize) -> Option<()> {
    let rest = |left: usize| left.checked_sub(units);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest).ok().map(drop)
}

/// Work of one thread in small units, of which the budget is told when there are many: threads that count together wait
/// for each other.
#[derive(Debug)]
pub struct Work<'b> {
    budget: &'b Budget,
    units: usize,
}

impl<'b> Work<'b> {
    pub fn of(budget: &'b Budget) -> Self {
        Self { budget, units: 0 }
    }

    pub fn add(&mut self, units: usize) -> Result<()> {
        self.units += units;
        if self.units < UNITS_A_LOOK {
            return Ok(());
        }
        self.budget.work(std::mem::take(&mut self.units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_ends_with_its_own_error() {
        let gone = Arc::new(AtomicBool::new(false));
        let budget = Budget::new(Duration::from_secs(60), Arc::clone(&gone));
        assert!(matches!(budget.read(limits::PROMQL_SAMPLES + 1), Err(Error::TooManySamples)));
        assert!(matches!(budget.keep(limits::PROMQL_VALUES + 1), Err(Error::TooManyValues)));
        assert!((0..limits::PROMQL_SERIES).all(|_| budget.find().is_ok()));
        assert!(matches!(budget.find(), Err(Error::TooManySeries)));
        gone.store(true, Ordering::Relaxed);
        assert!(matches!(budget.look(), Err(Error::Canceled)));
        let late = Budget::new(Duration::ZERO, Arc::default());
        assert!(matches!(late.work(UNITS_A_LOOK + 1), Err(Error::Timeout(_))));
    }
}
