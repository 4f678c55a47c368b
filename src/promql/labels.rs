//! The labels of a series, its name among them.

use std::fmt;
use std::sync::Arc;

/// The label that holds the name of a series.
pub const NAME: &str = "__name__";
/// The label that holds the upper bound of a histogram's bucket.
pub const BUCKET: &str = "le";

type Pair = (Arc<str>, Arc<str>);

/// Pairs in the order of their names. A label that is empty is the same as none, so there are no empty ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[Pair]>);

impl Labels {
    /// The last of several values of one name counts.
    pub fn new(pairs: impl IntoIterator<Item = Pair>) -> Self {
        let mut sorted: Vec<Pair> = Vec::new();
        for (name, value) in pairs {
            match sorted.binary_search_by(|(known, _)| known.cmp(&name)) {
                Ok(at) => sorted[at].1 = value,
                Err(at) => sorted.insert(at, (name, value)),
            }
        }
        sorted.retain(|(_, value)| !value.is_empty());
        Self(sorted.into())
    }

    pub fn of(pairs: &[(&str, &str)]) -> Self {
        Self::new(pairs.iter().map(|(name, value)| (Arc::from(*name), Arc::from(*value))))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// The value under a name; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.binary_search_by(|(known, _)| known.as_ref().cmp(name));
        found.map_or("", |at| &self.0[at].1)
    }

    /// The labels of which this holds.
    pub fn retained(&self, keep: impl Fn(&str) -> bool) -> Self {
        if self.0.iter().all(|(name, _)| keep(name)) {
            return self.clone();
        }
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// Without the name of the series: what is computed from it is something else.
    pub fn unnamed(&self) -> Self {
        self.retained(|name| name != NAME)
    }

    /// With another value under a name; an empty one takes the label away.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut pairs = self.0.to_vec();
        match (pairs.binary_search_by(|(known, _)| known.as_ref().cmp(name)), value.is_empty()) {
            (Ok(at), true) => drop(pairs.remove(at)),
            (Ok(at), false) => pairs[at].1 = value.into(),
            (Err(_), true) => {}
            (Err(at), false) => pairs.insert(at, (name.into(), value.into())),
        }
        Self(pairs.into())
    }
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
    }

    #[test]
    fn names_of_labels_have_letters_digits_and_underlines() {
        assert!(is_label_name("_a1") && is_label_name("__name__"));
        assert!(["", "1a", "a:b", "a-b", "é"].into_iter().all(|text| !is_label_name(text)));
    }
}
