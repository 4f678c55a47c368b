//! Values that are kept in memory because they are asked for again, up to a bound on what all of them weigh.
//!
//! It guarantees: what is asked for often stays when room is needed, and what was not asked for since goes first.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

#[derive(Debug)]
pub struct Kept<K, V> {
    most: usize,
    weight: usize,
    entries: HashMap<K, Entry<V>>,
    /// The keys in the order in which they are looked at when room is needed, each with the number of its entry.
    order: VecDeque<(K, u64)>,
    next: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    weight: usize,
    number: u64,
    /// Asked for since it was looked at.
    is_used: bool,
}

impl<K: Copy + Eq + Hash, V: Clone> Kept<K, V> {
    pub fn new(most: usize) -> Self {
        Self { most, weight: 0, entries: HashMap::new(), order: VecDeque::new(), next: 0 }
    }

    pub fn get(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.get_mut(key)?;
        entry.is_used = true;
        Some(entry.value.clone())
    }

    /// Keeps a value in the place of the one that was there; one that is heavier than all may be is not kept.
    pub fn keep(&mut self, key: K, value: V, weight: usize) {
        self.forget(&key);
        if weight > self.most {
            return;
        }
        while self.weight > self.most - weight && self.make_room() {}
        let number = self.next;
        self.next += 1;
        self.weight += weight;
        self.entries.insert(key, Entry { value, weight, number, is_used: false });
        self.order.push_back((key, number));
    }

    pub fn forget(&mut self, key: &K) {
        let Some(entry) = self.entries.remove(key) else { return };
        self.weight -= entry.weight;
        // a key that comes and goes must not fill the order
        if self.order.len() > 2 * self.entries.len() {
            let entries = &self.entries;
            self.order.retain(|(key, number)| entries.get(key).is_some_and(|entry| entry.number == *number));
        }
    }

    /// Looks at the next entry, and says whether there was one.
    fn make_room(&mut self) -> bool {
        let Some((key, number)) = self.order.pop_front() else { return false };
        match self.entries.get_mut(&key).filter(|entry| entry.number == number) {
            Some(entry) if entry.is_used => {
                entry.is_used = false;
                self.order.push_back((key, number));
            }
            Some(entry) => {
                self.weight -= entry.weight;
                self.entries.remove(&key);
            }
            None => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes_by_its_age() {
        let mut kept = Kept::new(10);
        for key in 0..5 {
            kept.keep(key, key * 10, 2);
        }
        assert_eq!(kept.get(&0), Some(0));
        kept.keep(5, 50, 4);
        let present: Vec<_> = (0..6).filter(|key| kept.get(key).is_some()).collect();
        assert_eq!(present, [0, 3, 4, 5]);
        kept.keep(6, 60, 11);
        assert_eq!(kept.get(&6), None);
        kept.keep(7, 70, 10);
        assert_eq!((kept.get(&7), kept.entries.len(), kept.weight), (Some(70), 1, 10));
    }

    #[test]
    fn a_key_that_comes_and_goes_takes_no_room() {
        let mut kept = Kept::new(10);
        kept.keep(1, 1, 1);
        for value in 0..100 {
            kept.keep(2, value, 9);
            kept.forget(&2);
        }
        kept.keep(2, 100, 1);
        kept.keep(2, 101, 2);
        assert_eq!((kept.get(&2), kept.get(&1), kept.weight), (Some(101), Some(1), 3));
        assert!(kept.order.len() < 10, "{:?}", kept.order);
    }
}
