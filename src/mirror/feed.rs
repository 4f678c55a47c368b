//! The metrics: what waits in the feed of the store, and what stands in its gap, written push by push.
//!
//! It guarantees: a document is written once. A transaction first takes the row of its site, behind whatever an
//! earlier connection may still be doing; then it looks up which documents are there, unless they came after this
//! connection was opened; and only what was committed is said to be copied.

use std::collections::HashMap;
use std::time::Instant;

use tokio_postgres::Transaction;

use super::copy::copy;
use super::rows::{MetricRow, rows};
use super::session::Session;
use super::{MirrorError, Source};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits::{MIRROR_NOTE_KEYS, MIRROR_NOTE_TIME};
use crate::metrics::{Arrival, Content, FeedKey, QueryError, ReadDocument};
use crate::storage::RedbError;

/// What was done in one go.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Copied {
    /// Whether there was anything to do.
    pub(super) is_any: bool,
    pub(super) documents: u64,
    /// Damaged, or expired before they could be copied.
    pub(super) lost: u64,
}

type Pushes = Vec<(CollectorId, Vec<ReadDocument>)>;

impl Session {
    /// Copies what waits in the feed, up to so many bytes.
    pub(super) async fn copy_feed(
        &mut self,
        source: &Source,
        most_bytes: usize,
    ) -> Result<Copied, MirrorError> {
        let mut arrivals = source.metrics.arrivals(self.at, most_bytes)?;
        if arrivals.is_empty() {
            return self.begin_lap(source);
        }
        if let Some(first) = arrivals.first()
            && matches!(first.content, Content::Discarded)
        {
            let key = first.key;
            return self.forget_discarded(key).await;
        }
        let cut = arrivals.iter().position(|arrival| matches!(arrival.content, Content::Discarded));
        arrivals.truncate(cut.unwrap_or(arrivals.len()));
        let keys: Vec<FeedKey> = arrivals.iter().map(|arrival| arrival.key).collect();
        let expected: u64 = arrivals.iter().map(|arrival| arrival.documents).sum();
        let pushes: Pushes = arrivals.into_iter().filter_map(documents_of).collect();
        let found: usize = pushes.iter().map(|(_, documents)| documents.len()).sum();
        let written = self.write(pushes).await?;
        self.at = keys.last().copied();
        self.done.extend(keys);
        self.note(source, false)?;
        Ok(Copied { is_any: true, documents: written, lost: expected.saturating_sub(found as u64) })
    }

    /// At the end of the feed: notes what was copied, and begins at its beginning.
    fn begin_lap(&mut self, source: &Source) -> Result<Copied, MirrorError> {
        let has_more = self.at.is_some();
        self.note(source, true)?;
        self.at = None;
        if !has_more && source.metrics.feed_resume()? {
            let feed = source.metrics.feed_state()?;
            self.gap = feed.gap;
            self.checked_before = feed.next_seq;
        }
        Ok(Copied::default())
    }

    /// Removes what the appliance has discarded of a collector, a step at a time.
    async fn forget_discarded(&mut self, key: FeedKey) -> Result<Copied, MirrorError> {
        let id = key.collector.as_uuid().to_string();
        if !self.remove_metrics(&id, key.first_seq.cast_signed()).await? {
            self.at = Some(key);
            self.done.push(key);
        }
        Ok(Copied { is_any: true, ..Copied::default() })
    }

    /// Copies a page of the gap.
    pub(super) async fn fill_gap(&mut self, source: &Source) -> Result<Copied, MirrorError> {
        let Some(gap) = self.gap else { return Ok(Copied::default()) };
        let page = match source.metrics.fill(gap) {
            // the rest of the mirror goes on without it
            Err(error @ QueryError::Store(RedbError::Damaged { .. })) => {
                self.trouble = Some(format!("cannot go through what was stored before: {error}"));
                return Ok(Copied::default());
            }
            page => page?,
        };
        self.trouble = None;
        let (rest, documents) = match page {
            None => (None, 0),
            Some(page) => (page.rest, self.write(vec![(page.collector, page.documents)]).await?),
        };
        self.gap = rest;
        self.is_gap_moved = true;
        self.note(source, rest.is_none())?;
        Ok(Copied { is_any: true, documents, lost: 0 })
    }

    /// Lets the store forget what was copied: now and then, for each time is a commit.
    fn note(&mut self, source: &Source, now: bool) -> Result<(), MirrorError> {
        let is_time =
            now || self.done.len() >= MIRROR_NOTE_KEYS || self.noted_at.elapsed() >= MIRROR_NOTE_TIME;
        if is_time && (!self.done.is_empty() || self.is_gap_moved) {
            source.metrics.feed_done(&self.done, self.gap, self.link)?;
            self.done.clear();
            self.is_gap_moved = false;
            self.noted_at = Instant::now();
        }
        Ok(())
    }

    /// Writes documents in one transaction, but for those that are there. Says how many were written.
    async fn write(&mut self, mut pushes: Pushes) -> Result<u64, MirrorError> {
        pushes.retain(|(_, documents)| !documents.is_empty());
        if pushes.is_empty() {
            return Ok(0);
        }
        let all = pushes.iter().flat_map(|(_, documents)| documents);
        self.partitions.prepare(&mut self.client, all.map(|document| document.received_at)).await?;
        let tx = self.client.transaction().await?;
        let sql = "UPDATE mirror_sites SET commits = commits + 1, mirrored_at = now()
             WHERE site_id = $1 AND link = $2::text::uuid RETURNING commits";
        let link = uuid::Uuid::from_u128(self.link.id).to_string();
        let Some(row) = tx.query_opt(sql, &[&self.site_id, &link]).await? else {
            return Err(MirrorError::Moved(self.site_id.clone()));
        };
        let commits: i64 = row.get(0);
        for (collector, documents) in &mut pushes {
            documents.sort_by_key(|document| document.seq);
            if documents.first().is_some_and(|first| first.seq < self.checked_before) {
                let there = Covered::find(&tx, &self.site_id, *collector, documents).await?;
                documents.retain(|document| !there.has(document));
            }
        }
        let rows: Vec<MetricRow> =
            pushes.iter().flat_map(|(collector, documents)| rows(*collector, documents)).collect();
        let written = rows.iter().map(|row| row.documents as u64).sum();
        let (archive, live): (Vec<_>, Vec<_>) =
            rows.iter().partition(|row| self.archived.contains(&row.collector));
        copy(&tx, "collector_metrics", &self.site_id, &live).await?;
        copy(&tx, "collector_metrics_archive", &self.site_id, &archive).await?;
        tx.commit().await?;
        self.link.commits = commits.cast_unsigned();
        Ok(written)
    }
}

/// Documents of an arrival. What is damaged is told and left out.
fn documents_of(arrival: Arrival) -> Option<(CollectorId, Vec<ReadDocument>)> {
    let FeedKey { collector, first_seq } = arrival.key;
    match arrival.content {
        Content::Documents(documents) => Some((collector, documents)),
        Content::Discarded => None,
        Content::Damaged(error) => {
            tracing::error!(%collector, first_seq, error, "a push is damaged and is not mirrored");
            None
        }
    }
}

/// Which documents of a collector are in the mirror: by their time of receiving, the last number behind each first.
struct Covered(HashMap<Timestamp, Vec<(u64, u64)>>);

impl Covered {
    async fn find(
        tx: &Transaction<'_>,
        site_id: &str,
        collector: CollectorId,
        documents: &[ReadDocument],
    ) -> Result<Self, MirrorError> {
        let times = documents.iter().map(|document| document.received_at);
        let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
            return Ok(Self(HashMap::new()));
        };
        let sql = "SELECT (extract(epoch FROM received_at) * 1000)::bigint, first_seq, record_count
             FROM (SELECT * FROM collector_metrics UNION ALL SELECT * FROM collector_metrics_archive) AS metrics
             WHERE collector_id = $1::text::uuid AND site_id = $2
                 AND received_at >= $3::text::timestamptz AND received_at <= $4::text::timestamptz";
        let id = collector.as_uuid().to_string();
        let rows = tx.query(sql, &[&id, &site_id, &first.to_string(), &last.to_string()]).await?;
        let mut found = HashMap::<_, Vec<_>>::new();
        for row in rows {
            let (received_at, first, count): (i64, i64, i32) = (row.get(0), row.get(1), row.get(2));
            let first = first.cast_unsigned();
            let behind = first + u64::from(count.unsigned_abs());
            found.entry(Timestamp::from_millis(received_at)).or_default().push((first, behind));
        }
        Ok(Self(found))
    }

    fn has(&self, document: &ReadDocument) -> bool {
        let ranges = self.0.get(&document.received_at);
        ranges.is_some_and(|ranges| {
            ranges.iter().any(|(first, behind)| (*first..*behind).contains(&document.seq))
        })
    }
}
