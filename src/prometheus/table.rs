//! The names as a page: `docs/metric-names.md` is a copy of it, held by a test.

use std::fmt::Write as _;

use super::known::{KNOWN, Known, Value};

const HEAD: &str = "\
# Metric names

Under which names the Prometheus API (see [api.md](api.md)) finds what collectors push. This page is made from the
code; `make openapi` writes it anew.

## The rule

Every number in a document is a series. Its name is the document's type and the path to the number, joined by `_`;
whatever is no letter or digit becomes `_` as well: `pg_stats.tables.live_tuples` is `pg_stats_tables_live_tuples`.

Its labels are the strings that identify the objects around it (`database`, `schema`, `name`, ...), and four that the
registry adds: `collector` (its name), `collector_id`, `environment` and `group`. They are as they are now: a collector
that was renamed has its new name at all times. A label of a document that is called like one of these four is found
with `exported_` before it.

Rows of type `pg_stats` that say from which view they come (`source`) are named by view and column as well:
`pg_stats.rows.seq_scan` with `source=\"pg_stat_user_tables\"` is `pg_stat_user_tables_seq_scan`, with the labels
`datname`, `schemaname`, `relname` and `indexrelname`.

Of several numbers of one series at one moment, the last one that was pushed counts.

## Names of the exporters

The well-known ones have, besides, the names that postgres_exporter and node_exporter give them, so that public
dashboards work. Labels that are not named here stay as they are. Where two lines have one name, they are for different
senders.

A server that does not answer sends nothing: `pg_up` is 1 or absent, and never 0.

| Name | Type | Of | Labels | Times | What it is |
|---|---|---|---|---|---|
";

/// The text of the page.
pub fn table() -> String {
    let mut text = HEAD.to_owned();
    for known in &KNOWN {
        let Known { name, of, help, kind, .. } = known;
        let kind = kind.as_str();
        // writing to a string does not fail
        let _ = writeln!(
            text,
            "| `{name}` | {kind} | {} | {} | {} | {help} |",
            of_column(of, known),
            labels_column(known),
            value_column(known)
        );
    }
    text
}

fn of_column(of: &str, known: &Known) -> String {
    let conditions: Vec<_> = known.when.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    if conditions.is_empty() { format!("`{of}`") } else { format!("`{of}{{{}}}`", conditions.join(",")) }
}

fn labels_column(known: &Known) -> String {
    let renamed = known.labels.iter().map(|(ours, theirs)| match *theirs {
        "" => format!("without `{ours}`"),
        theirs => format!("`{theirs}` ({ours})"),
    });
    let fixed = known.fixed.iter().map(|(name, value)| format!("`{name}=\"{value}\"`"));
    renamed.chain(fixed).collect::<Vec<_>>().join(", ")
}

fn value_column(known: &Known) -> String {
    match known.value {
        Value::Times(factor) if (factor - 1.0).abs() < f64::EPSILON => String::new(),
        Value::Times(factor) => factor.to_string(),
        Value::One => "always 1".to_owned(),
    }
}
