//! The numbers under which a collector's batches name pieces and shapes.
//!
//! Every piece of a batch has a number. A shape gets one when it comes for the second time: the order of a list of
//! statements seldom comes again. When a dictionary has grown, it begins anew, and the old numbers go when no batch
//! needs them any more.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use redb::{ReadableTable, WriteTransaction};

use super::batch::{put_pieces, read_pieces};
use super::hot;
use super::piece::{Hash, Piece, Shape, hash_of};
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::bytes::Reader;
use crate::storage::journaled::Rows;
use crate::storage::redb_file::{damaged, unseal};

const PIECE: u8 = 0;
const SHAPE: u8 = 1;
/// A shape of so few pieces is as short as its number.
const SHORT: usize = 3;

/// An entry as it is read back.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Piece(Arc<[u8]>),
    /// Pieces by their numbers plus one, and 0 where a list ends.
    Shape(Arc<[u32]>),
}

impl Entry {
    pub(super) fn open(key: &[u8], sealed: &[u8]) -> Result<Self, RedbError> {
        let mut reader = Reader(unseal("entry of a dictionary", key, sealed)?);
        let read = |reader: &mut Reader<'_>| match reader.array()? {
            [PIECE] => Some(Self::Piece(reader.0.into())),
            [SHAPE] => {
                read_pieces(reader).filter(|_| reader.is_empty()).map(|pieces| Self::Shape(pieces.into()))
            }
            _ => None,
        };
        read(&mut reader).ok_or_else(|| damaged("entry of a dictionary", key))
    }
}

/// Which numbers a dictionary has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// The first one that is stored.
    pub(super) oldest: u32,
    /// The first one that new batches use.
    pub(super) first: u32,
    pub(super) next: u32,
    /// Batches from this sequence number on use no number before `first`.
    pub(super) renewed_at: u64,
}

impl Numbers {
    fn bytes(self) -> Vec<u8> {
        let Self { oldest, first, next, renewed_at } = self;
        let words = [u64::from(oldest), u64::from(first), u64::from(next), renewed_at];
        words.into_iter().flat_map(u64::to_le_bytes).collect()
    }

    pub(super) fn open(key: &[u8], sealed: &[u8]) -> Result<Self, RedbError> {
        let [oldest, first, next, renewed_at] = hot::words("dictionary", key, sealed)?;
        let number = |word| u32::try_from(word).map_err(|_| damaged("dictionary", key));
        Ok(Self { oldest: number(oldest)?, first: number(first)?, next: number(next)?, renewed_at })
    }

    /// All numbers that are stored.
    pub(super) fn all(self) -> Range<u32> {
        self.oldest..self.next
    }
}

/// The dictionaries that are known without a look into the store. They are changed inside of write transactions
/// only, of which there is one at a time.
#[derive(Default)]
pub(super) struct Dictionaries(Mutex<HashMap<CollectorId, Dictionary>>);

impl Dictionaries {
    pub(super) fn forget(&self) {
        self.0.lock().clear();
    }
}

#[derive(Default)]
struct Dictionary {
    numbers: Numbers,
    pieces: HashMap<Hash, u32>,
    shapes: HashMap<Hash, u32>,
    /// Shapes that came once.
    once: HashSet<Hash>,
    is_changed: bool,
}

/// How a batch names a shape.
pub(super) enum Named {
    Number(u32),
    Pieces(Vec<u32>),
}

/// The dictionaries in a write transaction.
pub(super) struct Naming<'tx> {
    known: &'tx Dictionaries,
    entries: Rows<'tx>,
    dictionaries: Rows<'tx>,
}

impl<'tx> Naming<'tx> {
    pub(super) const fn new(entries: Rows<'tx>, dictionaries: Rows<'tx>, known: &'tx Dictionaries) -> Self {
        Self { known, entries, dictionaries }
    }

    /// Names the shapes of the documents of one push, whose first one has the sequence number `seq`.
    pub(super) fn name<'a>(
        &mut self,
        collector: CollectorId,
        seq: u64,
        shapes: impl Iterator<Item = &'a Arc<Shape>>,
    ) -> Result<Vec<Named>, RedbError> {
        let Self { known, entries, dictionaries } = self;
        let mut known = known.0.lock();
        if known.values().map(Dictionary::len).sum::<usize>() > limits::DICTIONARY_ENTRIES {
            known.clear();
        }
        let dictionary = match known.entry(collector) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Dictionary::load(collector, entries, dictionaries)?)
            }
        };
        dictionary.renew(seq);
        let named =
            shapes.map(|shape| dictionary.shape(collector, shape, entries)).collect::<Result<_, _>>()?;
        if std::mem::take(&mut dictionary.is_changed) {
            hot::put(dictionaries, &hot::of_collector(collector), &dictionary.numbers.bytes())?;
        }
        Ok(named)
    }
}

/// Removes the numbers that no batch of a collector needs any more, when `oldest` gives the first document that still
/// stands in one.
pub(super) fn shorten(
    tx: &WriteTransaction,
    known: &Dictionaries,
    collector: CollectorId,
    oldest: impl FnOnce() -> Result<Option<u64>, RedbError>,
) -> Result<(), RedbError> {
    let (mut entries, mut dictionaries) =
        (tx.open_table(hot::DICTIONARY)?, tx.open_table(hot::DICTIONARIES)?);
    let key = hot::of_collector(collector);
    let Some(mut numbers) = hot::get(&dictionaries, &key, Numbers::open)? else { return Ok(()) };
    if numbers.oldest == numbers.first || oldest()?.is_some_and(|oldest| oldest < numbers.renewed_at) {
        return Ok(());
    }
    for number in numbers.oldest..numbers.first {
        entries.remove(hot::entry_key(collector, number).as_slice())?;
    }
    numbers.oldest = numbers.first;
    known.0.lock().remove(&collector);
    hot::put(&mut dictionaries, &key, &numbers.bytes())
}

impl Dictionary {
    fn load(collector: CollectorId, entries: &Rows<'_>, dictionaries: &Rows<'_>) -> Result<Self, RedbError> {
        let key = hot::of_collector(collector);
        let numbers = hot::get(&**dictionaries, &key, Numbers::open)?.unwrap_or_default();
        let mut dictionary = Self { numbers, ..Self::default() };
        let mut hashes = HashMap::new();
        for number in numbers.first..numbers.next {
            let key = hot::entry_key(collector, number);
            let missing = || damaged("entry of a dictionary", &key);
            match hot::get(&**entries, &key, Entry::open)?.ok_or_else(missing)? {
                Entry::Piece(bytes) => {
                    let hash = hash_of(&bytes);
                    hashes.insert(number, hash);
                    dictionary.pieces.insert(hash, number);
                }
                Entry::Shape(pieces) => {
                    let hash = |piece: &u32| match piece.checked_sub(1) {
                        None => Ok(None),
                        Some(piece) => hashes.get(&piece).copied().map(Some).ok_or_else(missing),
                    };
                    let pieces = pieces.iter().map(hash).collect::<Result<Vec<_>, _>>()?;
                    dictionary.shapes.insert(super::piece::shape_hash(&pieces), number);
                }
            }
        }
        Ok(dictionary)
    }

    fn len(&self) -> usize {
        self.pieces.len() + self.shapes.len() + self.once.len()
    }

    /// Begins anew when it has grown, unless the last time is not done with.
    fn renew(&mut self, seq: u64) {
        let Numbers { oldest, first, next, .. } = self.numbers;
        if oldest == first && next - first > limits::DICTIONARY_NUMBERS {
            let numbers = Numbers { oldest, first: next, next, renewed_at: seq };
            *self = Self { numbers, is_changed: true, ..Self::default() };
        }
    }

    fn shape(
        &mut self,
        collector: CollectorId,
        shape: &Shape,
        entries: &mut Rows<'_>,
    ) -> Result<Named, RedbError> {
        if let Some(number) = self.shapes.get(&shape.hash) {
            return Ok(Named::Number(*number));
        }
        let pieces = shape.pieces.iter().map(|piece| match piece {
            Some(piece) => self.piece(collector, piece, entries).map(|number| number + 1),
            None => Ok(0),
        });
        let pieces = pieces.collect::<Result<Vec<_>, _>>()?;
        if pieces.len() <= SHORT {
            return Ok(Named::Pieces(pieces));
        }
        if !self.once.remove(&shape.hash) {
            if self.once.len() >= limits::SHAPES_SEEN_ONCE {
                self.once.clear();
            }
            self.once.insert(shape.hash);
            return Ok(Named::Pieces(pieces));
        }
        let mut value = vec![SHAPE];
        put_pieces(&mut value, &pieces);
        let number = self.add(collector, &value, entries)?;
        self.shapes.insert(shape.hash, number);
        Ok(Named::Number(number))
    }

    fn piece(
        &mut self,
        collector: CollectorId,
        piece: &Piece,
        entries: &mut Rows<'_>,
    ) -> Result<u32, RedbError> {
        if let Some(number) = self.pieces.get(&piece.hash) {
            return Ok(*number);
        }
        let number = self.add(collector, &[&[PIECE], &*piece.bytes].concat(), entries)?;
        self.pieces.insert(piece.hash, number);
        Ok(number)
    }

    fn add(
        &mut self,
        collector: CollectorId,
        value: &[u8],
        entries: &mut Rows<'_>,
    ) -> Result<u32, RedbError> {
        let number = self.numbers.next;
        let key = hot::entry_key(collector, number);
        // one more has to fit, as shapes count from 1
        self.numbers.next = number
            .checked_add(1)
            .filter(|next| *next < u32::MAX)
            .ok_or_else(|| damaged("dictionary", &key))?;
        self.is_changed = true;
        hot::put(entries, &key, value)?;
        Ok(number)
    }
}

/// How many entries a dictionary has, and how many there must be.
pub(super) fn count(
    entries: &impl ReadableTable<&'static [u8], &'static [u8]>,
    collector: CollectorId,
    numbers: Numbers,
) -> Result<(), RedbError> {
    let all = numbers.all();
    let found = entries
        .range(
            hot::entry_key(collector, all.start).as_slice()..hot::entry_key(collector, all.end).as_slice(),
        )?
        .count();
    if found == all.len() { Ok(()) } else { Err(damaged("dictionary", &hot::of_collector(collector))) }
}
