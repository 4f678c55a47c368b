//! Under which names and labels a stored series is found.
//!
//! Every series has a name made from its own by one rule; the well-known ones have those of the exporters as well.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::known::{KNOWN, Known, Pairs, Value};
use crate::metrics::SeriesLabels;
use crate::promql::NAME;

/// The labels that the registry adds.
pub const OF_REGISTRY: [&str; 4] = ["collector", "collector_id", "environment", "group"];
/// The type whose rows are named by the view that they come from.
const ROWS: &str = "pg_stats.rows.";
const SOURCE: &str = "source";
/// How the names of such views begin.
const OF_POSTGRES: &str = "pg_";
/// Labels of rows, and what the exporter of PostgreSQL calls them; the view is in the name.
const VIEW_LABELS: Pairs = &[
    (SOURCE, ""),
    ("database", "datname"),
    ("schema", "schemaname"),
    ("table", "relname"),
    ("index", "indexrelname"),
];

/// A name of stored series, and what becomes of them under it.
#[derive(Clone, Debug)]
pub struct Naming {
    pub name: Arc<str>,
    /// Of several series with the same labels, the one with the lowest rank has the say.
    pub rank: usize,
    pub value: Value,
    /// Labels that a series must have, and loses.
    when: Pairs,
    /// Labels, and what they are called instead; nothing where they go.
    labels: Pairs,
    /// Labels that it has besides.
    fixed: Pairs,
}

impl Naming {
    fn new(name: &str, rank: usize, labels: Pairs) -> Self {
        Self { name: name.into(), rank, value: Value::Times(1.0), when: &[], labels, fixed: &[] }
    }

    /// Whether series with these labels have the name.
    pub fn is_of(&self, labels: &SeriesLabels) -> bool {
        self.when.iter().all(|(name, value)| labels.get(*name).is_some_and(|own| own == value))
    }

    /// The labels of a series under this name, but for the name itself. The last one of several counts.
    pub fn labels<'a>(
        &'a self,
        labels: &'a SeriesLabels,
    ) -> impl Iterator<Item = (Cow<'a, str>, &'a str)> + 'a {
        let own = labels.iter().filter_map(|(name, value)| Some((self.called(name)?, value.as_str())));
        own.chain(self.fixed.iter().map(|(name, value)| (Cow::Borrowed(*name), *value)))
    }

    fn called<'a>(&self, name: &'a str) -> Option<Cow<'a, str>> {
        if self.when.iter().any(|(told, _)| *told == name) {
            return None;
        }
        let theirs = self.labels.iter().find(|(ours, _)| *ours == name).map(|(_, theirs)| *theirs);
        match theirs {
            None => Some(label(name)),
            Some("") => None,
            Some(theirs) => Some(Cow::Borrowed(theirs)),
        }
    }

    /// Whether the labels of a series are the same under another name.
    pub fn labels_like(&self, other: &Self) -> bool {
        std::ptr::eq(self.when, other.when)
            && std::ptr::eq(self.labels, other.labels)
            && std::ptr::eq(self.fixed, other.fixed)
    }
}

/// A name that the query language takes: letters, digits and underlines.
pub fn valid(text: &str) -> String {
    let valid: String = letters(text).collect();
    if valid.starts_with(|first: char| first.is_ascii_digit()) { format!("_{valid}") } else { valid }
}

fn letters(text: &str) -> impl DoubleEndedIterator<Item = char> {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
}

/// Whether the name of a series of documents of this type may be `name` by the rule.
pub fn may_be_of(name: &str, kind: &str) -> bool {
    let rest = name.strip_prefix(&valid(kind));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Whether rows of documents of this type may have that name by the view that they come from.
pub fn may_be_row_of(name: &str, kind: &str) -> bool {
    ROWS.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.')) && name.starts_with(OF_POSTGRES)
}

/// Whether a series can have this name among its own, by some labels.
pub fn can_be(series: &str, name: &str) -> bool {
    let by_rule = if series.starts_with(|first: char| first.is_ascii_digit()) {
        name.strip_prefix('_').is_some_and(|name| letters(series).eq(name.chars()))
    } else {
        letters(series).eq(name.chars())
    };
    let by_view = || {
        let column = series.strip_prefix(ROWS).filter(|_| name.starts_with(OF_POSTGRES));
        column.is_some_and(|column| {
            let mut rest = name.chars().rev();
            letters(column).rev().all(|letter| rest.next() == Some(letter)) && rest.next() == Some('_')
        })
    };
    by_rule || by_view() || known_of(series).iter().any(|rank| KNOWN[*rank].name == name)
}

/// The places of the well-known names of a series.
fn known_of(series: &str) -> &'static [usize] {
    static BY_SERIES: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
        let mut by_series = HashMap::<_, Vec<_>>::new();
        for (rank, known) in KNOWN.iter().enumerate() {
            by_series.entry(known.of).or_default().push(rank);
        }
        by_series
    });
    BY_SERIES.get(series).map_or(&[], Vec::as_slice)
}

/// The view of PostgreSQL that a series is named by, when it is one of its rows.
pub fn view_of<'a>(series: &str, labels: &'a SeriesLabels) -> Option<&'a str> {
    if !series.starts_with(ROWS) {
        return None;
    }
    labels.get(SOURCE).map(String::as_str).filter(|source| source.starts_with(OF_POSTGRES))
}

/// A label's name, told apart from those that the registry adds.
fn label(name: &str) -> Cow<'_, str> {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit());
    let valid = if is_plain { Cow::Borrowed(name) } else { Cow::Owned(valid(name)) };
    if OF_REGISTRY.contains(&valid.as_ref()) || valid == NAME {
        Cow::Owned(format!("exported_{valid}"))
    } else {
        valid
    }
}

/// Whether a label may have this value by a name, without a label of the series.
pub fn bring(value: &str) -> bool {
    KNOWN.iter().any(|known| known.fixed.iter().any(|(_, fixed)| *fixed == value))
}

/// All names that a series has by its own and by the view that it comes from.
pub fn namings(series: &str, view: Option<&str>) -> Vec<Naming> {
    let mut all = vec![Naming::new(&valid(series), 0, &[])];
    all.extend(known_of(series).iter().map(|rank| {
        let Known { name, when, labels, fixed, value, .. } = KNOWN[*rank];
        Naming { value, when, fixed, ..Naming::new(name, *rank, labels) }
    }));
    let column = series.strip_prefix(ROWS);
    all.extend(
        view.zip(column)
            .map(|(view, column)| Naming::new(&valid(&format!("{view}_{column}")), KNOWN.len(), VIEW_LABELS)),
    );
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(series: &str, labels: &[(&str, &str)]) -> (Vec<Naming>, SeriesLabels) {
        let own = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let own = own.collect();
        let mut namings = namings(series, view_of(series, &own));
        namings.retain(|naming| naming.is_of(&own));
        (namings, own)
    }

    fn all(series: &str, labels: &[(&str, &str)]) -> Vec<String> {
        let (namings, own) = of(series, labels);
        let text = |naming: &Naming| {
            let labels = crate::promql::Labels::default().joined(naming.labels(&own)).named(&naming.name);
            match naming.value {
                Value::Times(factor) => format!("{labels} * {factor}"),
                Value::One => format!("{labels} = 1"),
            }
        };
        namings.iter().map(text).collect()
    }

    #[test]
    fn every_series_has_a_name_by_the_rule() {
        let labels = [("zone", "eu"), ("group", "x"), ("1-a", "y")];
        assert_eq!(
            all("weather.süd.t-max", &labels),
            [r#"weather_s_d_t_max{_1_a="y", exported_group="x", zone="eu"} * 1"#]
        );
        assert_eq!(valid("9a"), "_9a");
        assert!(
            may_be_of("my_type_count", "my.type") && may_be_of("my", "my") && !may_be_of("my_type", "my.typ")
        );
    }

    #[test]
    fn a_name_is_known_without_the_labels_that_go_with_it() {
        for (series, labels) in [
            ("weather.süd.t-max", &[("zone", "eu")][..]),
            ("9a.b", &[]),
            ("pg_stats.transactions_committed", &[("database", "app")]),
            ("pg_stats.rows.seq_scan", &[("source", "pg_stat_user_tables")]),
            ("sysstat.rows.idle", &[("source", "cpu"), ("cpu", "cpu0")]),
        ] {
            for naming in of(series, labels).0 {
                assert!(can_be(series, &naming.name), "{series} {}", naming.name);
            }
            assert!(!can_be(series, "another") && !can_be(series, "pg_another"));
        }
    }

    #[test]
    fn a_well_known_one_has_the_name_of_the_exporter_too() {
        assert_eq!(
            all("pg_stats.transactions_committed", &[("database", "app")]),
            [
                r#"pg_stats_transactions_committed{database="app"} * 1"#,
                "pg_up = 1",
                r#"pg_stat_database_xact_commit{datname="app"} * 1"#,
            ]
        );
        assert_eq!(all("sysstat.memory.total_mb", &[])[1], "node_memory_MemTotal_bytes * 1048576");
        let cpu = all("sysstat.rows.idle", &[("source", "cpu"), ("cpu", "cpu0")]);
        assert_eq!(cpu[1], r#"node_cpu_seconds_total{cpu="cpu0", mode="idle"} * 1"#);
    }

    #[test]
    fn a_row_of_a_view_is_named_by_it() {
        let labels = [("source", "pg_stat_user_tables"), ("database", "app"), ("table", "orders")];
        assert_eq!(
            all("pg_stats.rows.seq_scan", &labels)[1],
            r#"pg_stat_user_tables_seq_scan{datname="app", relname="orders"} * 1"#
        );
        assert!(may_be_row_of("pg_stat_user_tables_seq_scan", "pg_stats"));
        assert!(!may_be_row_of("pg_stat_user_tables_seq_scan", "sysstat"));
    }
}
