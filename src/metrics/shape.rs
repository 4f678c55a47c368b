//! A document taken apart: its shape, which names its series, and the row of its numbers.
//!
//! Successive documents of one type nearly always have the same shape, so a shape is stored once and a document
//! refers to it by its hash. The name of a series is type and path, ending with the member's key; its labels are
//! those of the objects around the number.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::bytes::{self, Reader};
use super::labels::Rule;
use super::number::Number;
use super::scan::{self, Kind};
use crate::limits;

/// Addresses a shape: the first half of its SHA-256.
pub(super) type ShapeHash = [u8; 16];

#[derive(Debug, PartialEq)]
pub(super) struct Parts {
    /// The shape as it is stored: the type, and for each object with numbers its path, its labels and the numbers' keys.
    pub(super) shape: Vec<u8>,
    /// The numbers in the order of the shape's keys.
    pub(super) numbers: Vec<Number>,
}

impl Parts {
    pub(super) fn hash(&self) -> ShapeHash {
        let mut hash = ShapeHash::default();
        hash.copy_from_slice(&crate::crypto::sha256(&self.shape)[..16]);
        hash
    }
}

/// The document has more numbers or more series than one may have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Takes apart the object `text`, a document of type `kind`.
pub(super) fn take_apart(kind: &str, text: &str) -> Result<Parts, TooLarge> {
    let row_shaped =
        scan::members(text).any(|(key, value)| key == "rows" && scan::kind(value) == Kind::Array);
    let mut walk = Walk {
        rule: Rule::of(kind, row_shaped),
        labels: Vec::new(),
        parts: Parts { shape: Vec::new(), numbers: Vec::new() },
    };
    // so that equal groups of two types are two shapes, each of which can be removed with its type
    bytes::put_text(&mut walk.parts.shape, kind);
    walk.object(kind, "", text)?;
    Ok(walk.parts)
}

/// A series: its name and labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    pub name: String,
    /// Shared by the numbers of one object.
    pub labels: Arc<BTreeMap<String, String>>,
}

/// The numbers of one object of a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group<'a> {
    pub(super) path: &'a str,
    pub(super) labels: Vec<(&'a str, &'a str)>,
    pub(super) keys: Vec<&'a str>,
    /// The group as it is stored, to tell groups apart without reading them.
    pub(super) bytes: &'a [u8],
}

impl<'a> Group<'a> {
    const NONE: Self = Self { path: "", labels: Vec::new(), keys: Vec::new(), bytes: &[] };

    /// Reads the next group into this one, whose room is used again.
    fn read(&mut self, reader: &mut Reader<'a>) -> Option<()> {
        let start = reader.0;
        self.path = reader.text()?;
        self.labels.clear();
        for _ in 0..reader.varint()? {
            self.labels.push((reader.text()?, reader.text()?));
        }
        self.keys.clear();
        for _ in 0..reader.varint()? {
            self.keys.push(reader.text()?);
        }
        self.bytes = start.get(..start.len() - reader.0.len())?;
        Some(())
    }

    /// Whether a series with this name stands under this key.
    pub(super) fn is_named(&self, key: &str, name: &str) -> bool {
        let Some(rest) = name.strip_prefix(self.path) else { return false };
        if key.is_empty() { rest.is_empty() } else { rest.strip_prefix('.') == Some(key) }
    }

    pub(super) fn series(&self, keys: impl Iterator<Item = &'a str>) -> Vec<Series> {
        let owned = self.labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let labels = Arc::new(owned.collect::<BTreeMap<_, _>>());
        keys.map(|key| Series { name: self.name(key).into_owned(), labels: Arc::clone(&labels) }).collect()
    }

    /// The name of the series under a key. An array's bare numbers have no key.
    pub(super) fn name(&self, key: &str) -> Cow<'a, str> {
        if key.is_empty() { Cow::Borrowed(self.path) } else { Cow::Owned(format!("{}.{key}", self.path)) }
    }
}

/// Shows the groups of a stored shape, in the order of the numbers. `None` means that the bytes are no shape.
pub(super) fn each_group<'a>(shape: &'a [u8], mut see: impl FnMut(&Group<'a>)) -> Option<()> {
    let mut reader = Reader(shape);
    let _kind = reader.text()?;
    let mut group = Group::NONE;
    while !reader.is_empty() {
        group.read(&mut reader)?;
        see(&group);
    }
    Some(())
}

/// One group of a shape, from its own bytes.
pub(super) fn group(bytes: &[u8]) -> Option<Group<'_>> {
    let mut group = Group::NONE;
    group.read(&mut Reader(bytes))?;
    Some(group)
}

struct Walk {
    rule: Rule,
    /// The labels of the objects around the present place, the outermost first.
    labels: Vec<(String, String)>,
    parts: Parts,
}

impl Walk {
    /// `own` is the key under which the object stands; the document itself has none.
    fn object(&mut self, path: &str, own: &str, text: &str) -> Result<(), TooLarge> {
        self.members(path, own, None, &scan::members(text).collect::<Vec<_>>())
    }

    /// The members of an object that is known by its place where it has no label of its own.
    fn members(
        &mut self,
        path: &str,
        own: &str,
        place: Option<usize>,
        members: &[(Cow<'_, str>, &str)],
    ) -> Result<(), TooLarge> {
        let outside = self.labels.len();
        let labels = self.rule.labels(members, own.is_empty());
        if let Some(place) = place.filter(|_| labels.is_empty()) {
            self.add_label(own, "index", &place.to_string());
        }
        for (name, value) in &labels {
            self.add_label(own, name, value);
        }
        let is_number = |key: &str, value: &str| {
            scan::kind(value) == Kind::Number && !labels.iter().any(|(label, _)| *label == key)
        };
        let numbers = members.iter().filter(|(key, value)| is_number(key, value));
        self.group(path, numbers.map(|(key, value)| (key.as_ref(), *value)))?;
        for (key, value) in members {
            let path = || format!("{path}.{key}");
            match scan::kind(value) {
                Kind::Object if key == "databases" => self.keyed_by_database(&path(), value)?,
                Kind::Object => self.object(&path(), key, value)?,
                Kind::Array => self.array(&path(), key, value)?,
                _ => {}
            }
        }
        self.labels.truncate(outside);
        Ok(())
    }

    fn keyed_by_database(&mut self, path: &str, object: &str) -> Result<(), TooLarge> {
        for (database, value) in scan::members(object) {
            self.labelled(path, "databases", "database", &database, value)?;
        }
        Ok(())
    }

    fn array(&mut self, path: &str, own: &str, array: &str) -> Result<(), TooLarge> {
        for (index, value) in scan::elements(array).enumerate() {
            if scan::kind(value) == Kind::Object {
                self.members(path, own, Some(index), &scan::members(value).collect::<Vec<_>>())?;
            } else {
                // only its place tells it from its neighbours
                self.labelled(path, own, "index", &index.to_string(), value)?;
            }
        }
        Ok(())
    }

    fn labelled(
        &mut self,
        path: &str,
        own: &str,
        name: &str,
        label: &str,
        value: &str,
    ) -> Result<(), TooLarge> {
        let outside = self.labels.len();
        self.add_label(own, name, label);
        match scan::kind(value) {
            Kind::Object => self.object(path, own, value)?,
            Kind::Array => self.array(path, own, value)?,
            Kind::Number => self.group(path, [("", value)].into_iter())?,
            _ => {}
        }
        self.labels.truncate(outside);
        Ok(())
    }

    /// A label that an outer object has with another value is told apart by the key of its own object.
    fn add_label(&mut self, own: &str, name: &str, value: &str) {
        let mut name = Cow::Borrowed(name);
        while let Some((_, outer)) = self.labels.iter().find(|(label, _)| *label == name) {
            if outer == value {
                return;
            }
            name = Cow::Owned(format!("{own}_{name}"));
        }
        self.labels.push((name.into_owned(), value.to_owned()));
    }

    fn group<'a>(
        &mut self,
        path: &str,
        numbers: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    ) -> Result<(), TooLarge> {
        let count = numbers.clone().count();
        if count == 0 {
            return Ok(());
        }
        let Parts { shape, numbers: row } = &mut self.parts;
        bytes::put_text(shape, path);
        bytes::put_varint(shape, self.labels.len() as u64);
        for (name, value) in &self.labels {
            bytes::put_text(shape, name);
            bytes::put_text(shape, value);
        }
        bytes::put_varint(shape, count as u64);
        for (key, digits) in numbers {
            bytes::put_text(shape, key);
            row.push(Number::read(digits));
        }
        if row.len() > limits::DOCUMENT_NUMBERS || shape.len() > limits::SHAPE_BYTES {
            return Err(TooLarge);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(kind: &str, text: &str) -> Vec<String> {
        let parts = take_apart(kind, text).unwrap();
        let mut series = Vec::new();
        each_group(&parts.shape, |group| series.extend(group.series(group.keys.iter().copied()))).unwrap();
        assert_eq!(series.len(), parts.numbers.len());
        let pairs = series.into_iter().zip(parts.numbers);
        pairs
            .map(|(Series { name, labels }, number)| format!("{name}{labels:?} {}", number.to_json()))
            .collect()
    }

    #[test]
    fn a_table_of_pg_stats_is_named_by_database_schema_and_name() {
        let text = r#"{"type":"pg_stats","database":"app","size_bytes":9,
            "tables":[{"schema":"public","name":"orders","live_tuples":4286,"last_vacuum":""}]}"#;
        assert_eq!(
            points("pg_stats", text),
            [
                r#"pg_stats.size_bytes{"database": "app"} 9"#,
                r#"pg_stats.tables.live_tuples{"database": "app", "name": "orders", "schema": "public"} 4286"#
            ]
        );
    }

    #[test]
    fn rows_have_their_strings_and_those_around_them_as_labels() {
        let text = r#"{"type":"pg_stats","source":"pg_stat_database","timestamp":"2026-01-01T00:00:00Z",
            "rows":[{"database":"app_1","numbackends":3,"blk_read_time":7.147}]}"#;
        let labels = r#"{"database": "app_1", "source": "pg_stat_database"}"#;
        assert_eq!(
            points("pg_stats", text),
            [
                format!("pg_stats.rows.numbackends{labels} 3"),
                format!("pg_stats.rows.blk_read_time{labels} 7.147")
            ]
        );
    }

    #[test]
    fn an_object_keyed_by_database_gives_the_label_and_another_database_inside_is_told_apart() {
        let text = r#"{"type":"pg_connections","hostname":"h","databases":{"appdb":{"connection_stats":
            {"total_connections":2,"by_state":[{"database":"postgres","state":"active","count":3}]}}}}"#;
        assert_eq!(
            points("pg_connections", text),
            [
                r#"pg_connections.databases.connection_stats.total_connections{"database": "appdb"} 2"#,
                concat!(
                    r#"pg_connections.databases.connection_stats.by_state.count{"by_state_database": "postgres", "#,
                    r#""database": "appdb", "state": "active"} 3"#
                )
            ]
        );
    }

    #[test]
    fn what_only_its_place_tells_apart_is_labelled_with_it() {
        let text = r#"{"load":[0.5,0.25],"queues":[{"length":1},{"length":2}],"empty":[]}"#;
        assert_eq!(
            points("x", text),
            [
                r#"x.load{"index": "0"} 0.5"#,
                r#"x.load{"index": "1"} 0.25"#,
                r#"x.queues.length{"index": "0"} 1"#,
                r#"x.queues.length{"index": "1"} 2"#
            ]
        );
    }

    #[test]
    fn the_shape_stays_when_only_numbers_and_moments_change() {
        let first = take_apart("x", r#"{"zone":"eu","at":"2026-01-01","n":1}"#).unwrap();
        let second = take_apart("x", r#"{"zone":"eu","at":"2026-01-02","n":2}"#).unwrap();
        let other = take_apart("x", r#"{"zone":"us","at":"2026-01-02","n":2}"#).unwrap();
        assert_eq!(first.hash(), second.hash());
        assert_ne!(first.hash(), other.hash());
    }

    #[test]
    fn a_document_with_too_many_numbers_is_refused() {
        let text = format!(r#"{{"n":[{}1]}}"#, "1,".repeat(limits::DOCUMENT_NUMBERS));
        assert_eq!(take_apart("x", &text), Err(TooLarge));
    }
}
