//! One document of a push: checked, taken apart and ready to be stored.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::limits;
use crate::wire::Rejected;

use super::hot;
use super::scan::{self, Kind};
use super::shape::{self, ShapeHash};

/// The type under which the daemon keeps what agents say of themselves.
pub(super) const AGENT: &str = "agent";

/// Tells documents apart: the first half of the SHA-256 of their text.
pub(super) type Content = [u8; 16];

pub(super) fn content_of(bytes: &[u8]) -> Content {
    let mut content = Content::default();
    content.copy_from_slice(&crate::crypto::sha256(bytes)[..16]);
    content
}

#[derive(Debug)]
pub(super) struct Document {
    pub(super) kind: String,
    pub(super) timestamp: Timestamp,
    pub(super) content: Content,
    pub(super) shape_hash: ShapeHash,
    /// Shared by the documents of a push that have it.
    pub(super) shape: Arc<[u8]>,
    /// The value as it will be stored.
    pub(super) value: Vec<u8>,
    /// The numbers as they will be stored; empty when it has none.
    pub(super) numbers: Vec<u8>,
}

impl Document {
    /// Bytes that it takes in memory while it waits, without its shape.
    pub(super) fn waiting_bytes(&self) -> usize {
        size_of::<Self>() + self.kind.len() + self.value.len() + self.numbers.len()
    }
}

/// What holds for all documents of one push.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    pub(super) received_at: Timestamp,
    /// The time of a document that has none.
    pub(super) default_timestamp: Timestamp,
    pub(super) oldest: Timestamp,
    pub(super) newest: Timestamp,
}

/// Why a document is refused: field, code and message.
pub(super) struct Refusal {
    field: &'static str,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(field: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { field, code, message: message.into() }
    }

    pub(super) fn at(self, index: usize) -> Rejected {
        let Self { field, code, message } = self;
        Rejected { index: index as u64, field: field.to_owned(), code: code.to_owned(), message }
    }
}

/// Makes a document of a JSON text that came in a push.
pub(super) fn check(
    text: &str,
    content: Content,
    circumstances: &Circumstances,
) -> Result<Document, Refusal> {
    if scan::kind(text) != Kind::Object {
        return Err(Refusal::new("", "not_an_object", "a document must be an object"));
    }
    if scan::depth(text) > limits::DOCUMENT_DEPTH {
        let message = format!("a document may be nested {} deep", limits::DOCUMENT_DEPTH);
        return Err(Refusal::new("", "too_deep", message));
    }
    let (mut kind, mut timestamp) = (None, None);
    for (key, value) in scan::members(text) {
        match key.as_ref() {
            "type" => kind = Some(value),
            "timestamp" if value != "null" => timestamp = Some(value),
            _ => {}
        }
    }
    let kind = check_kind(kind)?;
    if kind == AGENT {
        let message = "the type agent is what the daemon itself writes";
        return Err(Refusal::new("type", "reserved", message));
    }
    let timestamp = timestamp.map_or(Ok(circumstances.default_timestamp), read_timestamp)?;
    check_range(timestamp, circumstances)?;
    build(kind, timestamp, circumstances.received_at, text, content)
}

fn check_kind(value: Option<&str>) -> Result<String, Refusal> {
    let Some(value) = value else {
        return Err(Refusal::new("type", "required", "a document must have a type"));
    };
    let kind = scan::string(value);
    if scan::kind(value) != Kind::String || kind.is_empty() {
        return Err(Refusal::new("type", "invalid", "type must be a string that is not empty"));
    }
    if kind.chars().count() > limits::DOCUMENT_TYPE_CHARS {
        let message = format!("type may have {} characters", limits::DOCUMENT_TYPE_CHARS);
        return Err(Refusal::new("type", "too_long", message));
    }
    if kind.chars().any(char::is_control) {
        return Err(Refusal::new("type", "invalid", "type must have no control characters"));
    }
    Ok(kind.into_owned())
}

fn read_timestamp(value: &str) -> Result<Timestamp, Refusal> {
    let read = (scan::kind(value) == Kind::String).then(|| scan::string(value).parse().ok()).flatten();
    read.ok_or_else(|| Refusal::new("timestamp", "invalid", crate::clock::NotATime.to_string()))
}

fn check_range(timestamp: Timestamp, circumstances: &Circumstances) -> Result<(), Refusal> {
    let Circumstances { oldest, newest, .. } = circumstances;
    if (*oldest..=*newest).contains(&timestamp) {
        return Ok(());
    }
    let message = format!("timestamp {timestamp} must lie between {oldest} and {newest}");
    Err(Refusal::new("timestamp", "out_of_range", message))
}

/// Takes the text apart and encodes it.
pub(super) fn build(
    kind: String,
    timestamp: Timestamp,
    received_at: Timestamp,
    text: &str,
    content: Content,
) -> Result<Document, Refusal> {
    let too_large = |_| {
        let message = format!("a document may have {} numbers", limits::DOCUMENT_NUMBERS);
        Refusal::new("", "too_large", message)
    };
    let parts = shape::take_apart(&kind, text).map_err(too_large)?;
    let shape_hash = parts.hash();
    let value = hot::put_document(received_at, shape_hash, text);
    let numbers = hot::put_numbers(&parts.numbers);
    Ok(Document { kind, timestamp, content, shape_hash, shape: parts.shape.into(), value, numbers })
}
