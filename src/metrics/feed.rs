//! The feed: which batches somebody who copies the store has not copied yet.
//!
//! It guarantees: while it is wanted, each batch is noted in the commit that stores it, and stays noted until it is
//! said to be copied; what was stored while it was not wanted, or while it was full, stands in it as a gap of sequence
//! numbers. So nothing is missed. What is said to be copied may come again after a crash: whoever copies knows it by
//! its sequence numbers. It does not know who copies, nor where to. Heartbeats, which no collector pushed, are not in
//! it.

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata, Table, WriteTransaction};

use super::hot::{self, Definition, Place};
use super::{Cursor, Metrics};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::journaled::{Journaled, Put, Rows};
use crate::storage::redb_file::damaged;

/// The batches that wait, by collector and the sequence number of their first document. It is there once somebody
/// wanted a feed.
pub(super) const FEED: Definition = redb::TableDefinition::new("feed");
/// In `META`: where the feed goes on, and how many documents wait in it.
const STATE: &[u8] = b"feed";
/// In `META`: what was stored and stands in no entry.
const GAP: &[u8] = b"feed_gap";
/// In `META`: which copy the feed belongs to, and how far that copy was when an entry last went.
const LINK: &[u8] = b"feed_link";

/// The place of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedKey {
    pub collector: CollectorId,
    pub first_seq: u64,
}

impl FeedKey {
    fn bytes(self) -> [u8; 24] {
        let mut key = [0; 24];
        key[..16].copy_from_slice(&hot::of_collector(self.collector));
        key[16..].copy_from_slice(&self.first_seq.to_be_bytes());
        key
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        let (collector, seq) = bytes.split_first_chunk::<16>()?;
        let collector = CollectorId::from(uuid::Uuid::from_bytes(*collector));
        Some(Self { collector, first_seq: u64::from_be_bytes(seq.try_into().ok()?) })
    }
}

/// What is noted of a batch: the documents of a push in one hour. Without documents it is none: everything of its collector up to here was discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FeedEntry {
    pub(super) last_seq: u64,
    pub(super) documents: u64,
    pub(super) received_at: Timestamp,
    /// The times of its earliest and its latest document.
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

impl FeedEntry {
    fn bytes(self) -> Vec<u8> {
        let Self { last_seq, documents, received_at, first, last } = self;
        let times = [received_at, first, last].map(|time| time.as_millis().cast_unsigned());
        [last_seq, documents].into_iter().chain(times).flat_map(u64::to_le_bytes).collect()
    }

    fn open(key: &[u8], sealed: &[u8]) -> Result<Self, RedbError> {
        let [last_seq, documents, received_at, first, last] = hot::words("entry of the feed", key, sealed)?;
        let [received_at, first, last] =
            [received_at, first, last].map(|time| Timestamp::from_millis(time.cast_signed()));
        Ok(Self { last_seq, documents, received_at, first, last })
    }
}

/// Which copy the feed belongs to, and how many commits that copy had when entries last went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub id: u128,
    pub commits: u64,
}

/// Documents that stand in no entry: they are copied by going through the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The sequence numbers from the first to before the last.
    pub from: u64,
    pub to: u64,
    /// Documents of it that were copied.
    pub done: u64,
    /// Where to go on: collectors before this one are done.
    pub collector: u128,
    pub after: Option<Cursor>,
}

impl Gap {
    fn of(from: u64, to: u64) -> Self {
        Self { from, to, done: 0, collector: 0, after: None }
    }

    fn bytes(self) -> Vec<u8> {
        let Self { from, to, done, collector, after } = self;
        let place = after.map_or(NO_PLACE, |Cursor(place)| place);
        let (high, low) = halves(collector);
        let words = [from, to, done, high, low, place.timestamp.as_millis().cast_unsigned(), place.seq];
        words.into_iter().flat_map(u64::to_le_bytes).collect()
    }

    fn open(key: &[u8], sealed: &[u8]) -> Result<Self, RedbError> {
        let [from, to, done, high, low, time, seq] = hot::words("gap of the feed", key, sealed)?;
        let place = Place { timestamp: Timestamp::from_millis(time.cast_signed()), seq };
        let after = (place != NO_PLACE).then_some(Cursor(place));
        Ok(Self { from, to, done, collector: whole(high, low), after })
    }
}

/// Before every document.
const NO_PLACE: Place = Place { timestamp: Timestamp::from_millis(i64::MIN), seq: 0 };

#[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
fn halves(number: u128) -> (u64, u64) {
    ((number >> 64) as u64, number as u64)
}

fn whole(high: u64, low: u64) -> u128 {
    (u128::from(high) << 64) | u128::from(low)
}

/// How the feed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedState {
    /// The sequence number that the next document of the store gets.
    pub next_seq: u64,
    /// Pushes and documents that wait.
    pub pushes: u64,
    pub documents: u64,
    /// Documents behind this one stand in no entry yet: the feed was full, or was not wanted.
    pub noted_before: u64,
    pub gap: Option<Gap>,
    pub link: Option<Link>,
}

/// The open tables of a commit that notes its pushes.
pub(super) struct Noting<'tx> {
    rows: Rows<'tx>,
    documents: u64,
}

impl<'tx> Noting<'tx> {
    /// Nothing while the feed has a hole before this commit, or is full: that becomes a gap.
    pub(super) fn open(
        tx: &Journaled<'tx>,
        meta: &Rows<'tx>,
        next_seq: u64,
    ) -> Result<Option<Self>, RedbError> {
        let Some((noted_before, documents)) = state(&**meta)? else { return Ok(None) };
        if noted_before != next_seq {
            return Ok(None);
        }
        let rows = tx.open_table(FEED)?;
        Ok((rows.len()? < limits::FEED_PUSHES).then_some(Self { rows, documents }))
    }

    pub(super) fn add(&mut self, key: FeedKey, entry: FeedEntry) -> Result<(), RedbError> {
        self.documents += entry.documents;
        hot::put(&mut self.rows, &key.bytes(), &entry.bytes())
    }

    pub(super) fn finish(self, meta: &mut Rows<'_>, next_seq: u64) -> Result<(), RedbError> {
        put_state(meta, next_seq, self.documents)
    }
}

fn state(meta: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<Option<(u64, u64)>, RedbError> {
    let open = |key: &[u8], sealed: &[u8]| hot::words("state of the feed", key, sealed);
    Ok(hot::get(meta, STATE, open)?.map(|[noted_before, documents]| (noted_before, documents)))
}

fn put_state(meta: &mut impl Put, noted_before: u64, documents: u64) -> Result<(), RedbError> {
    let words: Vec<u8> = [noted_before, documents].into_iter().flat_map(u64::to_le_bytes).collect();
    hot::put(meta, STATE, &words)
}

fn open_link(key: &[u8], sealed: &[u8]) -> Result<Link, RedbError> {
    let [high, low, commits] = hot::words("link of the feed", key, sealed)?;
    Ok(Link { id: whole(high, low), commits })
}

fn put_link(meta: &mut impl Put, link: Link) -> Result<(), RedbError> {
    let (high, low) = halves(link.id);
    let words: Vec<u8> = [high, low, link.commits].into_iter().flat_map(u64::to_le_bytes).collect();
    hot::put(meta, LINK, &words)
}

pub(super) fn next_seq(meta: &impl ReadableTable<&'static [u8], &'static [u8]>) -> Result<u64, RedbError> {
    let next_seq = hot::get(meta, hot::NEXT_SEQ, hot::open_count)?;
    next_seq.ok_or_else(|| damaged("next sequence number", hot::NEXT_SEQ))
}

/// Lets the documents go on at another number, and a feed without a hole with them.
pub(super) fn go_on_at(
    meta: &mut Table<'_, &'static [u8], &'static [u8]>,
    first_seq: u64,
) -> Result<(), RedbError> {
    let before = next_seq(&*meta)?;
    if let Some((noted_before, documents)) = state(&*meta)?
        && noted_before == before
    {
        put_state(meta, first_seq, documents)?;
    }
    hot::put(meta, hot::NEXT_SEQ, &first_seq.to_le_bytes())
}

/// Notes that everything of a collector is gone, where there ever was a feed: a copy has to forget it, too.
pub(super) fn note_discarded(tx: &WriteTransaction, collector: CollectorId) -> Result<(), RedbError> {
    let mut meta = tx.open_table(hot::META)?;
    let Some((noted_before, documents)) = state(&meta)? else { return Ok(()) };
    let next_seq = next_seq(&meta)?;
    let mut rows = tx.open_table(FEED)?;
    let mut gone = 0;
    let first = FeedKey { collector, first_seq: 0 }.bytes();
    let last = FeedKey { collector, first_seq: u64::MAX }.bytes();
    rows.retain_in(first.as_slice()..=last.as_slice(), |key, sealed| {
        gone += FeedEntry::open(key, sealed).map_or(0, |entry| entry.documents);
        false
    })?;
    let key = FeedKey { collector, first_seq: next_seq.saturating_sub(1) };
    let none = Timestamp::from_millis(0);
    let entry =
        FeedEntry { last_seq: key.first_seq, documents: 0, received_at: none, first: none, last: none };
    hot::put(&mut rows, &key.bytes(), &entry.bytes())?;
    put_state(&mut meta, noted_before, documents.saturating_sub(gone))
}

/// The entries behind a place, in order, up to the one with which there are so many documents.
pub(super) fn entries(
    tx: &ReadTransaction,
    after: Option<FeedKey>,
    most: u64,
) -> Result<Vec<(FeedKey, FeedEntry)>, RedbError> {
    let rows = match tx.open_table(FEED) {
        Ok(rows) => rows,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let first = after.map_or(Vec::new(), |key| [&key.bytes()[..], &[0]].concat());
    let (mut found, mut documents) = (Vec::new(), 0);
    for row in rows.range(first.as_slice()..)? {
        let (key, sealed) = row?;
        let entry = FeedEntry::open(key.value(), sealed.value())?;
        let key = FeedKey::of(key.value()).ok_or_else(|| damaged("entry of the feed", key.value()))?;
        found.push((key, entry));
        documents += entry.documents;
        if documents >= most || found.len() == limits::FEED_PUSHES_AT_ONCE {
            break;
        }
    }
    Ok(found)
}

impl Metrics {
    /// How the feed stands; of one that nobody ever wanted, everything is behind it.
    pub fn feed_state(&self) -> Result<FeedState, RedbError> {
        self.hot.file.read(|tx| {
            let meta = tx.open_table(hot::META)?;
            let pushes = match tx.open_table(FEED) {
                Ok(rows) => rows.len()?,
                Err(redb::TableError::TableDoesNotExist(_)) => 0,
                Err(error) => return Err(error.into()),
            };
            let (noted_before, documents) = state(&meta)?.unwrap_or((1, 0));
            Ok(FeedState {
                next_seq: next_seq(&meta)?,
                pushes,
                documents,
                noted_before,
                gap: hot::get(&meta, GAP, Gap::open)?,
                link: hot::get(&meta, LINK, open_link)?,
            })
        })
    }

    /// When the push came that waits for longest.
    pub fn feed_oldest(&self) -> Result<Option<Timestamp>, RedbError> {
        self.hot.file.read(|tx| {
            let rows = match tx.open_table(FEED) {
                Ok(rows) => rows,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let mut oldest: Option<Timestamp> = None;
            // the first entry of each collector came first
            for collector in hot::collectors_in(&rows)? {
                let first = FeedKey { collector, first_seq: 0 }.bytes();
                let Some(row) = rows.range(first.as_slice()..)?.next() else { continue };
                let (key, sealed) = row?;
                let entry = FeedEntry::open(key.value(), sealed.value())?;
                if entry.documents > 0 {
                    oldest = Some(oldest.map_or(entry.received_at, |oldest| oldest.min(entry.received_at)));
                }
            }
            Ok(oldest)
        })
    }

    /// Begins the feed of a copy that has nothing, or that has lost something: all that is stored is a gap.
    pub fn feed_restart(&self, link: Link) -> Result<(), RedbError> {
        self.hot.file.write(|tx| {
            let mut meta = tx.open_table(hot::META)?;
            tx.open_table(FEED)?;
            let next_seq = next_seq(&meta)?;
            let documents = state(&meta)?.map_or(0, |(_, documents)| documents);
            put_state(&mut meta, next_seq, documents)?;
            put_link(&mut meta, link)?;
            hot::put(&mut meta, GAP, &Gap::of(0, next_seq).bytes())
        })
    }

    /// Lets the feed go on where it has a hole: what is in the hole joins the gap. Says whether there was one.
    pub fn feed_resume(&self) -> Result<bool, RedbError> {
        let before = self.feed_state()?;
        if before.noted_before == before.next_seq || before.pushes >= limits::FEED_PUSHES {
            return Ok(false);
        }
        self.hot.file.write(|tx| {
            let mut meta = tx.open_table(hot::META)?;
            let next_seq = next_seq(&meta)?;
            let (noted_before, documents) = state(&meta)?.unwrap_or((0, 0));
            let known = hot::get(&meta, GAP, Gap::open)?;
            let from = known.map_or(noted_before, |gap| gap.from.min(noted_before));
            hot::put(&mut meta, GAP, &Gap::of(from, next_seq).bytes())?;
            put_state(&mut meta, next_seq, documents)?;
            Ok(true)
        })
    }

    /// Forgets what was copied: entries, and the gap up to where it says. `gap` is `None` when it is closed.
    pub fn feed_done(&self, keys: &[FeedKey], gap: Option<Gap>, link: Link) -> Result<(), RedbError> {
        self.hot.file.write(|tx| {
            let mut meta = tx.open_table(hot::META)?;
            let mut rows = tx.open_table(FEED)?;
            let mut gone = 0;
            for key in keys {
                let key = key.bytes();
                if let Some(sealed) = rows.remove(key.as_slice())? {
                    gone += FeedEntry::open(&key, sealed.value())?.documents;
                }
            }
            if let Some((noted_before, documents)) = state(&meta)?
                && gone > 0
            {
                put_state(&mut meta, noted_before, documents.saturating_sub(gone))?;
            }
            match gap {
                Some(gap) => hot::put(&mut meta, GAP, &gap.bytes())?,
                None => drop(meta.remove(GAP)?),
            }
            put_link(&mut meta, link)
        })
    }
}
