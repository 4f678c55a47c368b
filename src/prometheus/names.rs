//! Under which names and labels a stored series is found.
//!
//! Every series has a name made from its own by one rule; the well-known ones have those of the exporters as well.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::known::{KNOWN, Known, Value};
use crate::promql::NAME;

/// The labels that the registry adds.
pub const OF_REGISTRY: [&str; 4] = ["collector", "collector_id", "environment", "group"];
/// The type whose rows are named by the view that they come from.
const ROWS: &str = "pg_stats.rows.";
const SOURCE: &str = "source";
/// Labels of such rows, and what the exporter of PostgreSQL calls them.
const ROW_LABELS: [(&str, &str); 4] =
    [("database", "datname"), ("schema", "schemaname"), ("table", "relname"), ("index", "indexrelname")];

/// One name of a stored series.
#[derive(Debug, PartialEq)]
pub struct Identity {
    /// Of several series with the same labels, the one with the lowest rank has the say.
    pub rank: usize,
    /// With the name among them.
    pub labels: Vec<(String, String)>,
    pub value: Value,
}

/// A name that the query language takes: letters, digits and underlines.
pub fn valid(text: &str) -> String {
    let valid: String = letters(text).collect();
    if valid.starts_with(|first: char| first.is_ascii_digit()) { format!("_{valid}") } else { valid }
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
}

/// Whether the name of a series of documents of this type may be `name` by the rule.
pub fn may_be_of(name: &str, kind: &str) -> bool {
    let rest = name.strip_prefix(&valid(kind));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Whether rows of documents of this type may have that name by the view that they come from.
pub fn may_be_row_of(name: &str, kind: &str) -> bool {
    ROWS.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.')) && name.starts_with("pg_")
}

/// Whether a series has this name among its own.
pub fn can_be(series: &str, labels: &[(&str, &str)], name: &str) -> bool {
    let by_rule = if series.starts_with(|first: char| first.is_ascii_digit()) {
        name.strip_prefix('_').is_some_and(|name| letters(series).eq(name.chars()))
    } else {
        letters(series).eq(name.chars())
    };
    let by_view = || {
        row_of(series, labels).is_some_and(|(source, column)| {
            letters(source).chain(['_']).chain(letters(column)).eq(name.chars())
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

/// View and column of a series that is one of a row of a view of PostgreSQL.
fn row_of<'a>(series: &'a str, labels: &[(&str, &'a str)]) -> Option<(&'a str, &'a str)> {
    let column = series.strip_prefix(ROWS)?;
    let (_, source) = labels.iter().find(|(name, source)| *name == SOURCE && source.starts_with("pg_"))?;
    Some((source, column))
}

/// A label's name, told apart from those that the registry adds.
fn label(name: &str) -> String {
    let name = valid(name);
    if OF_REGISTRY.contains(&name.as_str()) || name == NAME { format!("exported_{name}") } else { name }
}

/// All names of a series.
pub fn identities(series: &str, labels: &[(&str, &str)]) -> Vec<Identity> {
    let own = labels.iter().map(|(name, value)| (label(name), (*value).to_owned()));
    let own = own.chain([(NAME.to_owned(), valid(series))]).collect();
    let mut all = vec![Identity { rank: 0, labels: own, value: Value::Times(1.0) }];
    let known = known_of(series).iter();
    all.extend(known.filter_map(|rank| well_known(*rank, &KNOWN[*rank], labels)));
    all.extend(row(series, labels));
    all
}

fn well_known(rank: usize, known: &Known, labels: &[(&str, &str)]) -> Option<Identity> {
    if !known.when.iter().all(|condition| labels.contains(condition)) {
        return None;
    }
    let is_told = |name: &str| !known.when.iter().any(|(told, _)| *told == name);
    let renamed = labels.iter().filter(|(name, _)| is_told(name)).filter_map(|(name, value)| {
        let theirs = known.labels.iter().find(|(ours, _)| ours == name).map(|(_, theirs)| *theirs);
        // renamed to nothing, it goes
        let name =
            theirs.map_or_else(|| Some(label(name)), |name| (!name.is_empty()).then(|| name.to_owned()))?;
        Some((name, (*value).to_owned()))
    });
    let fixed = known.fixed.iter().copied().chain([(NAME, known.name)]);
    let fixed = fixed.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Some(Identity { rank, labels: renamed.chain(fixed).collect(), value: known.value })
}

/// A row of a view of PostgreSQL: the view and the column.
fn row(series: &str, labels: &[(&str, &str)]) -> Option<Identity> {
    let (source, column) = row_of(series, labels)?;
    let theirs = |name: &str| ROW_LABELS.iter().find(|(ours, _)| *ours == name).map(|(_, theirs)| *theirs);
    let renamed = labels
        .iter()
        .filter(|(name, _)| *name != SOURCE)
        .map(|(name, value)| (theirs(name).map_or_else(|| label(name), str::to_owned), (*value).to_owned()));
    let named = (NAME.to_owned(), valid(&format!("{source}_{column}")));
    Some(Identity { rank: KNOWN.len(), labels: renamed.chain([named]).collect(), value: Value::Times(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(series: &str, labels: &[(&str, &str)]) -> Vec<String> {
        let text = |identity: Identity| {
            let pairs = identity.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let labels = crate::promql::Labels::of(&pairs.collect::<Vec<_>>());
            match identity.value {
                Value::Times(factor) => format!("{labels} * {factor}"),
                Value::One => format!("{labels} = 1"),
            }
        };
        identities(series, labels).into_iter().map(text).collect()
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
            for identity in identities(series, labels) {
                let (_, name) = identity.labels.iter().find(|(label, _)| label == NAME).unwrap();
                assert!(can_be(series, labels, name), "{series} {name}");
            }
            assert!(!can_be(series, labels, "another"));
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
