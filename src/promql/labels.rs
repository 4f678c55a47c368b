//! The labels of a series, its name among them.

use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, LazyLock};

/// The label that holds the name of a series.
pub const NAME: &str = "__name__";
/// The label that holds the upper bound of a histogram's bucket.
pub const BUCKET: &str = "le";

type Pair = (Arc<str>, Arc<str>);

/// Pairs in the order of their names. A label that is empty is the same as none, so there are no empty ones. The series
/// of one object differ in their name and share the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels {
    name: Option<Arc<str>>,
    others: Arc<[Pair]>,
}

/// By names and values in their order. Series share texts, and those that they share need not be looked at.
impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        let of_names = match (self.first_name(), other.first_name()) {
            (Some(one), Some(other)) => of_texts(one, other),
            (None, None) if self.name.is_none() && other.name.is_none() => Ordering::Equal,
            _ => return compared(self.pairs(), other.pairs()),
        };
        of_names.then_with(|| compared(self.others.iter().map(apart), other.others.iter().map(apart)))
    }
}

fn compared<'a>(
    mut one: impl Iterator<Item = (&'a Arc<str>, &'a Arc<str>)>,
    mut other: impl Iterator<Item = (&'a Arc<str>, &'a Arc<str>)>,
) -> Ordering {
    loop {
        let order = match (one.next(), other.next()) {
            (Some(one), Some(other)) => of_texts(one.0, other.0).then_with(|| of_texts(one.1, other.1)),
            (one, other) => return one.is_some().cmp(&other.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn of_texts(one: &Arc<str>, other: &Arc<str>) -> Ordering {
    if Arc::ptr_eq(one, other) { Ordering::Equal } else { one.cmp(other) }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Labels {
    /// The last of several values of one name counts.
    pub fn new(pairs: impl IntoIterator<Item = Pair>) -> Self {
        let (mut own, mut sorted) = (None, Vec::<Pair>::new());
        for (name, value) in pairs {
            match sorted.binary_search_by(|(known, _)| known.cmp(&name)) {
                _ if *name == *NAME => own = Some(value),
                Ok(at) => sorted[at].1 = value,
                Err(at) => sorted.insert(at, (name, value)),
            }
        }
        sorted.retain(|(_, value)| !value.is_empty());
        Self { name: own.filter(|name| !name.is_empty()), others: sorted.into() }
    }

    pub fn of(pairs: &[(&str, &str)]) -> Self {
        Self::new(pairs.iter().map(|(name, value)| (Arc::from(*name), Arc::from(*value))))
    }

    /// With other labels, which count where both have one.
    pub fn joined<'a>(&self, others: impl Iterator<Item = (impl AsRef<str>, &'a str)>) -> Self {
        let others = others.map(|(name, value)| (Arc::from(name.as_ref()), Arc::from(value)));
        let own = self.pairs().map(|(name, value)| (Arc::clone(name), Arc::clone(value)));
        Self::new(own.chain(others))
    }

    /// With a name, which is not empty, in the place of its own.
    pub fn named(&self, name: &Arc<str>) -> Self {
        Self { name: Some(Arc::clone(name)), others: Arc::clone(&self.others) }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    fn pairs(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        static LABEL: LazyLock<Arc<str>> = LazyLock::new(|| NAME.into());
        let (before, behind) =
            self.others.split_at(self.others.partition_point(|(known, _)| **known < *NAME));
        let name = self.name.iter().map(|name| (&*LABEL, name));
        before.iter().map(apart).chain(name).chain(behind.iter().map(apart))
    }

    /// The name, where it stands first: before it there are only labels that begin with a capital or a digit.
    fn first_name(&self) -> Option<&Arc<str>> {
        self.name.as_ref().filter(|_| self.others.first().is_none_or(|(first, _)| **first > *NAME))
    }

    /// The value under a name; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        if name == NAME {
            return self.name.as_deref().unwrap_or_default();
        }
        let found = self.others.binary_search_by(|(known, _)| known.as_ref().cmp(name));
        found.map_or("", |at| &self.others[at].1)
    }

    /// The labels of which this holds.
    pub fn retained(&self, keep: impl Fn(&str) -> bool) -> Self {
        let name = self.name.clone().filter(|_| keep(NAME));
        let all = self.others.iter().all(|(name, _)| keep(name));
        let kept = || self.others.iter().filter(|(name, _)| keep(name)).cloned().collect();
        Self { name, others: if all { Arc::clone(&self.others) } else { kept() } }
    }

    /// Without the name of the series: what is computed from it is something else.
    pub fn unnamed(&self) -> Self {
        Self { name: None, others: Arc::clone(&self.others) }
    }

    /// With another value under a name; an empty one takes the label away.
    pub fn with(&self, name: &str, value: &str) -> Self {
        if name == NAME {
            let name = (!value.is_empty()).then(|| value.into());
            return Self { name, others: Arc::clone(&self.others) };
        }
        let mut pairs = self.others.to_vec();
        match (pairs.binary_search_by(|(known, _)| known.as_ref().cmp(name)), value.is_empty()) {
            (Ok(at), true) => drop(pairs.remove(at)),
            (Ok(at), false) => pairs[at].1 = value.into(),
            (Err(_), true) => {}
            (Err(at), false) => pairs.insert(at, (name.into(), value.into())),
        }
        Self { name: self.name.clone(), others: pairs.into() }
    }
}

fn apart((name, value): &Pair) -> (&Arc<str>, &Arc<str>) {
    (name, value)
}

/// As Prometheus writes a series: `name{label="value"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get(NAME))?;
        let others: Vec<_> = self.iter().filter(|(name, _)| *name != NAME).collect();
        if others.is_empty() && !self.get(NAME).is_empty() {
            return Ok(());
        }
        let pairs: Vec<_> = others.into_iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        write!(f, "{{{}}}", pairs.join(", "))
    }
}

/// Whether a text may be the name of a label.
pub fn is_label_name(text: &str) -> bool {
    let mut letters = text.bytes();
    let first = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    first && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_sorted_and_what_is_empty_is_absent() {
        let labels = Labels::of(&[("b", "1"), (NAME, "up"), ("c", ""), ("b", "2")]);
        assert_eq!(labels.to_string(), r#"up{b="2"}"#);
        assert_eq!((labels.get("b"), labels.get("c")), ("2", ""));
        assert_eq!(labels.with("a", "x").with("b", "").unnamed().to_string(), r#"{a="x"}"#);
        assert_eq!(labels.with("b", "").to_string(), "up");
        assert_eq!(labels.retained(|name| name == "b"), Labels::of(&[("b", "2")]));
        assert_eq!(Labels::default().to_string(), "{}");
        let own = Labels::of(&[("a", "1"), ("A", "2")]).joined([("a", "3"), ("c", "")].into_iter());
        let named = own.named(&"up".into());
        assert_eq!((named.get(NAME), named.get("A"), named.get("a")), ("up", "2", "3"));
        assert_eq!(named.unnamed(), own);
        assert!(named < own && named < own.named(&"upper".into()) && Labels::default() < own);
        let plain = Labels::of(&[(NAME, "up"), ("a", "1")]);
        assert!(named < plain && Labels::of(&[(NAME, "up")]) < plain && plain < plain.with("a", "2"));
        assert!(plain < Labels::of(&[(NAME, "upper")]) && plain == plain.clone() && plain < plain.unnamed());
    }

    #[test]
    fn names_of_labels_have_letters_digits_and_underlines() {
        assert!(is_label_name("_a1") && is_label_name("__name__"));
        assert!(["", "1a", "a:b", "a-b", "é"].into_iter().all(|text| !is_label_name(text)));
    }
}
