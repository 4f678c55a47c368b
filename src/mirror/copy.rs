//! Rows of metrics in the binary form that COPY reads, sent one at a time.

use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::Transaction;

use super::rows::MetricRow;
use crate::clock::Timestamp;

const COLUMNS: &str =
    "site_id, collector_id, received_at, first_seq, record_count, metric_data, metric_exact, checksum";
const FIELDS: i16 = 8;
/// Signature, flags, length of the extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// The version byte before the text of a `jsonb`.
const JSONB: u8 = 1;
/// 2000-01-01T00:00:00Z, from which PostgreSQL counts microseconds.
const EPOCH_MS: i64 = 946_684_800_000;

/// Appends rows to a table.
pub(super) async fn copy(
    tx: &Transaction<'_>,
    table: &str,
    site_id: &str,
    rows: &[&MetricRow],
) -> Result<(), tokio_postgres::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let sink = tx.copy_in(&format!("COPY {table} ({COLUMNS}) FROM STDIN (FORMAT binary)")).await?;
    let mut sink = std::pin::pin!(sink);
    sink.send(Bytes::from_static(HEADER)).await?;
    for row in rows {
        sink.send(encode(site_id, row).into()).await?;
    }
    sink.send(Bytes::copy_from_slice(&TRAILER)).await?;
    sink.finish().await?;
    Ok(())
}

fn encode(site_id: &str, row: &MetricRow) -> Vec<u8> {
    let mut out = Vec::with_capacity(row.data.len() + 256);
    out.extend(FIELDS.to_be_bytes());
    put(&mut out, &[site_id.as_bytes()]);
    put(&mut out, &[row.collector.as_uuid().as_bytes()]);
    put(&mut out, &[&microseconds(row.received_at).to_be_bytes()]);
    put(&mut out, &[&row.first_seq.cast_signed().to_be_bytes()]);
    put(&mut out, &[&i32::try_from(row.documents).unwrap_or(i32::MAX).to_be_bytes()]);
    put(&mut out, &[&[JSONB], row.data.as_bytes()]);
    match &row.exact {
        Some(text) => put(&mut out, &[text.as_bytes()]),
        None => out.extend((-1_i32).to_be_bytes()),
    }
    put(&mut out, &[row.checksum.as_bytes()]);
    out
}

/// A field of several parts behind its length. No row is as long as the format could not say.
fn put(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.extend(i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
}

fn microseconds(time: Timestamp) -> i64 {
    time.as_millis().saturating_sub(EPOCH_MS).saturating_mul(1000)
}
