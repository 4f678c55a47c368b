//! What must be known of one type of an image to find series in it, made once and kept: queries ask again and again.
//!
//! It guarantees: a block is read only for columns that are wanted.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;

use super::directory::{Directory, Found, Vocabulary, index};
use super::hot::Place;
use super::visit::Wanted;
use crate::clock::Timestamp;
use crate::crypto::{Hash, sha256};
use crate::limits;
use crate::storage::Kept;
use crate::storage::segment::{Columns, Image, ImageError, Layout, Piece, Row, Source};

/// What is known of where a column stands.
const COLUMN_BYTES: usize = 8;

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
        listed + places + self.columns.count() * COLUMN_BYTES
    }

    pub(super) fn rows(&self) -> usize {
        self.places.len()
    }

    /// Shows the columns whose series are wanted.
    pub(super) fn each_wanted(&self, wanted: &mut dyn Wanted, see: impl FnMut(Found<'_>)) {
        self.directory.each_wanted(wanted, see);
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

/// What is known of types of images, by the hash that stands for the content of the image, and the directories that
/// they share, by the hash of their pieces.
pub(super) struct KnownImages {
    types: Mutex<Kept<(Hash, usize), Arc<Known>>>,
    directories: Mutex<Kept<Hash, Arc<Directory>>>,
    vocabularies: Mutex<Kept<Hash, Arc<Vocabulary>>>,
}

impl Default for KnownImages {
    fn default() -> Self {
        Self {
            types: Mutex::new(Kept::new(limits::KNOWN_TYPES_BYTES)),
            directories: Mutex::new(Kept::new(limits::KNOWN_DIRECTORIES_BYTES)),
            vocabularies: Mutex::new(Kept::new(limits::KNOWN_VOCABULARIES)),
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
        let mut directory = Directory::read(pieces)?;
        directory.share(&mut self.vocabularies.lock());
        let directory = Arc::new(directory);
        self.directories.lock().keep(hash, Arc::clone(&directory), directory.bytes());
        Ok(directory)
    }
}
