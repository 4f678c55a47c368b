//! What must be known of one type of an image to find series in it, made once and kept: queries ask again and again.
//!
//! It guarantees: names are compared once for all objects that have them, and a block is read only for columns that
//! are wanted.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;

use super::hot::Place;
use super::piece::{Layout, SeriesLabels, hash_of};
use super::visit::Wanted;
use crate::clock::Timestamp;
use crate::crypto::{Hash, sha256};
use crate::limits;
use crate::storage::Kept;
use crate::storage::segment::{Image, ImageError, Layout as Rows, Piece, Row, Source, first_columns};

const NO_PIECE: ImageError = ImageError::Damaged("a piece does not read");

/// What an object has beside its numbers, in bytes: its labels take most of it.
const OBJECT_BYTES: usize = 400;
/// What is known of where a column stands.
const COLUMN_BYTES: usize = 16;

pub(super) fn layout(piece: &Piece) -> Result<Layout, ImageError> {
    Layout::read(&piece.bytes).filter(|layout| layout.slots == piece.slots).ok_or(NO_PIECE)
}

pub(super) struct Known {
    pub(super) rows: Rows,
    directory: Arc<Directory>,
    /// For each piece.
    stands: Vec<Stand>,
}

/// The series of some pieces, and where their columns stand. The images of a collector have nearly always the same.
#[derive(Default)]
pub(super) struct Directory {
    /// The names of all series, each once.
    names: Vec<Arc<str>>,
    objects: Vec<Object>,
    numbers: Vec<Number>,
}

/// An object that has numbers.
struct Object {
    piece: usize,
    labels: Arc<SeriesLabels>,
    /// Where its numbers stand among all.
    numbers: Range<usize>,
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
    pub(super) piece: usize,
    pub(super) column: usize,
}

/// In which rows a piece stands.
#[derive(Clone)]
enum Stand {
    /// Once in each.
    InEach,
    /// In these, by their numbers, as often as they are listed.
    In(Arc<[u32]>),
}

impl Directory {
    pub(super) fn read(pieces: &[Piece]) -> Result<Self, ImageError> {
        let firsts = first_columns(pieces);
        let (mut directory, mut names) = (Self::default(), HashMap::new());
        for (place, (piece, first)) in pieces.iter().zip(firsts).enumerate() {
            directory.add((place, first), &layout(piece)?, &mut names);
        }
        Ok(directory)
    }

    /// Adds the objects of a piece whose columns begin at one.
    fn add(&mut self, (piece, first): (usize, usize), layout: &Layout, known: &mut HashMap<String, u32>) {
        let Self { names, objects, numbers } = self;
        let mut name = String::new();
        layout.each_group(|group| {
            let begin = numbers.len();
            for (slot, key) in &group.keys {
                group.put_name(key, &mut name);
                let number = known.get(&name).copied().unwrap_or_else(|| {
                    names.push(name.as_str().into());
                    known.insert(name.clone(), index(names.len() - 1));
                    index(names.len() - 1)
                });
                numbers.push(Number { name: number, column: index(first + *slot as usize) });
            }
            objects.push(Object { piece, labels: group.labels(), numbers: begin..numbers.len() });
        });
    }

    /// What it takes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        self.objects.len() * OBJECT_BYTES + self.numbers.len() * size_of::<Number>()
    }
}

impl Known {
    fn new(rows: Rows, pieces: usize, directory: Arc<Directory>) -> Self {
        let stands = stands(&rows, pieces);
        Self { rows, directory, stands }
    }

    /// What it takes in memory beside its directory, about.
    fn bytes(&self) -> usize {
        let shapes: usize = self.rows.shapes.iter().map(|shape| shape.len() * size_of::<u32>()).sum();
        let listed = self.stands.iter().map(|stand| match stand {
            Stand::InEach => 0,
            Stand::In(listed) => listed.len() * size_of::<u32>(),
        });
        let rows = self.rows.rows.len() * size_of::<Row>();
        shapes + listed.sum::<usize>() + rows + self.directory.numbers.len() * COLUMN_BYTES
    }

    /// Shows the columns whose series are wanted.
    pub(super) fn each_wanted(&self, wanted: &mut dyn Wanted, mut see: impl FnMut(Found<'_>)) {
        let Directory { names, objects, numbers: all } = &*self.directory;
        let can_be: Vec<_> = names.iter().map(|name| wanted.can_want(name)).collect();
        for Object { piece, labels, numbers } in objects {
            for Number { name, column } in &all[numbers.clone()] {
                let (can_be, name) = (can_be[*name as usize], &names[*name as usize]);
                if can_be && wanted.wants(name, labels) {
                    see(Found { name, labels, piece: *piece, column: *column as usize });
                }
            }
        }
    }

    /// Where the rows between two moments stand.
    pub(super) fn between(&self, (from, to): (Timestamp, Timestamp)) -> Range<usize> {
        let rows = &self.rows.rows;
        let begin = rows.partition_point(|row| row.timestamp < from);
        begin..rows.partition_point(|row| row.timestamp <= to).max(begin)
    }

    /// Which values of a piece's columns lie in some rows, and the places of the rows of each of them.
    pub(super) fn values(&self, piece: usize, rows: &Range<usize>) -> (Range<usize>, Places<'_>) {
        let all = &self.rows.rows;
        match self.stands.get(piece) {
            Some(Stand::InEach) => (rows.clone(), Places { rows: &all[rows.clone()], listed: None }),
            Some(Stand::In(listed)) => {
                let before = |end: usize| listed.partition_point(|row| (*row as usize) < end);
                let values = before(rows.start)..before(rows.end);
                (values.clone(), Places { rows: all, listed: Some(&listed[values]) })
            }
            None => (0..0, Places { rows: &[], listed: None }),
        }
    }

    /// Shows the series with the times of the first and the last document that have them.
    pub(super) fn each_span(
        &self,
        wanted: &mut dyn Wanted,
        mut see: impl FnMut(Found<'_>, Timestamp, Timestamp),
    ) {
        let spans = self.spans();
        self.each_wanted(wanted, |found| {
            if let Some((first, last)) = spans.get(found.piece).copied().flatten() {
                see(found, first, last);
            }
        });
    }

    /// When the first and the last document came that have each piece.
    fn spans(&self) -> Vec<Span> {
        let mut shapes = vec![None; self.rows.shapes.len()];
        for row in &self.rows.rows {
            if let Some(span) = shapes.get_mut(row.shape as usize) {
                stretch(span, row.timestamp, row.timestamp);
            }
        }
        let pieces = self.directory.objects.last().map_or(0, |object| object.piece + 1);
        let mut spans = vec![None; pieces];
        for (shape, span) in self.rows.shapes.iter().zip(shapes) {
            let Some((first, last)) = span else { continue };
            for piece in shape.iter().filter_map(|entry| (*entry as usize).checked_sub(1)) {
                if let Some(span) = spans.get_mut(piece) {
                    stretch(span, first, last);
                }
            }
        }
        spans
    }
}

/// The places of rows: of all of some, or of those that are listed by their numbers.
pub(super) struct Places<'k> {
    rows: &'k [Row],
    listed: Option<&'k [u32]>,
}

impl Places<'_> {
    /// Goes through the places with a value for each.
    pub(super) fn each<T, E>(
        &self,
        values: &[T],
        mut see: impl FnMut(Place, &T) -> Result<(), E>,
    ) -> Result<(), E> {
        let place = |row: &Row| Place { timestamp: row.timestamp, seq: row.seq };
        match self.listed {
            None => self.rows.iter().zip(values).try_for_each(|(row, value)| see(place(row), value)),
            Some(listed) => {
                let rows = listed.iter().filter_map(|row| self.rows.get(*row as usize));
                rows.zip(values).try_for_each(|(row, value)| see(place(row), value))
            }
        }
    }
}

/// In which rows each piece stands.
fn stands(rows: &Rows, pieces: usize) -> Vec<Stand> {
    let mut is_used = vec![false; rows.shapes.len()];
    for row in &rows.rows {
        is_used[row.shape as usize] = true;
    }
    // of each piece the last shape that has it, and in how many shapes it stands once
    let (mut seen, mut once) = (vec![(0, 0); pieces], vec![0; pieces]);
    let used = rows.shapes.iter().zip(is_used).filter(|(_, is_used)| *is_used);
    let mut shapes = 0;
    for (shape, _) in used {
        shapes += 1;
        for piece in shape.iter().filter_map(|entry| (*entry as usize).checked_sub(1)) {
            let (of, count) = &mut seen[piece];
            *count = if *of == shapes { *count + 1 } else { 1 };
            *of = shapes;
            match *count {
                1 => once[piece] += 1,
                2 => once[piece] -= 1,
                _ => {}
            }
        }
    }
    let mut listed: Vec<_> = once.into_iter().map(|once| (once != shapes).then(Vec::new)).collect();
    for (number, row) in rows.rows.iter().enumerate() {
        for piece in
            rows.shapes[row.shape as usize].iter().filter_map(|entry| (*entry as usize).checked_sub(1))
        {
            if let Some(listed) = &mut listed[piece] {
                listed.push(index(number));
            }
        }
    }
    let stand = |listed: Option<Vec<u32>>| listed.map_or(Stand::InEach, |listed| Stand::In(listed.into()));
    listed.into_iter().map(stand).collect()
}

/// An image has no more columns than its index has bytes.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

type Span = Option<(Timestamp, Timestamp)>;

fn stretch(span: &mut Span, first: Timestamp, last: Timestamp) {
    let (known_first, known_last) = span.unwrap_or((first, last));
    *span = Some((known_first.min(first), known_last.max(last)));
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
        let own = |piece: &Piece| [&hash_of(&piece.bytes)[..], &piece.slots.to_le_bytes()].concat();
        let hash = sha256(&pieces.iter().flat_map(own).collect::<Vec<_>>());
        if let Some(directory) = self.directories.lock().get(&hash) {
            return Ok(directory);
        }
        let directory = Arc::new(Directory::read(pieces)?);
        self.directories.lock().keep(hash, Arc::clone(&directory), directory.bytes());
        Ok(directory)
    }
}
