//! What a selector asks of the metric store: which collectors, and which of their series.

use std::collections::HashMap;
use std::sync::Arc;

use super::known::KNOWN;
use super::names::{self, Naming, OF_REGISTRY};
use crate::metrics::{SeriesLabels, Wanted};
use crate::promql::{Condition, Labels, Matcher, NAME};

/// The conditions of a selector on what documents say; those on the registry's labels choose collectors before.
pub(super) struct Wish {
    matchers: Arc<[Matcher]>,
    /// Values that must be among the labels of an object.
    needed: Box<[String]>,
    /// The names that fit of the stored names met so far, for each view that rows come from.
    namings: Vec<HashMap<Arc<str>, Arc<[Naming]>>>,
    /// The places of views among them, and the view that was met last: series of one come one behind the other.
    views: HashMap<String, usize>,
    last: (String, usize),
}

impl Wish {
    pub(super) fn new(matchers: &Arc<[Matcher]>) -> Self {
        let needed = matchers.iter().filter(|matcher| is_own(&matcher.label)).filter_map(needed).collect();
        // what is no row of a view comes from none
        let (views, last) = (HashMap::from([(String::new(), 0)]), (String::new(), 0));
        Self { matchers: Arc::clone(matchers), needed, namings: vec![HashMap::new()], views, last }
    }

    /// Whether a collector with these labels can have such series.
    pub(super) fn concerns_collector(&self, labels: &Labels) -> bool {
        let of_registry = self.matchers.iter().filter(|matcher| is_of_registry(&matcher.label));
        of_registry.into_iter().all(|matcher| matcher.fits(labels.get(&matcher.label)))
    }

    /// The names of a stored series that fit by themselves.
    pub(super) fn namings(&mut self, series: &Arc<str>, labels: &SeriesLabels) -> Arc<[Naming]> {
        let view = names::view_of(series, labels);
        let of_view = self.place_of(view.unwrap_or_default());
        if let Some(known) = self.namings[of_view].get(series) {
            return Arc::clone(known);
        }
        let mut all = names::namings(series, view);
        all.retain(|naming| self.names().all(|matcher| matcher.fits(&naming.name)));
        let fitting: Arc<[_]> = all.into();
        self.namings[of_view].insert(Arc::clone(series), Arc::clone(&fitting));
        fitting
    }

    fn place_of(&mut self, view: &str) -> usize {
        if self.last.0 != view {
            let next = self.namings.len();
            let place = *self.views.entry(view.to_owned()).or_insert(next);
            if place == next {
                self.namings.push(HashMap::new());
            }
            self.last = (view.to_owned(), place);
        }
        self.last.1
    }

    /// Whether a series fits under a name that does, as far as its own labels tell.
    pub(super) fn fits(&self, naming: &Naming, labels: &SeriesLabels) -> bool {
        let value = |label: &str| {
            let found = naming.labels(labels).filter(|(name, _)| name == label).last();
            found.map_or("", |(_, value)| value)
        };
        let own = self.matchers.iter().filter(|matcher| is_own(&matcher.label));
        naming.is_of(labels) && own.into_iter().all(|matcher| matcher.fits(value(&matcher.label)))
    }

    fn names(&self) -> impl Iterator<Item = &Matcher> {
        self.matchers.iter().filter(|matcher| matcher.label == NAME)
    }
}

fn is_of_registry(label: &str) -> bool {
    OF_REGISTRY.contains(&label)
}

/// Whether documents say it, and not its name.
fn is_own(label: &str) -> bool {
    label != NAME && !is_of_registry(label)
}

/// The value that an object must have for a series of it to fit, unless names bring it.
fn needed(matcher: &Matcher) -> Option<String> {
    match &matcher.condition {
        Condition::Is(value) if !value.is_empty() && !names::bring(value) => Some(value.clone()),
        _ => None,
    }
}

impl Wanted for Wish {
    fn concerns(&self, kind: &str) -> bool {
        let by_rule = |name: &str| names::may_be_of(name, kind) || names::may_be_row_of(name, kind);
        let can_have = |matcher: &Matcher| match &matcher.condition {
            Condition::Is(name) => by_rule(name),
            // patterns are tried on the series themselves
            Condition::IsNot(_) | Condition::Like(_) | Condition::Unlike(_) => true,
        };
        let is_of_kind = |of: &str| of.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.'));
        let well_known = || {
            let of_kind = KNOWN.iter().filter(|known| is_of_kind(known.of));
            of_kind.into_iter().any(|known| self.names().all(|matcher| matcher.fits(known.name)))
        };
        self.names().all(can_have) || well_known()
    }

    fn can_want(&self, name: &str) -> bool {
        self.names().all(|matcher| match &matcher.condition {
            Condition::Is(wanted) => names::can_be(name, wanted),
            Condition::IsNot(_) | Condition::Like(_) | Condition::Unlike(_) => true,
        })
    }

    fn can_have(&self, is_value: &dyn Fn(&str) -> bool) -> bool {
        self.needed.iter().all(|needed| is_value(needed))
    }

    fn wants(&mut self, name: &Arc<str>, labels: &Arc<SeriesLabels>) -> bool {
        self.namings(name, labels).iter().any(|naming| self.fits(naming, labels))
    }
}

/// What any of several wishes wants.
pub(super) struct Wishes(pub(super) Vec<Wish>);

impl Wanted for Wishes {
    fn concerns(&self, kind: &str) -> bool {
        self.0.iter().any(|wish| wish.concerns(kind))
    }

    fn can_want(&self, name: &str) -> bool {
        self.0.iter().any(|wish| wish.can_want(name))
    }

    fn can_have(&self, is_value: &dyn Fn(&str) -> bool) -> bool {
        self.0.iter().any(|wish| wish.can_have(is_value))
    }

    fn wants(&mut self, name: &Arc<str>, labels: &Arc<SeriesLabels>) -> bool {
        self.0.iter_mut().any(|wish| wish.wants(name, labels))
    }
}
