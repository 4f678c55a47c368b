//! The series of one collector under their names: labels that many of them share are made once.

use std::collections::HashMap;
use std::sync::Arc;

use super::known::Value;
use super::names::Naming;
use super::wish::Wish;
use crate::metrics::{Series, SeriesLabels};
use crate::promql::Labels;

pub(super) struct Labelled<'m> {
    /// Those of the collector.
    member: &'m Labels,
    labels: Distinct<Labels>,
    names: Distinct<Arc<str>>,
    /// The one whose series came last.
    last: Option<Object>,
    entries: Vec<Entry>,
}

/// An object with the places of its labels under the names met so far.
struct Object {
    labels: Arc<SeriesLabels>,
    known: Vec<(Naming, u32)>,
}

/// One name of a series.
#[derive(Debug)]
pub(super) struct Entry {
    name: u32,
    labels: u32,
    rank: usize,
    /// Which of the series it is a name of.
    pub(super) of: usize,
    pub(super) value: Value,
}

impl<'m> Labelled<'m> {
    pub(super) fn new(member: &'m Labels) -> Self {
        Self {
            member,
            labels: Distinct::default(),
            names: Distinct::default(),
            last: None,
            entries: Vec::new(),
        }
    }

    /// Adds the names of a series that fit.
    pub(super) fn add(&mut self, of: usize, series: &Series, wish: &mut Wish) {
        for naming in wish.namings(&series.name, &series.labels).iter() {
            if wish.fits(naming, &series.labels) {
                let (name, labels) = (self.names.place(&naming.name), self.labels(naming, &series.labels));
                let Naming { rank, value, .. } = *naming;
                self.entries.push(Entry { name, labels, rank, of, value });
            }
        }
    }

    /// The place of the labels that an object has under a name. Its series come one behind the other.
    fn labels(&mut self, naming: &Naming, own: &Arc<SeriesLabels>) -> u32 {
        let mut object = match self.last.take() {
            Some(last) if Arc::ptr_eq(&last.labels, own) => last,
            _ => Object { labels: Arc::clone(own), known: Vec::new() },
        };
        let known = object.known.iter().find(|(known, _)| known.labels_like(naming));
        let place = if let Some((_, place)) = known {
            *place
        } else {
            let place = self.labels.place(&self.member.joined(naming.labels(own)));
            object.known.push((naming.clone(), place));
            place
        };
        self.last = Some(object);
        place
    }

    /// Shows everything that was added, by its labels, with those entries that have them: the one with the lowest rank
    /// first.
    pub(super) fn each<E>(self, mut see: impl FnMut(Labels, &[Entry]) -> Result<(), E>) -> Result<(), E> {
        let Self { labels, names, mut entries, .. } = self;
        let (name_ranks, label_ranks) = (names.ranks(), labels.ranks());
        let ranks = |entry: &Entry| (name_ranks[entry.name as usize], label_ranks[entry.labels as usize]);
        entries.sort_by_key(|entry| (ranks(entry), entry.rank));
        for same in entries.chunk_by(|one, next| ranks(one) == ranks(next)) {
            let (name, labels) = (&names.all[same[0].name as usize], &labels.all[same[0].labels as usize]);
            see(labels.named(name), same)?;
        }
        Ok(())
    }
}

/// Values, each once.
struct Distinct<T> {
    all: Vec<T>,
    places: HashMap<T, u32>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self { all: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Clone + Eq + Ord + std::hash::Hash> Distinct<T> {
    fn place(&mut self, value: &T) -> u32 {
        if let Some(place) = self.places.get(value) {
            return *place;
        }
        // as many as a query may find series
        let place = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(value.clone());
        self.places.insert(value.clone(), place);
        place
    }

    /// For each value its place in their order.
    fn ranks(&self) -> Vec<usize> {
        let mut in_order: Vec<_> = (0..self.all.len()).collect();
        in_order.sort_by(|one, other| self.all[*one].cmp(&self.all[*other]));
        let mut ranks = vec![0; in_order.len()];
        for (rank, place) in in_order.into_iter().enumerate() {
            ranks[place] = rank;
        }
        ranks
    }
}
