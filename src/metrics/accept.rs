//! Taking in a push: check each document, store the good ones durably and once, and say what became of them.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::commit::{Identity, Outcome, Push};
use super::document::{self, Circumstances, Content, Document};
use super::writer::StorageFull;
use super::{AgentFigures, Metrics};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::wire::Rejected;

/// The documents of one push, still in its body.
#[derive(Debug)]
pub struct Batch<'a> {
    pub collector: CollectorId,
    /// The sender's name for this push, under which it is stored once. Without one, each document is known
    /// again by its time and content.
    pub idempotency_key: Option<&'a str>,
    /// The time of documents that have none of their own; without it, when the push came.
    pub timestamp: Option<Timestamp>,
    pub documents: Vec<&'a RawValue>,
}

/// What became of the documents of a push. The inserted ones are durable.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    pub received_at: Timestamp,
    pub inserted: u64,
    pub duplicates: u64,
    pub rejected: Vec<Rejected>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AcceptError {
    #[error("the idempotency key must have 1 to {} printable characters", limits::IDEMPOTENCY_KEY_BYTES)]
    BadIdempotencyKey,
    #[error("the idempotency key was used for a push with other documents")]
    IdempotencyMismatch,
    #[error("a push may have {most} documents, this one has {0}", most = limits::PUSH_DOCUMENTS)]
    TooManyDocuments(usize),
    #[error("too many pushes wait to be stored")]
    Busy,
    #[error(transparent)]
    StorageFull(#[from] StorageFull),
    /// Nobody knows whether it was stored. Sending it again is safe.
    #[error("cannot say whether the push was stored: {0}")]
    Unanswered(&'static str),
    /// The store has failed; it is poisoned.
    #[error("cannot store the push: {0}")]
    NotStored(String),
    /// Something that the push needs is damaged. The store goes on.
    #[error("cannot store the push: {0}")]
    Damaged(String),
}

/// A push whose documents were checked, ready to be stored. It holds nothing of the body.
#[derive(Debug)]
pub struct CheckedPush {
    push: Push,
    rejected: Vec<Rejected>,
}

impl CheckedPush {
    pub fn collector(&self) -> CollectorId {
        self.push.collector
    }
}

impl Metrics {
    /// Checks and stores a push.
    pub fn accept(&self, batch: &Batch<'_>) -> Result<Accepted, AcceptError> {
        self.store(self.check(batch)?)
    }

    /// Checks the documents of a push and takes them apart, which costs time and no disk.
    pub fn check(&self, batch: &Batch<'_>) -> Result<CheckedPush, AcceptError> {
        if batch.idempotency_key.is_some_and(|key| !is_key(key)) {
            return Err(AcceptError::BadIdempotencyKey);
        }
        if batch.documents.len() > limits::PUSH_DOCUMENTS {
            return Err(AcceptError::TooManyDocuments(batch.documents.len()));
        }
        let received_at = self.clock.now();
        let contents: Vec<_> =
            batch.documents.iter().map(|text| document::content_of(text.get().as_bytes())).collect();
        let (documents, rejected) = self.check_documents(batch, &contents, received_at);
        let identity = batch.idempotency_key.map_or(Identity::Contents, |key| Identity::Key {
            key: key.to_owned(),
            content: content_of_all(&contents, batch.timestamp),
        });
        let push = Push { collector: batch.collector, identity, received_at, documents };
        Ok(CheckedPush { push, rejected })
    }

    /// Stores a push. It blocks until the commit that holds it is durable, and shares that commit with the
    /// pushes that came at the same time.
    pub fn store(&self, CheckedPush { push, rejected }: CheckedPush) -> Result<Accepted, AcceptError> {
        let received_at = push.received_at;
        match self.writer.store(push)? {
            Outcome::Stored { inserted, duplicates } => {
                Ok(Accepted { received_at, inserted, duplicates, rejected })
            }
            Outcome::Mismatch => Err(AcceptError::IdempotencyMismatch),
        }
    }

    fn check_documents(
        &self,
        batch: &Batch<'_>,
        contents: &[Content],
        received_at: Timestamp,
    ) -> (Vec<Document>, Vec<Rejected>) {
        let circumstances = Circumstances {
            received_at,
            default_timestamp: batch.timestamp.unwrap_or(received_at),
            oldest: received_at.minus(self.retention),
            newest: received_at.plus(limits::AHEAD),
        };
        let (mut good, mut rejected) = (Vec::new(), Vec::new());
        let mut shapes = HashMap::new();
        for (index, (text, content)) in batch.documents.iter().zip(contents).enumerate() {
            match document::check(text.get(), *content, &circumstances) {
                Ok(mut document) => {
                    let shared =
                        shapes.entry(document.shape_hash).or_insert_with(|| Arc::clone(&document.shape));
                    document.shape = Arc::clone(shared);
                    good.push(document);
                }
                Err(refusal) => rejected.push(refusal.at(index)),
            }
        }
        (good, rejected)
    }

    /// Keeps what an agent said of itself in a heartbeat, as a document of type `agent`.
    pub fn record_agent(
        &self,
        collector: CollectorId,
        received_at: Timestamp,
        figures: &AgentFigures,
    ) -> Result<(), AcceptError> {
        let text = figures.document(received_at);
        let content = document::content_of(text.as_bytes());
        let kind = document::AGENT.to_owned();
        let Ok(document) = document::build(kind, received_at, received_at, &text, content) else {
            return Ok(());
        };
        let push = Push { collector, identity: Identity::Own, received_at, documents: vec![document] };
        self.writer.store(push).map(|_| ())
    }
}

fn is_key(key: &str) -> bool {
    (1..=limits::IDEMPOTENCY_KEY_BYTES).contains(&key.len()) && !key.chars().any(char::is_control)
}

/// What an idempotency key stands for: the documents and the time that some of them get.
fn content_of_all(contents: &[Content], timestamp: Option<Timestamp>) -> Content {
    let mut all = contents.concat();
    all.extend(timestamp.map_or(i64::MIN, Timestamp::as_millis).to_le_bytes());
    document::content_of(&all)
}
