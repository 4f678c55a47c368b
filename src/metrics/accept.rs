//! Taking in a push: check each document, store the good ones durably and once, and say what became of them.

use serde_json::value::RawValue;

use super::body::{self, Body, TakenText};
use super::commit::{Identity, Outcome, Push};
use super::document::{self, Circumstances, Content, Document};
use super::piece::hash_of;
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

/// A push that looked like the last ones of its collector.
#[derive(Debug)]
pub struct Recognized {
    /// The collector that its body names.
    pub collector_id: Option<String>,
    /// Where its body says that it comes from, and of which release its sender is.
    pub hostname: Option<String>,
    pub version: Option<String>,
    pub push: CheckedPush,
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
        if batch.documents.len() > limits::PUSH_DOCUMENTS {
            return Err(AcceptError::TooManyDocuments(batch.documents.len()));
        }
        let taken = self.senders.with(batch.collector, |sender, common| {
            let texts = batch.documents.iter().map(|text| text.get());
            texts.map(|text| (text, document::take(text, sender, common))).collect()
        });
        self.check_taken(batch.collector, batch.idempotency_key, batch.timestamp, taken)
    }

    /// Checks the body of a push that looks like the last ones of its collector, in one go. `None` says nothing of
    /// it: then it has to be parsed.
    pub fn recognize(
        &self,
        collector: CollectorId,
        idempotency_key: Option<&str>,
        body: &[u8],
    ) -> Result<Option<Recognized>, AcceptError> {
        let Ok(text) = std::str::from_utf8(body) else { return Ok(None) };
        let read = self.senders.with(collector, |sender, common| body::read(text, sender, common));
        let Some(Body { collector_id, hostname, version, timestamp, documents }) = read else {
            return Ok(None);
        };
        let push = self.check_taken(collector, idempotency_key, timestamp, documents)?;
        let [collector_id, hostname, version] =
            [collector_id, hostname, version].map(|text| text.map(str::to_owned));
        Ok(Some(Recognized { collector_id, hostname, version, push }))
    }

    fn check_taken(
        &self,
        collector: CollectorId,
        idempotency_key: Option<&str>,
        timestamp: Option<Timestamp>,
        taken: Vec<TakenText<'_>>,
    ) -> Result<CheckedPush, AcceptError> {
        if idempotency_key.is_some_and(|key| !is_key(key)) {
            return Err(AcceptError::BadIdempotencyKey);
        }
        let received_at = self.clock.now();
        let circumstances = Circumstances {
            default_timestamp: timestamp.unwrap_or(received_at),
            received_at,
            retention: &self.retention,
            newest: received_at.plus(limits::AHEAD),
        };
        let Checked { documents, rejected, contents } = Checked::of(taken, &circumstances);
        let identity = idempotency_key.map_or(Identity::Contents, |key| Identity::Key {
            key: key.to_owned(),
            content: content_of_all(&contents, timestamp),
        });
        Ok(CheckedPush { push: Push { collector, identity, received_at, documents }, rejected })
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

    /// Keeps what an agent said of itself in a heartbeat, as a document of type `agent`.
    pub fn record_agent(
        &self,
        collector: CollectorId,
        received_at: Timestamp,
        figures: &AgentFigures,
    ) -> Result<(), AcceptError> {
        let text = figures.document(received_at);
        let own = |sender: &mut _, common: &_| document::own(&text, received_at, sender, common);
        let Ok(document) = self.senders.with(collector, own) else { return Ok(()) };
        let push = Push { collector, identity: Identity::Own, received_at, documents: vec![document] };
        self.writer.store(push).map(|_| ())
    }
}

/// The documents of a push, looked at one by one.
#[derive(Default)]
struct Checked {
    documents: Vec<Document>,
    rejected: Vec<Rejected>,
    /// Of all documents, to know the push again.
    contents: Vec<Content>,
}

impl Checked {
    fn of(taken: Vec<TakenText<'_>>, circumstances: &Circumstances<'_>) -> Self {
        let mut checked = Self::default();
        for (index, (text, taken)) in taken.into_iter().enumerate() {
            match taken.and_then(|taken| document::check(taken, circumstances)) {
                Ok(document) => {
                    checked.contents.push(document.content);
                    checked.documents.push(document);
                }
                Err(refusal) => {
                    checked.contents.push(hash_of(text.as_bytes()));
                    checked.rejected.push(refusal.at(index));
                }
            }
        }
        checked
    }
}

fn is_key(key: &str) -> bool {
    (1..=limits::IDEMPOTENCY_KEY_BYTES).contains(&key.len()) && !key.chars().any(char::is_control)
}

/// What an idempotency key stands for: the documents and the time that some of them get.
fn content_of_all(contents: &[Content], timestamp: Option<Timestamp>) -> Content {
    let mut all = contents.concat();
    all.extend(timestamp.map_or(i64::MIN, Timestamp::as_millis).to_le_bytes());
    hash_of(&all)
}
