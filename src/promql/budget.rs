//! What one query may still cost. It is asked in every loop that can be long.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::error::{Error, Result};
use crate::limits;

/// How often the clock is looked at: reading it costs more than a step of most loops.
const UNITS_A_LOOK: usize = 4096;

#[derive(Debug)]
pub struct Budget {
    samples: Cell<usize>,
    values: Cell<usize>,
    series: Cell<usize>,
    until_look: Cell<usize>,
    started: Instant,
    time: Duration,
    gone: Arc<AtomicBool>,
}

impl Budget {
    /// For a query that may take so long, unless the flag says before that nobody waits for it.
    pub fn new(time: Duration, gone: Arc<AtomicBool>) -> Self {
        Self {
            samples: Cell::new(limits::PROMQL_SAMPLES),
            values: Cell::new(limits::PROMQL_VALUES),
            series: Cell::new(limits::PROMQL_SERIES),
            until_look: Cell::new(UNITS_A_LOOK),
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
        self.until_look.set(UNITS_A_LOOK);
        if self.gone.load(Ordering::Relaxed) {
            return Err(Error::Canceled);
        }
        if self.started.elapsed() >= self.time { Err(Error::Timeout(self.time)) } else { Ok(()) }
    }
}

fn take(left: &Cell<usize>, units: usize) -> Option<()> {
    let rest = left.get().checked_sub(units)?;
    left.set(rest);
    Some(())
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
