//! One document of a push: checked, taken apart and ready to be stored.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::limits;
use crate::wire::Rejected;

use super::draft::{Context, Root};
use super::labels::Rule;
use super::piece::{Hash, Shape, hash_of};
use super::retention::Retention;
use super::scan::{self, Kind};
use super::sender::Sender;
use super::senders::Common;
use super::tree::{Tree, Wrong};

/// The type under which the daemon keeps what agents say of themselves.
pub(super) const AGENT: &str = "agent";

/// Tells documents apart, as far as their text does.
pub(super) type Content = Hash;

/// A document that was taken apart.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) kind: Arc<str>,
    /// The time that it says.
    pub(super) time: Option<Timestamp>,
    pub(super) shape: Arc<Shape>,
    /// The values of its slots.
    pub(super) values: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Document {
    pub(super) kind: Arc<str>,
    pub(super) timestamp: Timestamp,
    pub(super) content: Content,
    pub(super) shape: Arc<Shape>,
    pub(super) values: Vec<u8>,
}

impl Document {
    /// Bytes that it takes in memory while it waits, when it shares nothing.
    pub(super) fn waiting_bytes(&self) -> usize {
        size_of::<Self>() + self.values.len() + self.shape.pieces.len() * 4
    }
}

/// The content of a document with such a shape and such values.
pub(super) fn content_of(shape: Hash, stamp: Option<Timestamp>, values: &[u8]) -> Content {
    let mut all = Vec::with_capacity(values.len() + 24);
    all.extend(shape);
    all.extend(stamp.into_iter().flat_map(|stamp| stamp.as_millis().to_le_bytes()));
    all.extend(values);
    hash_of(&all)
}

/// What holds for all documents of one push.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'a> {
    /// The time of a document that has none.
    pub(super) default_timestamp: Timestamp,
    pub(super) received_at: Timestamp,
    pub(super) retention: &'a Retention,
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

/// Takes a JSON text apart that came in a push.
pub(super) fn take(text: &str, sender: &mut Sender, common: &Common) -> Result<Taken, Refusal> {
    match sender.recognize(text, 0, common) {
        Some((taken, end)) if end == text.len() => Ok(taken),
        _ => parse(text, sender, common),
    }
}

/// Makes a document of what came in a push.
pub(super) fn check(taken: Taken, circumstances: &Circumstances<'_>) -> Result<Document, Refusal> {
    if &*taken.kind == AGENT {
        let message = "the type agent is what the daemon itself writes";
        return Err(Refusal::new("type", "reserved", message));
    }
    let timestamp = taken.time.unwrap_or(circumstances.default_timestamp);
    check_range(&taken.kind, timestamp, circumstances)?;
    Ok(build(taken, timestamp))
}

/// What the daemon itself says of a collector.
pub(super) fn own(
    text: &str,
    timestamp: Timestamp,
    sender: &mut Sender,
    common: &Common,
) -> Result<Document, Refusal> {
    take(text, sender, common).map(|taken| build(taken, timestamp))
}

fn build(taken: Taken, timestamp: Timestamp) -> Document {
    let Taken { kind, shape, values, .. } = taken;
    let content = content_of(shape.hash, shape.is_stamped().then_some(timestamp), &values);
    Document { kind, timestamp, content, shape, values }
}

/// Takes a document apart that looks like none before.
pub(super) fn parse(text: &str, sender: &mut Sender, common: &Common) -> Result<Taken, Refusal> {
    let refused = |wrong| match wrong {
        Wrong::Json => Refusal::new("", "invalid", "a document must be valid JSON"),
        Wrong::TooDeep => {
            Refusal::new("", "too_deep", format!("a document may be nested {} deep", limits::DOCUMENT_DEPTH))
        }
        Wrong::TooLarge => Refusal::new(
            "",
            "too_large",
            format!(
                "a document may have {} numbers and {} values",
                limits::DOCUMENT_NUMBERS,
                limits::DOCUMENT_VALUES
            ),
        ),
    };
    let tree = Tree::parse(text, 0, 0).map_err(refused)?;
    if tree.node(Tree::ROOT).kind != Kind::Object {
        return Err(Refusal::new("", "not_an_object", "a document must be an object"));
    }
    let (mut kind, mut timestamp, mut row_shaped) = (None, None, false);
    for part in tree.parts(Tree::ROOT) {
        match &*scan::unescaped(tree.key(part)) {
            "type" => kind = Some(part),
            "timestamp" if tree.raw(part) != "null" => timestamp = Some(part),
            "rows" => row_shaped |= tree.node(part).kind == Kind::Array,
            _ => {}
        }
    }
    let kind = check_kind(&tree, kind)?;
    let time = timestamp.map(|part| read_timestamp(tree.raw(part))).transpose()?;
    let context = Context {
        rule: Rule::of(&kind, row_shaped),
        path: kind.clone(),
        own: String::new(),
        labels: Vec::new(),
        depth: 0,
    };
    let said = (kind.as_str(), &context, Root { timestamp });
    sender.learn(text, &tree, said, time, common).map_err(refused)
}

fn check_kind(tree: &Tree<'_>, part: Option<usize>) -> Result<String, Refusal> {
    let Some(part) = part else {
        return Err(Refusal::new("type", "required", "a document must have a type"));
    };
    let kind = scan::string(tree.raw(part));
    if tree.node(part).kind != Kind::String || kind.is_empty() {
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
    let read = value.starts_with('"').then(|| scan::string(value).parse().ok()).flatten();
    read.ok_or_else(|| Refusal::new("timestamp", "invalid", crate::clock::NotATime.to_string()))
}

fn check_range(kind: &str, timestamp: Timestamp, circumstances: &Circumstances<'_>) -> Result<(), Refusal> {
    let Circumstances { received_at, retention, newest, .. } = circumstances;
    let oldest = received_at.minus(retention.of(kind));
    if (oldest..=*newest).contains(&timestamp) {
        return Ok(());
    }
    let message = format!("timestamp {timestamp} must lie between {oldest} and {newest}");
    Err(Refusal::new("timestamp", "out_of_range", message))
}
