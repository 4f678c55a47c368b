//! What must be known of one type of an image to find series in it, made once and kept: queries ask again and again.
//!
//! It guarantees: names are compared once for all objects that have them, and a block is read only for columns that
//! are wanted.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::hot::Place;
use super::piece::{self, SeriesLabels, mark_of, mark_of_series};
use super::visit::Wanted;
use crate::clock::Timestamp;
use crate::crypto::{Hash, sha256};
use crate::limits;
use crate::storage::Kept;
use crate::storage::segment::{Columns, Image, ImageError, Layout, Piece, Row, Source, first_columns};

const NO_PIECE: ImageError = ImageError::Damaged("a piece does not read");

/// What the labels of an object take once they were asked for, in bytes.
const LABELS_BYTES: usize = 800;
/// What is known of where a column stands.
const COLUMN_BYTES: usize = 8;

pub(super) fn layout(piece: &Piece) -> Result<piece::Layout, ImageError> {
    piece::Layout::read(&piece.bytes).filter(|layout| layout.slots == piece.slots).ok_or(NO_PIECE)
}

pub(super) struct Known {
    pub(super) columns: Columns,
    /// Of all rows, in the order of time.
    places: Box<[Place]>,
    directory: Arc<Directory>,
    /// For each piece which of the stands is its own.
    of_pieces: Box<[u32]>,
    /// In which rows a piece stands, by their numbers, as often as it does. Many pieces stand in the same ones.
    stands: Box<[Box<[u32]>]>,
}

/// The series of some pieces, and where their columns stand. The images of a collector have nearly always the same.
#[derive(Default)]
pub(super) struct Directory {
    /// The names of all series, each once, with their marks.
    names: Vec<(Arc<str>, u64)>,
    objects: Vec<Object>,
    numbers: Vec<Number>,
    /// The labels of all objects, as texts one behind the other.
    texts: Vec<u8>,
}

/// An object that has numbers.
struct Object {
    piece: u32,
    /// Where its numbers begin among all, and its labels among the texts.
    numbers: u32,
    texts: u32,
    /// With their mark, once a series of it could be wanted: most of a type are never asked for.
    labels: OnceLock<(Arc<SeriesLabels>, u64)>,
}

#[derive(Clone, Copy)]
struct Number {
    name: u32,
    column: u32,
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
        let (mut directory, mut names) = (Self::default(), Names::default());
        for (place, (piece, first)) in pieces.iter().zip(firsts).enumerate() {
            directory.add((place, first), &layout(piece)?, &mut names);
        }
        directory.names = names.all;
        Ok(directory)
    }

    /// Adds the objects of a piece whose columns begin at one.
    fn add(&mut self, (piece, first): (usize, usize), layout: &piece::Layout, names: &mut Names) {
        let Self { objects, numbers, texts, .. } = self;
        let mut name = String::new();
        layout.each_group(|group| {
            objects.push(Object {
                piece: index(piece),
                numbers: index(numbers.len()),
                texts: index(texts.len()),
                labels: OnceLock::new(),
            });
            for (slot, key) in &group.keys {
                group.put_name(key, &mut name);
                numbers.push(Number { name: names.place(&name), column: index(first + *slot as usize) });
            }
            group.put_labels(texts);
        });
    }

    /// The numbers and the labels of an object, those as texts.
    fn parts(&self, object: usize) -> (&[Number], &[u8]) {
        let (own, next) = (self.objects.get(object), self.objects.get(object + 1));
        let between = |begin: Option<u32>, end: Option<u32>, all: usize| {
            begin.map_or(all, |begin| begin as usize)..end.map_or(all, |end| end as usize)
        };
        let numbers = between(own.map(|own| own.numbers), next.map(|next| next.numbers), self.numbers.len());
        let texts = between(own.map(|own| own.texts), next.map(|next| next.texts), self.texts.len());
        (self.numbers.get(numbers).unwrap_or_default(), self.texts.get(texts).unwrap_or_default())
    }

    /// What it takes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let objects = self.objects.len() * (size_of::<Object>() + LABELS_BYTES);
        objects + self.numbers.len() * size_of::<Number>() + self.texts.len()
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

impl Known {
    fn new(layout: Layout, pieces: usize, directory: Arc<Directory>) -> Self {
        let (of_pieces, stands) = stands(&layout, pieces);
        let place = |row: &Row| Place { timestamp: row.timestamp, seq: row.seq };
        let places = layout.rows.iter().map(place).collect();
        Self { columns: layout.columns, places, directory, of_pieces, stands }
    }

    /// What it takes in memory beside its directory, about.
    fn bytes(&self) -> usize {
        let listed: usize = self.stands.iter().map(|stand| size_of_val(&**stand)).sum();
        let places = size_of_val(&*self.places) + size_of_val(&*self.of_pieces);
        listed + places + self.directory.numbers.len() * COLUMN_BYTES
    }

    pub(super) fn rows(&self) -> usize {
        self.places.len()
    }

    /// Shows the columns whose series are wanted.
    pub(super) fn each_wanted(&self, wanted: &mut dyn Wanted, mut see: impl FnMut(Found<'_>)) {
        let Directory { names, objects, .. } = &*self.directory;
        let can_be: Vec<_> = names.iter().map(|(name, _)| wanted.can_want(name)).collect();
        for (place, Object { piece, labels, .. }) in objects.iter().enumerate() {
            let (numbers, texts) = self.directory.parts(place);
            for Number { name, column } in numbers.iter().filter(|number| can_be[number.name as usize]) {
                let (labels, of_labels) = labels.get_or_init(|| {
                    let labels = Arc::new(piece::labels_in(texts));
                    let mark = mark_of(&*labels);
                    (labels, mark)
                });
                let (name, of_name) = &names[*name as usize];
                if wanted.wants(name, labels) {
                    let mark = mark_of_series(*of_name, *of_labels);
                    see(Found { name, labels, mark, piece: *piece as usize, column: *column as usize });
                }
            }
        }
    }

    /// The rows in which a piece stands.
    fn stand(&self, piece: usize) -> &[u32] {
        let stand = self.of_pieces.get(piece).and_then(|stand| self.stands.get(*stand as usize));
        stand.map_or(&[], |stand| stand)
    }

    /// The rows that lie between two moments.
    pub(super) fn between(&self, (from, to): (Timestamp, Timestamp)) -> Range<usize> {
        let begin = self.places.partition_point(|place| place.timestamp < from);
        begin..self.places.partition_point(|place| place.timestamp <= to).max(begin)
    }

    /// Which values of a piece's columns stand in some rows, and their places.
    pub(super) fn values(&self, piece: usize, rows: &Range<usize>) -> (Range<usize>, Places<'_>) {
        let stand = self.stand(piece);
        let before = |end: usize| stand.partition_point(|row| (*row as usize) < end);
        let values = before(rows.start)..before(rows.end);
        (values.clone(), Places { all: &self.places, listed: &stand[values] })
    }

    /// Shows the series with the times of the first and the last document that have them.
    pub(super) fn each_span(
        &self,
        wanted: &mut dyn Wanted,
        mut see: impl FnMut(Found<'_>, Timestamp, Timestamp),
    ) {
        self.each_wanted(wanted, |found| {
            let stand = self.stand(found.piece);
            let at = |row: Option<&u32>| self.places.get(*row? as usize).map(|place| place.timestamp);
            if let Some((first, last)) = at(stand.first()).zip(at(stand.last())) {
                see(found, first, last);
            }
        });
    }
}

/// The places of some rows, which are listed by their numbers.
pub(super) struct Places<'k> {
    all: &'k [Place],
    listed: &'k [u32],
}

impl Places<'_> {
    pub(super) fn iter(&self) -> impl Iterator<Item = Place> {
        self.listed.iter().filter_map(|row| self.all.get(*row as usize).copied())
    }
}

/// For each piece which of the stands is its own, and the stands.
type Stands = (Box<[u32]>, Box<[Box<[u32]>]>);

/// Pieces that stand in the same shapes stand in the same rows: there are few different stands, and many rows.
fn stands(layout: &Layout, pieces: usize) -> Stands {
    let mut is_used = vec![false; layout.shapes.len()];
    for row in &layout.rows {
        is_used[row.shape as usize] = true;
    }
    let mut shapes = vec![Vec::new(); pieces];
    for (number, shape) in layout.shapes.iter().enumerate().filter(|(number, _)| is_used[*number]) {
        for piece in shape.iter().filter_map(|entry| (*entry as usize).checked_sub(1)) {
            shapes[piece].push(index(number));
        }
    }
    let (mut known, mut with_shape) = (HashMap::new(), vec![Vec::new(); layout.shapes.len()]);
    let mut of_pieces = Vec::with_capacity(pieces);
    for (piece, own) in shapes.iter().enumerate() {
        // the pieces of a list have numbers one behind the other
        if piece > 0 && *own == shapes[piece - 1] {
            of_pieces.push(of_pieces[piece - 1]);
            continue;
        }
        let next = known.len();
        of_pieces.push(*known.entry(own.as_slice()).or_insert_with(|| {
            for shape in own {
                with_shape[*shape as usize].push(next);
            }
            index(next)
        }));
    }
    let mut stands = vec![Vec::new(); known.len()];
    for (number, row) in layout.rows.iter().enumerate() {
        for stand in &with_shape[row.shape as usize] {
            stands[*stand].push(index(number));
        }
    }
    (of_pieces.into(), stands.into_iter().map(Vec::into_boxed_slice).collect())
}

/// An image has no more columns than its index has bytes.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// What is known of types of images, by the hash that stands for the content of the image, and the directories that
/// they share, by the hash of their pieces.
pub(super) struct KnownImages {
    types: Mutex<Kept<(Hash, usize), Arc<Known>>>,
    directories: Mutex<Kept<Hash, Arc<Directory>>>,
}

impl Default for KnownImages {
    fn default() -> Self {
        Self {
            types: Mutex::new(Kept::new(limits::KNOWN_TYPES_BYTES)),
            directories: Mutex::new(Kept::new(limits::KNOWN_DIRECTORIES_BYTES)),
        }
    }
}

impl KnownImages {
    pub(super) fn of<S: Source>(
        &self,
        content: Hash,
        image: &Image<S>,
        kind: usize,
    ) -> Result<Arc<Known>, ImageError> {
        if let Some(known) = self.types.lock().get(&(content, kind)) {
            return Ok(known);
        }
        let pieces = image.pieces(kind)?;
        let directory = self.directory(&pieces)?;
        let known = Arc::new(Known::new(image.layout(kind)?, pieces.len(), directory));
        self.types.lock().keep((content, kind), Arc::clone(&known), known.bytes());
        Ok(known)
    }

    fn directory(&self, pieces: &[Piece]) -> Result<Arc<Directory>, ImageError> {
        let mut all = Vec::with_capacity(pieces.iter().map(|piece| piece.bytes.len() + 8).sum());
        for Piece { bytes, slots, .. } in pieces {
            all.extend(index(bytes.len()).to_le_bytes());
            all.extend(slots.to_le_bytes());
            all.extend(&**bytes);
        }
        let hash = sha256(&all);
        if let Some(directory) = self.directories.lock().get(&hash) {
            return Ok(directory);
        }
        let directory = Arc::new(Directory::read(pieces)?);
        self.directories.lock().keep(hash, Arc::clone(&directory), directory.bytes());
        Ok(directory)
    }
}
