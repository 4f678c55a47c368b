//! Work that several threads share.
//!
//! It guarantees: what fails first in the order of the things is what is told, whoever came first to it; all threads
//! have ended when it returns; in the whole process no more threads help than there are processors besides. It does
//! not know what the work is.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use parking_lot::Mutex;

use crate::limits;

/// Threads that help now.
static HELPING: AtomicUsize = AtomicUsize::new(0);
/// As many as leave a processor to everybody else.
static MOST: LazyLock<usize> = LazyLock::new(|| {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    (processors - 1).min(limits::HELPING_THREADS)
});

/// Says whether a thing is still to be done.
pub type Asked<'a> = dyn Fn() -> bool + Sync + 'a;

/// Does work for each of some things, of which several are under way at once. Every thread has something of its own for
/// it. Behind a thing that failed no other is begun; what is under way there is told that it need not go on.
pub fn each<T: Sync, S, E: Send>(
    all: &[T],
    own: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T, &Asked<'_>) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let helpers = Helpers::at_most(all.len().saturating_sub(1));
    each_with(helpers.0, all, own, work)
}

fn each_with<T: Sync, S, E: Send>(
    helpers: usize,
    all: &[T],
    own: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T, &Asked<'_>) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let (next, failed, error) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX), Mutex::new(None));
    let take_part = || {
        let mut own = own();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let go_on = || place < failed.load(Ordering::Relaxed);
            let Some(one) = all.get(place).filter(|_| go_on()) else { return };
            if let Err(found) = work(&mut own, one, &go_on) {
                let mut error = error.lock();
                if failed.fetch_min(place, Ordering::Relaxed) > place {
                    *error = Some(found);
                }
            }
        }
    };
    thread::scope(|threads| {
        for _ in 0..helpers {
            let helper = thread::Builder::new().name("helper".to_owned());
            // without it there is one less
            let _ = helper.spawn_scoped(threads, take_part);
        }
        take_part();
    });
    error.into_inner().map_or(Ok(()), Err)
}

/// The share of somebody in the threads that help.
struct Helpers(usize);

impl Helpers {
    fn at_most(wanted: usize) -> Self {
        let mut share = 0;
        let taken = |helping: usize| {
            share = wanted.min(MOST.saturating_sub(helping));
            (share > 0).then_some(helping + share)
        };
        let is_taken = HELPING.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok();
        Self(if is_taken { share } else { 0 })
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        HELPING.fetch_sub(self.0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn each_is_done_once_and_the_first_failure_is_told() {
        let all: Vec<usize> = (0..1000).collect();
        let done: Vec<_> = all.iter().map(|_| AtomicUsize::new(0)).collect();
        let count = |(): &mut (), place: &usize, _: &Asked<'_>| {
            done[*place].fetch_add(1, Ordering::Relaxed);
            Ok::<_, usize>(())
        };
        each_with(3, &all, || (), count).unwrap();
        assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        for _ in 0..100 {
            let fail = |(): &mut (), place: &usize, _: &Asked<'_>| {
                if place % 7 == 3 { Err(*place) } else { Ok(()) }
            };
            assert_eq!(each_with(3, &all, || (), fail), Err(3));
        }
        assert_eq!(each(&[], || (), |(), (): &(), _| Err(())), Ok(()));
    }

    #[test]
    fn all_who_ask_share_the_helpers() {
        let all = Helpers::at_most(usize::MAX);
        let none = Helpers::at_most(1);
        assert!(all.0 + none.0 <= *MOST && *MOST <= limits::HELPING_THREADS);
    }

    /// What is before a failure goes on to its own end, and what is behind it is told not to.
    #[test]
    fn a_failure_ends_what_is_behind_it_alone() {
        let both = Barrier::new(2);
        let went_on = AtomicBool::new(false);
        let work = |(): &mut (), place: &usize, go_on: &Asked<'_>| {
            if *place < 2 {
                both.wait();
            }
            match place {
                0 => {
                    went_on.store(go_on(), Ordering::Relaxed);
                    Ok(())
                }
                1 => Err("the second"),
                _ => Err("one that must not be told"),
            }
        };
        let failed = each_with(1, &[0, 1, 2, 3], || (), work);
        assert_eq!((failed, went_on.load(Ordering::Relaxed)), (Err("the second"), true));
    }
}
