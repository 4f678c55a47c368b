//! Documents on their way from the worker into a batch: few enough to hold in memory, and not for long.

use std::io::Write;

use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::collector::VERSION;
use crate::collector::config::Compression;
use crate::collector::probes::pg_log::position_of;
use crate::collector::spool::{Batch, Header};
use crate::ids::{CollectorId, IdSource};
use crate::limits::{BATCH_JSON_BYTES, BATCH_LINGER};
use crate::wire::Push;

const ZSTD_LEVEL: i32 = 3;

/// Whose batches these are.
pub(super) struct Author {
    pub(super) collector_id: CollectorId,
    pub(super) hostname: String,
    pub(super) compression: Compression,
    pub(super) clock: Clock,
    pub(super) ids: IdSource,
}

/// The documents that wait for the rest of their collection.
#[derive(Default)]
pub(super) struct Gathered {
    documents: Vec<Box<RawValue>>,
    bytes: usize,
    first_at: Option<Instant>,
}

impl Gathered {
    pub(super) fn add(&mut self, document: Box<RawValue>) {
        self.first_at.get_or_insert_with(Instant::now);
        self.bytes += document.get().len();
        self.documents.push(document);
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= BATCH_JSON_BYTES
    }

    /// When the first document has waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.first_at.map(|first| first + BATCH_LINGER)
    }

    /// Makes a batch of what is there; `None` when nothing is.
    pub(super) fn take(&mut self, author: &Author) -> Option<std::io::Result<Batch>> {
        let gathered = std::mem::take(self);
        (!gathered.documents.is_empty()).then(|| author.write(gathered.documents))
    }
}

impl Author {
    fn write(&self, documents: Vec<Box<RawValue>>) -> std::io::Result<Batch> {
        let now = self.clock.now();
        let count = documents.len() as u64;
        let log_position = documents.iter().rev().find_map(|document| position_of(document));
        let push = Push {
            collector_id: Some(self.collector_id.to_string()),
            hostname: Some(self.hostname.clone()),
            timestamp: Some(now),
            version: Some(VERSION.to_owned()),
            metrics_count: Some(count),
            metrics: documents,
        };
        let header = Header {
            id: self.ids.next(now),
            collector_id: self.collector_id,
            collected_at: now,
            documents: count,
            encoding: self.compression.name().to_owned(),
            log_position,
        };
        Ok(Batch { header, body: compress(&serde_json::to_vec(&push)?, self.compression)? })
    }
}

fn compress(json: &[u8], compression: Compression) -> std::io::Result<Vec<u8>> {
    match compression {
        Compression::Zstd => {
            let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
            compressor.include_checksum(true)?;
            compressor.compress(json)
        }
        Compression::Gzip => {
            let mut compressor = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            compressor.write_all(json)?;
            compressor.finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn author(compression: Compression) -> Author {
        let ids = IdSource::seeded(1);
        let now = Timestamp::from_millis(1_763_647_331_007);
        let collector_id = ids.next(now);
        Author { collector_id, hostname: "db-1".to_owned(), compression, clock: Clock::manual(now), ids }
    }

    fn gathered(text: &str) -> Gathered {
        let mut gathered = Gathered::default();
        gathered.add(RawValue::from_string(text.to_owned()).unwrap());
        gathered
    }

    #[test]
    fn a_batch_holds_the_push_of_the_contract_in_either_compression() {
        let text = r#"{"type":"x","big":-9223372036854775808,"exact":1.10}"#;
        for compression in [Compression::Zstd, Compression::Gzip] {
            let author = author(compression);
            let batch = gathered(text).take(&author).unwrap().unwrap();
            assert_eq!(batch.header.encoding, compression.name());
            let json = match compression {
                Compression::Zstd => zstd::decode_all(batch.body.as_slice()).unwrap(),
                Compression::Gzip => {
                    let mut json = Vec::new();
                    std::io::copy(&mut flate2::read::GzDecoder::new(batch.body.as_slice()), &mut json)
                        .unwrap();
                    json
                }
            };
            let push: Push = serde_json::from_slice(&json).unwrap();
            assert_eq!(push.metrics[0].get(), text);
            assert_eq!(push.collector_id, Some(author.collector_id.to_string()));
            assert_eq!((push.hostname.as_deref(), push.metrics_count), (Some("db-1"), Some(1)));
        }
    }

    #[test]
    fn nothing_gathered_makes_no_batch_and_much_makes_one_at_once() {
        let mut empty = Gathered::default();
        assert!(empty.take(&author(Compression::Zstd)).is_none());
        assert!(empty.due().is_none());
        let large = gathered(&format!("\"{}\"", "x".repeat(BATCH_JSON_BYTES)));
        assert!(large.is_full());
    }
}
