//! The fixed part of an object: its keys, labels and brackets, with slots where its values move and places where
//! its lists stand. A piece says how its text is put together again, and which series its slots are.
//!
//! It does not change: it is stored once for each collector and addressed by its hash.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::{Arc, OnceLock};

use super::stamp::Form;
use crate::limits;
use crate::storage::bytes::{Reader, put_bytes, put_text, put_varint};

/// The first half of a SHA-256.
pub(super) type Hash = [u8; 16];

pub(super) fn hash_of(bytes: &[u8]) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(&crate::crypto::sha256(bytes)[..16]);
    hash
}

/// What stands between two literal parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    /// Any scalar.
    Slot,
    /// An array, whose elements are pieces.
    List,
    /// The time of the document, as a string of that form.
    Stamp(Form),
    /// Nothing: the piece ends.
    End,
}

impl Hole {
    const fn code(self) -> u8 {
        match self {
            Self::End => 0,
            Self::Slot => 1,
            Self::List => 2,
            Self::Stamp(Form::Milliseconds) => 3,
            Self::Stamp(Form::Seconds) => 4,
        }
    }

    const fn of(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::End,
            1 => Self::Slot,
            2 => Self::List,
            3 => Self::Stamp(Form::Milliseconds),
            4 => Self::Stamp(Form::Seconds),
            _ => return None,
        })
    }
}

/// A piece as those who store it need it.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) hash: Hash,
    pub(super) bytes: Arc<[u8]>,
    /// The time of the document is not among its values.
    pub(super) is_stamped: bool,
}

/// Builds the bytes of a piece: literal parts and holes, then the groups of its series.
#[derive(Default)]
pub(super) struct Builder {
    literal: Vec<u8>,
    parts: Vec<u8>,
    groups: Vec<u8>,
    group_count: u64,
    pub(super) slots: u32,
    is_stamped: bool,
}

impl Builder {
    pub(super) fn literal(&mut self, text: &str) {
        self.literal.extend(text.as_bytes());
    }

    pub(super) fn hole(&mut self, hole: Hole) {
        put_bytes(&mut self.parts, &self.literal);
        self.literal.clear();
        self.parts.push(hole.code());
        self.slots += u32::from(hole == Hole::Slot);
        self.is_stamped |= matches!(hole, Hole::Stamp(_));
    }

    /// Says that slots are the numbers of one object, each with its key.
    pub(super) fn group(&mut self, path: &str, labels: &[(String, String)], keys: &[(u32, Cow<'_, str>)]) {
        // a piece that is too large already is refused
        if keys.is_empty() || self.groups.len() > limits::SHAPE_BYTES {
            return;
        }
        self.group_count += 1;
        put_text(&mut self.groups, path);
        put_varint(&mut self.groups, labels.len() as u64);
        for (name, value) in labels {
            put_text(&mut self.groups, name);
            put_text(&mut self.groups, value);
        }
        put_varint(&mut self.groups, keys.len() as u64);
        for (slot, key) in keys {
            put_varint(&mut self.groups, u64::from(*slot));
            put_text(&mut self.groups, key);
        }
    }

    pub(super) fn finish(mut self) -> Piece {
        self.hole(Hole::End);
        let mut bytes = self.parts;
        put_varint(&mut bytes, self.group_count);
        bytes.extend(&self.groups);
        Piece { hash: hash_of(&bytes), bytes: bytes.into(), is_stamped: self.is_stamped }
    }
}

/// A piece as its readers need it.
#[derive(Debug)]
pub(super) struct Layout {
    bytes: Arc<[u8]>,
    /// Where each literal part stands, and what follows it.
    parts: Vec<(std::ops::Range<usize>, Hole)>,
    groups: usize,
    pub(super) slots: u32,
    family: OnceLock<u64>,
}

impl Layout {
    /// Reads a piece. `None` means that the bytes are something else.
    pub(super) fn read(bytes: &Arc<[u8]>) -> Option<Self> {
        let mut reader = Reader(bytes);
        let (mut parts, mut slots) = (Vec::new(), 0_u32);
        loop {
            let literal = reader.text()?;
            let end = bytes.len() - reader.0.len();
            let [code] = reader.array()?;
            let hole = Hole::of(code)?;
            slots += u32::from(hole == Hole::Slot);
            parts.push((end - literal.len()..end, hole));
            if hole == Hole::End {
                break;
            }
        }
        let groups = bytes.len() - reader.0.len();
        let family = OnceLock::new();
        let layout = Self { bytes: Arc::clone(bytes), parts, groups, slots, family };
        layout.each_group(|_| ())?;
        Some(layout)
    }

    pub(super) fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// A literal part with the hole behind it.
    pub(super) fn part(&self, number: usize) -> Option<(&[u8], Hole)> {
        let (literal, hole) = self.parts.get(number)?;
        Some((self.bytes.get(literal.clone())?, *hole))
    }

    /// Equal for pieces whose series have equal names, whatever their labels.
    pub(super) fn family(&self) -> u64 {
        *self.family.get_or_init(|| self.hash_of_names())
    }

    fn hash_of_names(&self) -> u64 {
        let mut names = Vec::new();
        let _ = self.each_group(|group| {
            put_text(&mut names, group.path);
            for (slot, key) in &group.keys {
                put_varint(&mut names, u64::from(*slot));
                put_text(&mut names, key);
            }
        });
        let mut family = [0; 8];
        family.copy_from_slice(&hash_of(&names)[..8]);
        u64::from_le_bytes(family)
    }

    /// Shows the objects in it that have numbers. `None` means that the bytes are no piece.
    pub(super) fn each_group<'a>(&'a self, mut see: impl FnMut(&Group<'a>)) -> Option<()> {
        let mut reader = Reader(&self.bytes[self.groups..]);
        let count = reader.varint()?;
        for _ in 0..count {
            let mut group = Group { path: reader.text()?, labels: Vec::new(), keys: Vec::new() };
            for _ in 0..reader.varint()? {
                group.labels.push((reader.text()?, reader.text()?));
            }
            for _ in 0..reader.varint()? {
                let slot = u32::try_from(reader.varint()?).ok().filter(|slot| *slot < self.slots)?;
                group.keys.push((slot, reader.text()?));
            }
            see(&group);
        }
        reader.is_empty().then_some(())
    }
}

/// A series: its name and labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    pub name: Arc<str>,
    /// Shared by the numbers of one object.
    pub labels: Arc<SeriesLabels>,
}

/// The labels of a series by their names.
pub type SeriesLabels = BTreeMap<String, String>;

/// Equal for equal names, and for equal labels: what tells most series apart without a look at their texts.
pub(super) fn mark_of(value: &(impl std::hash::Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The mark of a series, of those of its name and labels.
pub(super) const fn mark_of_series(name: u64, labels: u64) -> u64 {
    name.rotate_left(1) ^ labels
}

/// The numbers of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group<'a> {
    pub(super) path: &'a str,
    pub(super) labels: Vec<(&'a str, &'a str)>,
    /// Slots of the piece, and the keys under which they stand.
    pub(super) keys: Vec<(u32, &'a str)>,
}

impl Group<'_> {
    pub(super) fn labels(&self) -> Arc<SeriesLabels> {
        let owned = self.labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Arc::new(owned.collect())
    }

    /// Appends the labels, as [`labels_in`] reads them.
    pub(super) fn put_labels(&self, out: &mut Vec<u8>) {
        for (name, value) in &self.labels {
            put_text(out, name);
            put_text(out, value);
        }
    }

    /// Puts the name of the series under a key in the place of what is there. An array's bare numbers have no key.
    pub(super) fn put_name(&self, key: &str, name: &mut String) {
        name.clear();
        name.push_str(self.path);
        if !key.is_empty() {
            name.push('.');
            name.push_str(key);
        }
    }
}

/// The labels that [`Group::put_labels`] appended to nothing.
pub(super) fn labels_in(texts: &[u8]) -> SeriesLabels {
    let mut reader = Reader(texts);
    let mut text = || reader.text().map(str::to_owned);
    std::iter::from_fn(|| text().zip(text())).collect()
}

/// Whether one of those labels has this value.
pub(super) fn has_value(texts: &[u8], value: &str) -> bool {
    let mut reader = Reader(texts);
    let mut values = std::iter::from_fn(|| reader.text().and_then(|_| reader.text()));
    values.any(|one| one == value)
}

/// The pieces of a document in the order of the text, and an end for each list: what successive documents share.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) hash: Hash,
    pub(super) pieces: Box<[Option<Arc<Piece>>]>,
}

impl Shape {
    pub(super) fn new(pieces: Vec<Option<Arc<Piece>>>) -> Self {
        let hashes: Vec<_> = pieces.iter().map(|piece| piece.as_ref().map(|piece| piece.hash)).collect();
        Self { hash: shape_hash(&hashes), pieces: pieces.into() }
    }

    /// Whether the time of the document is not among its values.
    pub(super) fn is_stamped(&self) -> bool {
        matches!(self.pieces.first(), Some(Some(root)) if root.is_stamped)
    }
}

/// The hash of the shape with these pieces.
pub(super) fn shape_hash(pieces: &[Option<Hash>]) -> Hash {
    let mut all = Vec::with_capacity(pieces.len() * 17);
    for piece in pieces {
        all.push(u8::from(piece.is_some()));
        all.extend(piece.iter().flatten());
    }
    hash_of(&all)
}

/// Pieces that can be open at once: the document, and an element of each list that is nested in it.
pub(super) const DEEPEST: usize = limits::DOCUMENT_DEPTH + 1;
