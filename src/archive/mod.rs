//! Segments: files with sealed metrics, and the catalog that says which of them count.
//!
//! It guarantees: a segment is listed after its file was written, synced, read back and found equal; what is not
//! listed is not read; a file that is damaged or that nobody listed is renamed aside and reported, and never deleted.
//! It does not know what the documents mean, nor where they were before.

mod catalog;
mod found;
mod listed;
mod lost;
mod open_images;
mod publish;
mod remove;
#[cfg(test)]
mod tests;
mod verify;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::clock::{Clock, Timestamp};
use crate::crypto::Hash;
use crate::files;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::poison::Poisoned;
use crate::storage::segment::{Image, ImageError, KindIndex, Source, WriteError};
use crate::storage::{Poison, Sqlite, StoreError, after_commit};

use catalog::State;
use listed::Listed;
use open_images::OpenImages;

pub use catalog::{Kind, Totals};
pub use found::Found;
pub use lost::{Fate, Witness};
pub use verify::FileCheck;

#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    #[error("cannot {operation} the segment {path}: {source}")]
    File { operation: &'static str, path: PathBuf, source: io::Error },
    #[error("the segment {path} is not what was written: {source}")]
    Image { path: PathBuf, source: ImageError },
    #[error("the segment {0} does not read back equal")]
    Differs(PathBuf),
    #[error("the segment {0} is not the one that the catalog lists")]
    Exchanged(PathBuf),
    #[error("cannot make a segment: {0}")]
    Write(#[from] WriteError),
    #[error("no space left for a segment of {0} bytes")]
    Full(usize),
    #[error("the segments of collector {0} change too fast to be read")]
    Busy(CollectorId),
    #[error("metrics were removed while a segment was made of them")]
    Overtaken,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Poisoned(#[from] Poisoned),
}

/// What the catalog says of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub id: i64,
    /// Below the folder of segments.
    pub file: String,
    pub collector: CollectorId,
    /// The times of the first and the last document.
    pub first: Timestamp,
    pub last: Timestamp,
    pub documents: u64,
    pub samples: u64,
    pub bytes: u64,
    pub sha256: Hash,
    pub kinds: Vec<Kind>,
    pub sealed_at: Timestamp,
    /// What is wrong with it; then its file is renamed aside and it is not read.
    pub damage: Option<String>,
    /// When it was found damaged or missing.
    pub lost_at: Option<Timestamp>,
}

/// A segment whose file is open.
#[derive(Debug)]
pub struct Opened {
    pub segment: Arc<Segment>,
    pub image: Arc<Image<File>>,
}

/// A moment between two removals of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(u64);

/// The segments of one data directory.
pub struct Segments {
    db: Arc<Sqlite>,
    folder: PathBuf,
    poison: Poison,
    clock: Clock,
    open: OpenImages,
    /// What the catalog lists of collectors that were asked for.
    listed: Arc<Listed>,
    /// What was found beside the catalog when the directory was opened.
    found: OnceLock<Found>,
    /// How often metrics were removed since.
    removals: AtomicU64,
    /// How often segments were lost or found since.
    losses: AtomicU64,
    witness: OnceLock<Witness>,
}

impl Segments {
    /// The folder as it is when it was settled.
    pub fn open(db: Arc<Sqlite>, folder: &Path, poison: Poison, clock: Clock) -> Result<Self, SegmentError> {
        let segments = Self::attach(db, folder, poison, clock);
        segments.settle()?;
        Ok(segments)
    }

    /// Makes the folder when there is none, and sets aside what does not belong to it. The catalog decides that, so
    /// whoever opens a directory makes sure first that it is the one of these files.
    pub fn settle(&self) -> Result<(), SegmentError> {
        let folder = &self.folder;
        let failed = |operation| move |source| SegmentError::File { operation, path: folder.clone(), source };
        if !folder.is_dir() {
            files::create_folder(folder).map_err(failed("create the folder of"))?;
            files::sync_folder_of(folder).map_err(failed("sync the folder of"))?;
        }
        let found = self.look()?;
        let _ = self.found.set(found);
        Ok(())
    }

    /// The folder as it lies there.
    pub fn attach(db: Arc<Sqlite>, folder: &Path, poison: Poison, clock: Clock) -> Self {
        Self {
            db,
            folder: folder.to_owned(),
            poison,
            clock,
            open: OpenImages::new(
                limits::OPEN_SEGMENTS_BYTES,
                files::most_open() / limits::OPEN_SEGMENTS_PART,
            ),
            listed: Arc::default(),
            found: OnceLock::new(),
            removals: AtomicU64::new(0),
            losses: AtomicU64::new(0),
            witness: OnceLock::new(),
        }
    }

    pub fn path(&self, segment: &Segment) -> PathBuf {
        self.folder.join(&segment.file)
    }

    /// What was found beside the catalog when the folder was settled.
    pub fn found(&self) -> &Found {
        self.found.get_or_init(Found::default)
    }

    /// The segments of a collector with documents between two moments, by time: damaged ones as well.
    pub fn between(
        &self,
        collector: CollectorId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Segment>, SegmentError> {
        Ok(self.db.read(|tx| catalog::between(tx, collector, from, to))?)
    }

    /// All segments of a collector, by time.
    pub fn of(&self, collector: CollectorId) -> Result<Vec<Segment>, SegmentError> {
        self.between(collector, Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX))
    }

    /// All segments of a collector, by time, as they were read when they last changed.
    pub fn listed(&self, collector: CollectorId) -> Result<Arc<[Arc<Segment>]>, SegmentError> {
        if self.db.has_unit() {
            // what a unit of work sees may be taken back
            return Ok(self.of(collector)?.into_iter().map(Arc::new).collect());
        }
        self.listed.get(collector, || self.of(collector))
    }

    /// After a change of what the catalog lists of a collector.
    pub(self) fn note_change(&self, collector: CollectorId) {
        let listed = Arc::clone(&self.listed);
        after_commit(move || listed.forget(collector));
    }

    /// Collectors that have segments, in the order of their ids, at most so many behind one of them.
    pub fn collectors(
        &self,
        behind: Option<CollectorId>,
        most: usize,
    ) -> Result<Vec<CollectorId>, SegmentError> {
        Ok(self.db.read(|tx| catalog::collectors(tx, behind, most))?)
    }

    /// Live segments in the order of their ids, at most so many behind one of them.
    pub fn live(&self, behind: i64, most: usize) -> Result<Vec<Segment>, SegmentError> {
        Ok(self.db.read(|tx| catalog::in_state(tx, State::Live, behind, most))?)
    }

    /// What stands for the moment: metrics that were read now become a segment only when none are removed meanwhile.
    pub fn moment(&self) -> Moment {
        Moment(self.removals.load(Ordering::SeqCst))
    }

    pub(self) fn note_removal(&self) {
        self.removals.fetch_add(1, Ordering::SeqCst);
    }

    /// What all segments have together.
    pub fn totals(&self) -> Result<Totals, SegmentError> {
        Ok(self.db.read(catalog::totals)?)
    }

    /// The open images of the segments of a collector with documents between two moments, by time: of those with a
    /// type that is wanted. Which are damaged or missing is told, and the others are given.
    pub fn images(
        &self,
        collector: CollectorId,
        (from, to): (Timestamp, Timestamp),
        wanted: impl Fn(&Kind) -> bool,
    ) -> Result<Vec<Opened>, SegmentError> {
        let is_wanted = |kind: &Kind| kind.last >= from && kind.first <= to && wanted(kind);
        for _ in 0..limits::CATALOG_READS {
            let listed = self.listed(collector)?;
            let is_wanted = |one: &&Arc<Segment>| one.damage.is_none() && one.kinds.iter().any(is_wanted);
            let wanted = listed.iter().filter(is_wanted).map(Arc::clone).collect();
            if let Some(images) = self.images_of(wanted)? {
                return Ok(images);
            }
        }
        Err(SegmentError::Busy(collector))
    }

    /// `None`: one of them was taken out of the catalog after it had been read.
    fn images_of(&self, listed: Vec<Arc<Segment>>) -> Result<Option<Vec<Opened>>, SegmentError> {
        let (mut images, mut missing) = (Vec::with_capacity(listed.len()), Vec::new());
        for segment in listed {
            match self.image(&segment) {
                Ok(image) => images.push(Opened { segment, image }),
                Err(SegmentError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    if self.db.read(|tx| catalog::state_of(tx, &segment.file))? != Some(State::Live) {
                        self.listed.forget(segment.collector);
                        return Ok(None);
                    }
                    missing.push(segment);
                }
                Err(
                    SegmentError::Exchanged(_) | SegmentError::Image { source: ImageError::Damaged(_), .. },
                ) => {}
                Err(error) => return Err(error),
            }
        }
        // the others are read, also when there is no room for a note
        if let Err(error) = self.note_missing(missing.iter().map(AsRef::as_ref)) {
            tracing::error!(%error, "cannot note that segments are missing");
        }
        Ok(Some(images))
    }

    /// The open image of a segment. One that can't be it is set aside.
    pub fn image(&self, segment: &Segment) -> Result<Arc<Image<File>>, SegmentError> {
        if let Some(image) = self.open.get(&segment.sha256, &self.path(segment)) {
            return Ok(image);
        }
        let image = Arc::new(self.open_image(segment)?);
        self.open.keep(segment.sha256, &image);
        if let Err(error) = self.note_found([segment]) {
            tracing::error!(%error, "cannot note that a segment can be read again");
        }
        Ok(image)
    }

    fn open_image(&self, segment: &Segment) -> Result<Image<File>, SegmentError> {
        let path = self.path(segment);
        let file = File::open(&path).map_err(|source| SegmentError::File {
            operation: "open",
            path: path.clone(),
            source,
        })?;
        let image = Image::open(file).map_err(|source| self.refuse(segment, source))?;
        let is_listed =
            image.collector() == *segment.collector.as_uuid().as_bytes() && kinds_of(&image) == segment.kinds;
        if is_listed {
            return Ok(image);
        }
        self.give_up(segment, "it is not the file that was listed");
        Err(SegmentError::Exchanged(path))
    }

    /// What became of a segment that could not be read: damage sets it aside, a failing disk does not.
    pub fn refuse(&self, segment: &Segment, source: ImageError) -> SegmentError {
        if let ImageError::Damaged(what) = source {
            self.give_up(segment, what);
        }
        SegmentError::Image { path: self.path(segment), source }
    }

    /// Sets a segment aside. Where that fails, as on a full disk, the others are read nevertheless.
    fn give_up(&self, segment: &Segment, what: &str) {
        if let Err(error) = self.set_aside(segment, what) {
            tracing::error!(%error, "cannot set a damaged segment aside");
        }
    }
}

/// What the index of an image says of the types that it has documents of.
fn kinds_of<S: Source>(image: &Image<S>) -> Vec<Kind> {
    let kind = |index: &KindIndex| Kind {
        kind: index.kind.clone(),
        first: index.first,
        last: index.last,
        documents: index.rows as u64,
    };
    image.kinds().iter().filter(|index| index.rows > 0).map(kind).collect()
}
