//! The pushes that wait for the next commit: bounded in number and bytes, first come, first served.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

/// A queue of things with a size. It is closed once and for all.
pub(super) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    changed: Condvar,
    most: usize,
    most_bytes: usize,
}

struct Waiting<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    closed: bool,
}

impl<T> Queue<T> {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        let waiting = Waiting { items: VecDeque::new(), bytes: 0, closed: false };
        Self { waiting: Mutex::new(waiting), changed: Condvar::new(), most, most_bytes }
    }

    /// Adds an item of so many bytes, or gives it back when there is no room. An empty queue takes any item, as
    /// one that never fits would come again and again.
    pub(super) fn add(&self, item: T, bytes: usize) -> Result<(), T> {
        let mut waiting = self.waiting.lock();
        let is_full =
            waiting.items.len() >= self.most || waiting.bytes.saturating_add(bytes) > self.most_bytes;
        if waiting.closed || (is_full && !waiting.items.is_empty()) {
            return Err(item);
        }
        waiting.items.push_back((item, bytes));
        waiting.bytes += bytes;
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for items and takes as many as have so many bytes together, at least one. `None` when the queue is
    /// closed and empty.
    pub(super) fn take(&self, bytes: usize) -> Option<Vec<T>> {
        let mut waiting = self.waiting.lock();
        while waiting.items.is_empty() {
            if waiting.closed {
                return None;
            }
            self.changed.wait(&mut waiting);
        }
        let mut taken = Vec::new();
        let mut taken_bytes = 0_usize;
        while let Some((_, size)) = waiting.items.front() {
            taken_bytes = taken_bytes.saturating_add(*size);
            if taken_bytes > bytes && !taken.is_empty() {
                break;
            }
            if let Some((item, size)) = waiting.items.pop_front() {
                waiting.bytes -= size;
                taken.push(item);
            }
        }
        Some(taken)
    }

    /// Takes nothing more; what waits is still given out.
    pub(super) fn close(&self) {
        self.waiting.lock().closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_in_number_and_bytes_and_keeps_the_order() {
        let queue = Queue::new(3, 100);
        assert_eq!(queue.add('a', 1000), Ok(()));
        assert_eq!(queue.add('b', 1), Err('b'));
        assert_eq!(queue.take(10), Some(vec!['a']));
        for item in ['c', 'd', 'e'] {
            assert_eq!(queue.add(item, 30), Ok(()));
        }
        assert_eq!(queue.add('f', 1), Err('f'));
        assert_eq!(queue.take(60), Some(vec!['c', 'd']));
        queue.close();
        assert_eq!(queue.add('g', 1), Err('g'));
        assert_eq!(queue.take(60), Some(vec!['e']));
        assert_eq!(queue.take(60), None);
    }
}
