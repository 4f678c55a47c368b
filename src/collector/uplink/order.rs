//! Which batch goes next. Pure: it looks at sequences and says which.
//!
//! In good times batches go in the order in which they were made. What an outage left behind is backlog: the
//! newest of it goes first, because people look at now, and then, newest to oldest, the rest at half speed,
//! so that half of the line and of the daemon stays free for what is measured meanwhile.

use crate::collector::spool::Spool;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    pub(super) sequence: u64,
    pub(super) is_backlog: bool,
}

#[derive(Debug)]
pub(super) struct Order {
    /// Batches up to this one are backlog.
    backlog_through: u64,
    /// Later batches up to this one may go; those after it wait to travel together.
    released_through: u64,
}

impl Order {
    /// What lies in the spool at the start was left behind by an earlier run.
    pub(super) fn new(newest: Option<u64>) -> Self {
        Self { backlog_through: newest.unwrap_or(0), released_through: newest.unwrap_or(0) }
    }

    /// Everything up to `newest` may go.
    pub(super) fn release(&mut self, newest: Option<u64>) {
        self.released_through = newest.unwrap_or(0).max(self.released_through);
    }

    /// An attempt failed: what is there now has become backlog.
    pub(super) fn outage(&mut self, newest: Option<u64>) {
        self.release(newest);
        self.backlog_through = newest.unwrap_or(0).max(self.backlog_through);
    }

    /// The oldest fresh batch, else the newest of the backlog if that is not resting.
    pub(super) fn next(&self, spool: &Spool, backlog_rests: bool) -> Option<Pick> {
        let fresh = spool.oldest_after(self.backlog_through);
        if let Some(sequence) = fresh.filter(|sequence| *sequence <= self.released_through) {
            return Some(Pick { sequence, is_backlog: false });
        }
        let backlog = spool.newest_until(self.backlog_through).filter(|_| !backlog_rests)?;
        Some(Pick { sequence: backlog, is_backlog: true })
    }

    /// Whether a batch waits for its release.
    pub(super) fn is_holding(&self, spool: &Spool) -> bool {
        spool.newest().is_some_and(|newest| newest > self.released_through)
    }

    pub(super) fn has_backlog(&self, spool: &Spool) -> bool {
        spool.newest_until(self.backlog_through).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::collector::spool::{Batch, Header};
    use crate::ids::IdSource;

    fn add(spool: &mut Spool) -> u64 {
        let (ids, now) = (IdSource::Random, Timestamp::from_millis(1));
        let (id, collector_id) = (ids.next(now), ids.next(now));
        let header = Header {
            id,
            collector_id,
            collected_at: now,
            documents: 1,
            encoding: "zstd".to_owned(),
            log_position: None,
        };
        spool.add(&Batch { header, body: vec![1] }).unwrap()
    }

    /// Sends everything and says in which order.
    fn drain(order: &Order, spool: &mut Spool) -> Vec<(u64, bool)> {
        let mut sent = Vec::new();
        while let Some(pick) = order.next(spool, false) {
            spool.acknowledged(pick.sequence).unwrap();
            sent.push((pick.sequence, pick.is_backlog));
        }
        sent
    }

    #[test]
    fn in_good_times_batches_go_in_the_order_in_which_they_were_made() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        let mut order = Order::new(None);
        for _ in 0..3 {
            add(&mut spool);
        }
        order.release(spool.newest());
        assert_eq!(drain(&order, &mut spool), [(1, false), (2, false), (3, false)]);
    }

    #[test]
    fn after_an_outage_the_newest_goes_first_and_what_is_fresh_passes_the_backlog() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        let mut order = Order::new(None);
        for _ in 0..3 {
            add(&mut spool);
        }
        order.outage(spool.newest());
        assert_eq!(order.next(&spool, false), Some(Pick { sequence: 3, is_backlog: true }));
        let fresh = add(&mut spool);
        order.release(spool.newest());
        assert_eq!(order.next(&spool, true), Some(Pick { sequence: fresh, is_backlog: false }));
        assert_eq!(drain(&order, &mut spool), [(4, false), (3, true), (2, true), (1, true)]);
    }

    #[test]
    fn a_resting_backlog_waits_and_what_waits_for_company_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        add(&mut spool);
        let mut order = Order::new(spool.newest());
        assert!(order.has_backlog(&spool) && !order.is_holding(&spool));
        assert_eq!(order.next(&spool, true), None);
        add(&mut spool);
        assert!(order.is_holding(&spool));
        assert_eq!(order.next(&spool, true), None);
        order.release(spool.newest());
        assert_eq!(order.next(&spool, true), Some(Pick { sequence: 2, is_backlog: false }));
    }
}
