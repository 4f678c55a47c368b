//! A bound on the bytes that all requests of a kind hold at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many bytes, shared out and given back.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    taken: Arc<AtomicUsize>,
    most: usize,
}

/// A part of a budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    pub(super) fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// A share of so many bytes; `None` when they do not fit now.
    pub(super) fn share(&self, bytes: usize) -> Option<Share> {
        let mut share = Share { budget: self.clone(), bytes: 0 };
        share.grow(bytes).then_some(share)
    }
}

impl Share {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes so many bytes more, or leaves the share as it is and says no.
    pub(super) fn grow(&mut self, by: usize) -> bool {
        let most = self.budget.most;
        let fits = |taken: usize| taken.checked_add(by).filter(|taken| *taken <= most);
        let grown = self.budget.taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits).is_ok();
        self.bytes += if grown { by } else { 0 };
        grown
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_and_what_is_dropped_comes_back() {
        let budget = Budget::new(100);
        let mut first = budget.share(60).unwrap();
        assert!(budget.share(41).is_none());
        assert!(!first.grow(41) && first.grow(40));
        assert_eq!(first.bytes(), 100);
        assert!(budget.share(usize::MAX).is_none());
        drop(first);
        assert!(budget.share(100).is_some());
    }
}
