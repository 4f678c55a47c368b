//! What a selector asks of the metric store: which collectors, and which of their series.

use std::sync::Arc;

use super::known::KNOWN;
use super::names::{self, Identity, OF_REGISTRY};
use crate::metrics::Wanted;
use crate::promql::{Condition, Labels, Matcher, NAME};

/// The conditions of a selector on what documents say; those on the registry's labels choose collectors before.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    matchers: Arc<[Matcher]>,
}

impl Wish {
    pub(super) fn new(matchers: &Arc<[Matcher]>) -> Self {
        Self { matchers: Arc::clone(matchers) }
    }

    /// Whether a collector with these labels can have such series.
    pub(super) fn concerns_collector(&self, labels: &Labels) -> bool {
        let of_registry = self.matchers.iter().filter(|matcher| is_of_registry(&matcher.label));
        of_registry.into_iter().all(|matcher| matcher.fits(labels.get(&matcher.label)))
    }

    /// Whether a name of a series fits, as far as its own labels tell.
    pub(super) fn fits(&self, identity: &Identity) -> bool {
        let value = |label: &str| {
            // the last one of a name counts
            let found = identity.labels.iter().rev().find(|(name, _)| name == label);
            found.map_or("", |(_, value)| value.as_str())
        };
        let own = self.matchers.iter().filter(|matcher| !is_of_registry(&matcher.label));
        own.into_iter().all(|matcher| matcher.fits(value(&matcher.label)))
    }

    fn names(&self) -> impl Iterator<Item = &Matcher> {
        self.matchers.iter().filter(|matcher| matcher.label == NAME)
    }
}

fn is_of_registry(label: &str) -> bool {
    OF_REGISTRY.contains(&label)
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

    fn wants(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        // most series are told apart by their names alone, and a collector has thousands
        let can_have = |matcher: &Matcher| match &matcher.condition {
            Condition::Is(wanted) => names::can_be(name, labels, wanted),
            Condition::IsNot(_) | Condition::Like(_) | Condition::Unlike(_) => true,
        };
        self.names().all(can_have)
            && names::identities(name, labels).iter().any(|identity| self.fits(identity))
    }
}
