//! Which members of an object say what it is about, so that its numbers become series with labels.
//!
//! For the types that are known, the identifying members are listed. In other documents, and in objects of known
//! documents that have none of these members, every short string is a label.

use std::borrow::Cow;

use super::scan::{self, Kind};
use crate::limits;

/// The identifying members of the objects in documents of `kind`, whether they are strings or numbers.
/// `None` for a type that is not known.
fn identifying(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "agent" => &[],
        "pg_stats" => &["database", "schema", "name", "table"],
        "pg_query_stats" => &["database", "hash"],
        "pg_log" => &["database", "level"],
        "sysstat" => &["device", "interface", "cpu"],
        "disk_usage" => &["device", "mount"],
        "pg_replication" => &[
            "slot_name",
            "slot_type",
            "application_name",
            "client_addr",
            "usename",
            "subscription_name",
            "database",
        ],
        "pg_locks" => &["database", "schema", "table", "locktype", "mode", "username"],
        "pg_connections" => &["database", "state", "username", "application_name", "client_address"],
        "pg_cache" | "pg_bloat" => &["database", "schema", "table", "name", "index", "index_name"],
        "pg_schema" | "pg_extensions" => &["database", "schema", "table", "name"],
        _ => return None,
    })
}

/// What stands beside the numbers of every document and identifies none of them.
const ENVELOPE: [&str; 2] = ["type", "timestamp"];

/// The rule for the documents of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rule {
    identifying: Option<&'static [&'static str]>,
}

impl Rule {
    /// Rows of objects are what any sender may push under any type, so their strings are all labels.
    pub(super) fn of(kind: &str, row_shaped: bool) -> Self {
        Self { identifying: if row_shaped { None } else { identifying(kind) } }
    }

    /// The members that are labels of the object with these members.
    pub(super) fn labels<'a>(
        self,
        members: &'a [(Cow<'a, str>, &'a str)],
        outermost: bool,
    ) -> Vec<(&'a str, Cow<'a, str>)> {
        if let Some(identifying) = self.identifying {
            let labels = named(members, identifying);
            if outermost || !labels.is_empty() {
                return labels;
            }
        }
        short_strings(members, if outermost { &ENVELOPE } else { &[] })
    }

    /// Whether any short string would be a label of the object with these members.
    pub(super) fn is_open(self, members: &[(Cow<'_, str>, &str)], outermost: bool) -> bool {
        let named = |names| outermost || !named(members, names).is_empty();
        !self.identifying.is_some_and(named)
    }
}

fn named<'a>(members: &'a [(Cow<'a, str>, &'a str)], names: &[&str]) -> Vec<(&'a str, Cow<'a, str>)> {
    let identifies = |key: &str, value: &str| match Kind::of(value.as_bytes().first().copied().unwrap_or(0)) {
        Some(Kind::String) => names.contains(&key),
        // the hash of a query is the one number that identifies
        Some(Kind::Number) => key == "hash" && names.contains(&key),
        _ => false,
    };
    let found = members.iter().filter(|(key, value)| identifies(key, value));
    found.map(|(key, value)| (key.as_ref(), scan::string(value))).collect()
}

fn short_strings<'a>(
    members: &'a [(Cow<'a, str>, &'a str)],
    envelope: &[&str],
) -> Vec<(&'a str, Cow<'a, str>)> {
    let strings = members.iter().filter(|(key, value)| {
        let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        inner.is_some_and(is_label) && !envelope.contains(&key.as_ref())
    });
    strings.map(|(key, value)| (key.as_ref(), scan::string(value))).collect()
}

/// Whether a string is short and says something that lasts, by what stands between its quotes.
pub(super) fn is_label(inner: &str) -> bool {
    inner.len() <= limits::LABEL_BYTES && !inner.is_empty() && !is_moment(&scan::unescaped(inner))
}

/// Dates and positions in the write-ahead log change every time: as labels they would make a series a sample.
fn is_moment(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_date = bytes.len() >= 10
        && bytes.iter().take(10).enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let is_hexadecimal = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_date || text.split_once('/').is_some_and(|(high, low)| is_hexadecimal(high) && is_hexadecimal(low))
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;

    fn labels(kind: &str, object: &str, outermost: bool) -> Vec<String> {
        let tree = Tree::parse(object, 0, 0).unwrap();
        let members: Vec<_> =
            tree.parts(Tree::ROOT).map(|part| (scan::unescaped(tree.key(part)), tree.raw(part))).collect();
        let labels = Rule::of(kind, false).labels(&members, outermost);
        labels.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn a_known_type_has_its_own_labels() {
        let table = r#"{"schema":"public","name":"orders","live_tuples":1,"last_vacuum":"2026-11-20 15:00"}"#;
        assert_eq!(labels("pg_stats", table, false), ["schema=public", "name=orders"]);
        let query = r#"{"hash":-62253409377,"text":"select 1","calls":1}"#;
        assert_eq!(labels("pg_query_stats", query, false), ["hash=-62253409377"]);
        let filesystem = r#"{"device":"/dev/vda","mount":"","total_gb":1}"#;
        assert_eq!(labels("disk_usage", filesystem, false), ["device=/dev/vda", "mount="]);
        let whole = r#"{"type":"pg_locks","hostname":"h","collector_id":"c"}"#;
        assert!(labels("pg_locks", whole, true).is_empty());
    }

    #[test]
    fn in_other_documents_every_short_string_is_a_label_but_moments_are_not() {
        let long = "q".repeat(limits::LABEL_BYTES + 1);
        let object = format!(
            r#"{{"type":"x","timestamp":"t","zone":"eu","at":"2026-11-20T15:00:00Z","lsn":"16/B374D848","none":"","q":"{long}"}}"#
        );
        assert_eq!(labels("weather", &object, true), ["zone=eu"]);
        assert_eq!(labels("weather", r#"{"type":"cloud","n":1}"#, false), ["type=cloud"]);
        assert_eq!(labels("pg_bloat", r#"{"relation":"orders","n":1}"#, false), ["relation=orders"]);
    }
}
