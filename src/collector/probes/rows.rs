//! Rows of an answer as JSON objects: the columns of a statement are the members, under their names.
//!
//! So a statement says in one place what is asked and what it is called. A null stays null, but for a time:
//! the contract writes never as an empty text.

use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Row, Transaction};

use crate::clock::Timestamp;
use crate::collector::postgres::PostgresError;

/// All rows, as a list of objects.
#[derive(Default)]
pub(super) struct Rows(Vec<Row>);

/// One row, as an object.
pub(super) struct Object(Row);

pub(super) async fn rows(
    transaction: &Transaction<'_>,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Rows, PostgresError> {
    Ok(Rows(transaction.query(sql, values).await?))
}

pub(super) async fn object(
    transaction: &Transaction<'_>,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Object, PostgresError> {
    Ok(Object(transaction.query_one(sql, values).await?))
}

impl Rows {
    /// Says so when a limit has cut the answer.
    pub(super) fn say_if_cut(self, limit: i64, document: &str, database: &str, what: &str) -> Self {
        if i64::try_from(self.0.len()).is_ok_and(|rows| rows >= limit) {
            tracing::warn!(document, database, limit, "there are more {what} than a document may hold");
        }
        self
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for row in &self.0 {
            list.serialize_element(&Members(row))?;
        }
        list.end()
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Members(&self.0).serialize(serializer)
    }
}

struct Members<'a>(&'a Row);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.0.len()))?;
        for (place, column) in self.0.columns().iter().enumerate() {
            object.serialize_entry(column.name(), &Cell { row: self.0, place, kind: column.type_() })?;
        }
        object.end()
    }
}

struct Cell<'a> {
    row: &'a Row,
    place: usize,
    kind: &'a Type,
}

impl<'a> Cell<'a> {
    fn get<T: FromSql<'a>, E: Error>(&self) -> Result<Option<T>, E> {
        self.row.try_get(self.place).map_err(E::custom)
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self.kind {
            Type::BOOL => self.get::<bool, _>()?.serialize(serializer),
            Type::INT2 => self.get::<i16, _>()?.serialize(serializer),
            Type::INT4 => self.get::<i32, _>()?.serialize(serializer),
            Type::INT8 => self.get::<i64, _>()?.serialize(serializer),
            Type::OID => self.get::<u32, _>()?.serialize(serializer),
            Type::FLOAT8 => self.get::<f64, _>()?.serialize(serializer),
            Type::TIMESTAMPTZ => time(self.get::<std::time::SystemTime, _>()?).serialize(serializer),
            // texts, names; the library refuses what it cannot read as one
            _ => self.get::<&str, _>()?.serialize(serializer),
        }
    }
}

/// A time in RFC 3339, and the empty text for never, as the contract has it.
pub(super) fn time(time: Option<std::time::SystemTime>) -> String {
    let time = time.and_then(|time| jiff::Timestamp::try_from(time).ok());
    time.map_or_else(String::new, |time| Timestamp::from_millis(time.as_millisecond()).to_string())
}
