//! Documents as rows of `collector_metrics`.
//!
//! It guarantees: a row has documents of one push whose sequence numbers follow each other, so its first number and
//! its count say which documents it has.

use crate::clock::Timestamp;
use crate::crypto::sha256;
use crate::ids::CollectorId;
use crate::limits::MIRROR_ROW_BYTES;
use crate::metrics::ReadDocument;

use super::exact::fit;

/// A row as it is sent.
#[derive(Debug)]
pub(super) struct MetricRow {
    pub(super) collector: CollectorId,
    pub(super) received_at: Timestamp,
    pub(super) first_seq: u64,
    pub(super) documents: usize,
    /// As `jsonb` takes it.
    pub(super) data: String,
    /// As it is, where `jsonb` would lose something.
    pub(super) exact: Option<String>,
    /// SHA-256 of the text as it is, in hexadecimal.
    pub(super) checksum: String,
}

/// Cuts documents, which are in the order of their sequence numbers, into rows.
pub(super) fn rows(collector: CollectorId, documents: &[ReadDocument]) -> Vec<MetricRow> {
    let mut rows = Vec::new();
    let mut rest = documents;
    while let Some(first) = rest.first() {
        let mut bytes = 0;
        let follows = |(number, document): &(usize, &ReadDocument)| {
            let is_same = document.received_at == first.received_at
                && document.seq == first.seq + *number as u64
                && (*number == 0 || bytes < MIRROR_ROW_BYTES);
            bytes += document.text.len();
            is_same
        };
        let count = rest.iter().enumerate().take_while(follows).count();
        let (row, behind) = rest.split_at(count.max(1));
        rows.push(row_of(collector, first, row));
        rest = behind;
    }
    rows
}

fn row_of(collector: CollectorId, first: &ReadDocument, documents: &[ReadDocument]) -> MetricRow {
    let head = format!(
        "{{\"collector_id\":\"{collector}\",\"timestamp\":\"{}\",\"metrics_count\":{},\"metrics\":[",
        first.timestamp,
        documents.len()
    );
    let text = join(&head, documents.iter().map(|document| document.text.as_str()));
    let fitted: Vec<_> = documents.iter().map(|document| fit(&document.text)).collect();
    let checksum = hex::encode(sha256(text.as_bytes()));
    let is_whole = fitted.iter().all(|document| document.is_whole);
    let (data, exact) = if is_whole {
        (text, None)
    } else {
        (join(&head, fitted.iter().map(|document| &*document.text)), Some(text))
    };
    MetricRow {
        collector,
        received_at: first.received_at,
        first_seq: first.seq,
        documents: documents.len(),
        data,
        exact,
        checksum,
    }
}

fn join<'a>(head: &str, documents: impl Iterator<Item = &'a str>) -> String {
    let mut text = head.to_owned();
    for (number, document) in documents.enumerate() {
        if number > 0 {
            text.push(',');
        }
        text.push_str(document);
    }
    text.push_str("]}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(seq: u64, received_ms: i64, text: &str) -> ReadDocument {
        let time = Timestamp::from_millis(received_ms);
        ReadDocument { seq, kind: "x".into(), timestamp: time, received_at: time, text: text.into() }
    }

    #[test]
    fn a_row_ends_with_its_push_at_a_hole_and_when_it_is_long() {
        let long = format!("\"{}\"", "x".repeat(MIRROR_ROW_BYTES));
        let documents = [
            document(1, 5, "1"),
            document(2, 5, "2"),
            document(4, 5, "4"),
            document(5, 6, &long),
            document(6, 6, "6"),
        ];
        let rows = rows(CollectorId::from(uuid::Uuid::nil()), &documents);
        let cuts: Vec<_> = rows.iter().map(|row| (row.first_seq, row.documents)).collect();
        assert_eq!(cuts, [(1, 2), (4, 1), (5, 1), (6, 1)]);
        assert!(rows[0].data.ends_with("\"metrics_count\":2,\"metrics\":[1,2]}"), "{}", rows[0].data);
        assert_eq!(rows[0].exact, None);
    }

    #[test]
    fn a_row_that_jsonb_cannot_hold_has_its_text_beside_it() {
        let rows = rows(CollectorId::from(uuid::Uuid::nil()), &[document(1, 5, r#"{"a":"\u0000"}"#)]);
        assert!(rows[0].data.contains("\\ufffd") && !rows[0].data.contains("\\u0000"));
        assert!(rows[0].exact.as_ref().unwrap().contains("\\u0000"));
    }
}
