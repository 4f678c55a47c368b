//! Background work: named jobs, each with a bounded step and a visible status.
//!
//! One driver owns the threads, the wake-up and the back-off. Jobs wake together, at multiples of their periods since
//! the start: each time that an idle processor wakes costs more than a step that finds nothing to do. Tests call
//! [`Job::step`] themselves.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::clock::{Clock, Timestamp};

/// A failing job waits twice as long each time, up to this unless it says otherwise.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Work that is done again and again.
pub trait Job: Send + 'static {
    /// A stable name, such as `audit-checkpoint`.
    fn name(&self) -> &'static str;
    /// One sentence for the administrator.
    fn about(&self) -> &'static str;
    /// How long it rests at most when it fails again and again.
    fn longest_pause(&self) -> Duration {
        LONGEST_PAUSE
    }
    /// Does a bounded piece of work and says in a few words what it did.
    fn step(&mut self, now: Timestamp) -> Result<String, String>;
}

/// What an administrator sees of a job.
#[derive(Clone, Debug)]
pub struct Status {
    pub name: &'static str,
    pub about: &'static str,
    pub period: Duration,
    pub runs: u64,
    pub failures: u64,
    pub last_finished_at: Option<Timestamp>,
    pub last_result: Option<Result<String, String>>,
}

/// The running jobs. Dropping it stops them; [`Jobs::stop`] also waits.
pub struct Jobs {
    stop: Arc<(Mutex<bool>, Condvar)>,
    statuses: Vec<Arc<Mutex<Status>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Jobs {
    pub fn start(clock: &Clock, jobs: Vec<(Box<dyn Job>, Duration)>) -> std::io::Result<Self> {
        let (stop, started) = (Arc::new((Mutex::new(false), Condvar::new())), Instant::now());
        let mut statuses = Vec::new();
        let mut threads = Vec::new();
        for (job, period) in jobs {
            let status = Arc::new(Mutex::new(Status {
                name: job.name(),
                about: job.about(),
                period,
                runs: 0,
                failures: 0,
                last_finished_at: None,
                last_result: None,
            }));
            statuses.push(Arc::clone(&status));
            let (clock, stop) = (clock.clone(), Arc::clone(&stop));
            let thread = thread::Builder::new().name(job.name().to_owned());
            threads.push(thread.spawn(move || drive(job, (period, started), &clock, &status, &stop))?);
        }
        Ok(Self { stop, statuses, threads: Mutex::new(threads) })
    }

    pub fn statuses(&self) -> Vec<Status> {
        self.statuses.iter().map(|status| status.lock().clone()).collect()
    }

    /// Lets each job finish its step, and returns when all threads have ended.
    pub fn stop(&self) {
        self.tell_to_stop();
        for thread in std::mem::take(&mut *self.threads.lock()) {
            if thread.join().is_err() {
                tracing::error!("a background job ended by a panic");
            }
        }
    }

    fn tell_to_stop(&self) {
        *self.stop.0.lock() = true;
        self.stop.1.notify_all();
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.tell_to_stop();
    }
}

fn drive(
    mut job: Box<dyn Job>,
    (period, started): (Duration, Instant),
    clock: &Clock,
    status: &Mutex<Status>,
    stop: &(Mutex<bool>, Condvar),
) {
    let mut pause = period;
    while !stopped_within(until_turn(pause, period, started.elapsed()), stop) {
        let result = job.step(clock.now());
        pause = match &result {
            Ok(_) => period,
            Err(error) => {
                tracing::warn!(job = job.name(), error, "a background job failed and will be tried again");
                (pause * 2).min(job.longest_pause().max(period))
            }
        };
        let mut status = status.lock();
        status.runs += 1;
        status.failures += u64::from(result.is_err());
        status.last_finished_at = Some(clock.now());
        status.last_result = Some(result);
    }
}

/// What is left of a pause that began with the last turn. A turn comes with each period.
fn until_turn(pause: Duration, period: Duration, running: Duration) -> Duration {
    let behind = running.as_nanos() % period.as_nanos().max(1);
    pause.saturating_sub(Duration::from_nanos(u64::try_from(behind).unwrap_or_default()))
}

fn stopped_within(pause: Duration, (stopped, changed): &(Mutex<bool>, Condvar)) -> bool {
    let mut stopped = stopped.lock();
    if !*stopped {
        changed.wait_while_for(&mut stopped, |stopped| !*stopped, pause);
    }
    *stopped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_wake_together_and_one_that_fails_keeps_its_pause() {
        let seconds = Duration::from_secs;
        let turn = |pause, period, running| running + until_turn(pause, period, running);
        let (late, early) = (Duration::from_millis(10_300), Duration::from_millis(10_001));
        assert_eq!(turn(seconds(2), seconds(2), late), seconds(12));
        assert_eq!(turn(seconds(1), seconds(1), late), seconds(11));
        assert_eq!(turn(seconds(10), seconds(10), early), seconds(20));
        assert_eq!(turn(seconds(8), seconds(2), late), seconds(18));
        assert_eq!(turn(seconds(2), seconds(2), seconds(10)), seconds(12));
    }
}
