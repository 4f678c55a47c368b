//! The series of the pieces of an image, and where their columns stand.
//!
//! It guarantees: names are compared once for all objects that have them, and labels are made only of objects that can be
//! wanted. What collectors have in common is in memory once, so that a query over one of them finds it near.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::piece::{self, SeriesLabels, mark_of, mark_of_series};
use super::visit::Wanted;
use crate::crypto::{Hash, sha256};
use crate::storage::Kept;
use crate::storage::bytes::{put_text, put_varint};
use crate::storage::segment::{ImageError, Piece, first_columns};

const NO_PIECE: ImageError = ImageError::Damaged("a piece does not read");

/// What the labels of an object take once they were asked for, in bytes.
const LABELS_BYTES: usize = 800;
/// What a name takes beside its text.
const NAME_BYTES: usize = 40;

pub(super) fn layout(piece: &Piece) -> Result<piece::Layout, ImageError> {
    piece::Layout::read(&piece.bytes).filter(|layout| layout.slots == piece.slots).ok_or(NO_PIECE)
}

/// The series of some pieces, and where their columns stand. The images of a collector have nearly always the same.
pub(super) struct Directory {
    vocabulary: Arc<Vocabulary>,
    objects: Vec<Object>,
    /// The labels of all objects, as texts one behind the other.
    texts: Vec<u8>,
}

/// The names of series, and which of them objects have. Collectors of one kind share it.
#[derive(Default)]
pub(super) struct Vocabulary {
    /// Each once, with its mark.
    names: Vec<(Arc<str>, u64)>,
    /// The numbers that objects have, each list once.
    families: Vec<Box<[Number]>>,
}

/// An object that has numbers.
struct Object {
    piece: u32,
    /// The first column of the piece.
    column: u32,
    /// Which numbers it has.
    family: u32,
    /// Where its labels begin among the texts.
    texts: u32,
    /// With their mark, once a series of it could be wanted: most of a type are never asked for.
    labels: OnceLock<(Arc<SeriesLabels>, u64)>,
}

/// A number by its name and its place in a piece.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Number {
    name: u32,
    slot: u32,
}

/// A column whose series is wanted.
pub(super) struct Found<'k> {
    pub(super) name: &'k Arc<str>,
    pub(super) labels: &'k Arc<SeriesLabels>,
    /// That of the series.
    pub(super) mark: u64,
    pub(super) piece: usize,
    pub(super) column: usize,
}

impl Directory {
    pub(super) fn read(pieces: &[Piece]) -> Result<Self, ImageError> {
        let firsts = first_columns(pieces);
        let (mut objects, mut texts) = (Vec::new(), Vec::new());
        let (mut names, mut families) = (Names::default(), Families::default());
        let mut name = String::new();
        for (place, (piece, first)) in pieces.iter().zip(firsts).enumerate() {
            layout(piece)?.each_group(|group| {
                let numbers = group.keys.iter().map(|(slot, key)| {
                    group.put_name(key, &mut name);
                    Number { name: names.place(&name), slot: *slot }
                });
                objects.push(Object {
                    piece: index(place),
                    column: index(first),
                    family: families.place(numbers.collect()),
                    texts: index(texts.len()),
                    labels: OnceLock::new(),
                });
                group.put_labels(&mut texts);
            });
        }
        let vocabulary = Arc::new(Vocabulary { names: names.all, families: families.all });
        Ok(Self { vocabulary, objects, texts })
    }

    /// The labels of an object as texts.
    fn texts(&self, object: usize) -> &[u8] {
        let begin = |object: usize| self.objects.get(object).map(|object| object.texts as usize);
        let texts = begin(object)..begin(object + 1);
        let all = self.texts.len();
        self.texts.get(texts.start.unwrap_or(all)..texts.end.unwrap_or(all)).unwrap_or_default()
    }

    /// Shows the columns whose series are wanted.
    pub(super) fn each_wanted(&self, wanted: &mut dyn Wanted, mut see: impl FnMut(Found<'_>)) {
        let Self { vocabulary, objects, .. } = self;
        let Vocabulary { names, families } = &**vocabulary;
        let can_be: Vec<_> = names.iter().map(|(name, _)| wanted.can_want(name)).collect();
        let can_be = |number: &&Number| can_be[number.name as usize];
        let families: Vec<Vec<_>> =
            families.iter().map(|numbers| numbers.iter().filter(can_be).collect()).collect();
        for (place, Object { piece, column, family, labels, .. }) in objects.iter().enumerate() {
            let (numbers, texts) = (&families[*family as usize], self.texts(place));
            // labels are made only where a number can be wanted
            if numbers.is_empty() || !wanted.can_have(&|value| piece::has_value(texts, value)) {
                continue;
            }
            let (labels, of_labels) = labels.get_or_init(|| {
                let labels = Arc::new(piece::labels_in(texts));
                let mark = mark_of(&*labels);
                (labels, mark)
            });
            for Number { name, slot } in numbers {
                let (name, of_name) = &names[*name as usize];
                if wanted.wants(name, labels) {
                    let (piece, column) = (*piece as usize, *column as usize + *slot as usize);
                    see(Found { name, labels, mark: mark_of_series(*of_name, *of_labels), piece, column });
                }
            }
        }
    }

    /// Puts a vocabulary that is known in the place of an equal one.
    pub(super) fn share(&mut self, known: &mut Kept<Hash, Arc<Vocabulary>>) {
        let hash = self.vocabulary.hash();
        match known.get(&hash) {
            Some(known) => self.vocabulary = known,
            None => known.keep(hash, Arc::clone(&self.vocabulary), 1),
        }
    }

    /// What it takes in memory, about, if it shares nothing.
    pub(super) fn bytes(&self) -> usize {
        let objects = self.objects.len() * (size_of::<Object>() + LABELS_BYTES);
        objects + self.texts.len() + self.vocabulary.bytes()
    }
}

impl Vocabulary {
    fn bytes(&self) -> usize {
        let names: usize = self.names.iter().map(|(name, _)| NAME_BYTES + name.len()).sum();
        names + self.families.iter().map(|numbers| size_of_val(&**numbers)).sum::<usize>()
    }

    /// Equal for equal ones.
    fn hash(&self) -> Hash {
        let mut all = Vec::with_capacity(self.bytes());
        put_varint(&mut all, self.names.len() as u64);
        for (name, _) in &self.names {
            put_text(&mut all, name);
        }
        for numbers in &self.families {
            put_varint(&mut all, numbers.len() as u64);
            for Number { name, slot } in numbers {
                put_varint(&mut all, u64::from(*name));
                put_varint(&mut all, u64::from(*slot));
            }
        }
        sha256(&all)
    }
}

/// Lists of numbers as they are met, each once.
#[derive(Default)]
struct Families {
    all: Vec<Box<[Number]>>,
    places: HashMap<Box<[Number]>, u32>,
}

impl Families {
    fn place(&mut self, numbers: Box<[Number]>) -> u32 {
        if let Some(place) = self.places.get(&numbers) {
            return *place;
        }
        let next = index(self.all.len());
        self.all.push(numbers.clone());
        self.places.insert(numbers, next);
        next
    }
}

/// Names as they are met, each once. Like objects have theirs in one order.
#[derive(Default)]
struct Names {
    all: Vec<(Arc<str>, u64)>,
    places: HashMap<String, u32>,
    /// For each which one came behind it last time.
    after: Vec<u32>,
    last: usize,
}

impl Names {
    fn place(&mut self, name: &str) -> u32 {
        let expected = self.after.get(self.last).copied().unwrap_or_default();
        let is_it = self.all.get(expected as usize).is_some_and(|(known, _)| **known == *name);
        let known = if is_it { Some(expected) } else { self.places.get(name).copied() };
        let place = known.unwrap_or_else(|| {
            let next = index(self.all.len());
            self.all.push((name.into(), mark_of(name)));
            self.places.insert(name.to_owned(), next);
            self.after.push(0);
            next
        });
        if let Some(after) = self.after.get_mut(self.last) {
            *after = place;
        }
        self.last = place as usize;
        place
    }
}

/// An image has no more columns than its index has bytes.
pub(super) fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
