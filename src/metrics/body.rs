//! The body of a push that looks like the last ones of its sender, read in one go from its first byte to its last.
//!
//! It guarantees: what it takes is what parsing the body as `wire::Push`, and then each document, would give. Of
//! anything unusual it says nothing: whoever parses it says what is wrong with it, if anything is.

use super::document::{self, Refusal, Taken};
use super::scan::{end_of_number, end_of_string, skip_space};
use super::sender::Sender;
use super::senders::Common;
use super::tree::Tree;
use crate::clock::Timestamp;
use crate::limits;

/// A document as it stands in the body, and what it was taken for.
pub(super) type TakenText<'t> = (&'t str, Result<Taken, Refusal>);

/// What is needed of a body.
pub(super) struct Body<'t> {
    pub(super) collector_id: Option<&'t str>,
    pub(super) hostname: Option<&'t str>,
    pub(super) version: Option<&'t str>,
    pub(super) timestamp: Option<Timestamp>,
    pub(super) documents: Vec<TakenText<'t>>,
}

/// Reads a body. `None` when it has to be parsed.
pub(super) fn read<'t>(text: &'t str, sender: &mut Sender, common: &Common) -> Option<Body<'t>> {
    let bytes = text.as_bytes();
    let mut reading = Reading { text, sender, common, seen: Vec::new() };
    let (mut collector_id, mut hostname, mut version) = (None, None, None);
    let (mut timestamp, mut documents) = (None, None);
    let mut at = reading.expect(skip_space(bytes, 0), b'{')?;
    loop {
        let (key, behind) = reading.string(at)?;
        at = reading.expect(skip_space(bytes, behind), b':')?;
        if reading.seen.contains(&key) {
            return None;
        }
        reading.seen.push(key);
        at = match key {
            "metrics" => {
                let (all, end) = reading.documents(at)?;
                documents = Some(all);
                end
            }
            "metrics_count" => reading.count(at)?,
            "collector_id" | "hostname" | "timestamp" | "version" => {
                let (value, end) = reading.string(at)?;
                match key {
                    "collector_id" => collector_id = Some(value),
                    "hostname" => hostname = Some(value),
                    "timestamp" => timestamp = Some(value.parse().ok()?),
                    _ => version = Some(value),
                }
                end
            }
            _ => return None,
        };
        at = skip_space(bytes, at);
        match bytes.get(at)? {
            b',' => at = skip_space(bytes, at + 1),
            b'}' => break,
            _ => return None,
        }
    }
    let is_all = skip_space(bytes, at + 1) == bytes.len();
    let documents = documents.filter(|_| is_all)?;
    Some(Body { collector_id, hostname, version, timestamp, documents })
}

struct Reading<'t, 's> {
    text: &'t str,
    sender: &'s mut Sender,
    common: &'s Common,
    /// The keys that came.
    seen: Vec<&'t str>,
}

impl<'t> Reading<'t, '_> {
    /// The place behind a byte that has to stand here, and the space behind it.
    fn expect(&self, at: usize, byte: u8) -> Option<usize> {
        let bytes = self.text.as_bytes();
        (bytes.get(at) == Some(&byte)).then(|| skip_space(bytes, at + 1))
    }

    /// A string without escapes, and the place behind it.
    fn string(&self, at: usize) -> Option<(&'t str, usize)> {
        let bytes = self.text.as_bytes();
        if bytes.get(at) != Some(&b'"') {
            return None;
        }
        let end = end_of_string(bytes, at + 1)?;
        let inner = self.text.get(at + 1..end - 1)?;
        (!inner.contains('\\')).then_some((inner, end))
    }

    fn count(&self, at: usize) -> Option<usize> {
        let end = end_of_number(self.text.as_bytes(), at)?;
        self.text.get(at..end)?.parse::<u64>().ok().map(|_| end)
    }

    fn documents(&mut self, at: usize) -> Option<(Vec<TakenText<'t>>, usize)> {
        let bytes = self.text.as_bytes();
        let mut at = self.expect(at, b'[')?;
        let mut documents = Vec::new();
        if bytes.get(at) == Some(&b']') {
            return Some((documents, at + 1));
        }
        while documents.len() < limits::PUSH_DOCUMENTS {
            let end = if let Some((taken, end)) = self.sender.recognize(self.text, at, self.common) {
                documents.push((self.text.get(at..end)?, Ok(taken)));
                end
            } else {
                let end = Tree::parse(self.text, at, 0).ok()?.span(Tree::ROOT).end;
                let text = self.text.get(at..end)?;
                documents.push((text, document::parse(text, self.sender, self.common)));
                end
            };
            at = skip_space(bytes, end);
            match bytes.get(at)? {
                b',' => at = skip_space(bytes, at + 1),
                b']' => return Some((documents, at + 1)),
                _ => return None,
            }
        }
        None
    }
}
