//! One line of an agent's log.

use crate::clock::Timestamp;
use crate::storage::stored_as_text;
use crate::wire::LogLevel;

stored_as_text!(LogLevel);

/// A checked line on its way into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    pub time: Timestamp,
    pub level: LogLevel,
    pub message: String,
    /// The text of a JSON object.
    pub fields: String,
}

/// A line as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Ascends in the order of arrival.
    pub id: i64,
    pub time: Timestamp,
    pub level: LogLevel,
    pub message: String,
    /// The text of a JSON object.
    pub fields: String,
}

/// What a row costs beside its texts.
const ROW_BYTES: usize = 64;

impl NewEntry {
    pub(super) fn bytes(&self) -> usize {
        self.message.len() + self.fields.len() + ROW_BYTES
    }
}

/// The same figure for a row.
pub(super) fn bytes_of(message: &str, fields: &str) -> usize {
    message.len() + fields.len() + ROW_BYTES
}

/// Over all that an entry says, and whose it is. Where a text ends is part of it.
pub(super) fn checksum(number: i64, time: Timestamp, level: &str, message: &str, fields: &str) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&number.to_le_bytes());
    sum.update(&time.as_millis().to_le_bytes());
    for text in [level, message, fields] {
        sum.update(&(text.len() as u64).to_le_bytes());
        sum.update(text.as_bytes());
    }
    sum.finalize()
}
