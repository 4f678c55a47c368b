//! Work that waits, done while nobody pushes.
//!
//! Jobs go on by small rounds with a rest between them, so that pushes do not wait for them. While none come, nobody is
//! kept waiting, and what is left is done at once.

use super::Metrics;
use crate::limits;

impl Metrics {
    /// Does a round, and while nothing is pushed more of them, until one finds nothing to do; for a bounded time. Says
    /// how much they found.
    pub(super) fn rounds<E>(&self, mut round: impl FnMut() -> Result<usize, E>) -> Result<usize, E> {
        let (end, mut all) = (self.clock.steady() + limits::QUIET_WORK, 0);
        loop {
            let before = self.present();
            let found = round()?;
            all += found;
            let is_quiet = self.present() == before;
            if found == 0 || !is_quiet || self.clock.steady() >= end {
                return Ok(all);
            }
        }
    }
}
