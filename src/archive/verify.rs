//! Reads every segment and compares it with what the catalog says of it.

use std::fs;
use std::path::PathBuf;

use super::catalog::State;
use super::{Segment, SegmentError, Segments, kinds_of};
use crate::crypto::sha256;
use crate::storage::segment::Image;

/// One segment, and what was found in it.
#[derive(Clone, Debug)]
pub struct FileCheck {
    pub file: PathBuf,
    /// Its documents when it is whole; else the first thing that is wrong.
    pub found: Result<u64, String>,
}

impl Segments {
    /// Shows what is found in each segment that the catalog lists, damaged ones as well.
    pub fn verify(&self, mut see: impl FnMut(FileCheck)) -> Result<(), SegmentError> {
        for state in [State::Live, State::Damaged] {
            self.each(state, |segment| {
                let found = match &segment.damage {
                    Some(damage) => Err(format!("it was set aside: {damage}")),
                    None => self.read_listed(segment),
                };
                see(FileCheck { file: self.path(segment), found });
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Reads all of a segment and says how many documents it has, or what is wrong with it.
    pub(super) fn read_listed(&self, segment: &Segment) -> Result<u64, String> {
        let bytes = fs::read(self.path(segment)).map_err(|error| format!("cannot read it: {error}"))?;
        if bytes.len() as u64 != segment.bytes {
            return Err(format!("it has {} bytes, and {} are listed", bytes.len(), segment.bytes));
        }
        let image = Image::open(bytes.as_slice()).map_err(|error| error.to_string())?;
        let slice = image.slice().map_err(|error| error.to_string())?;
        if slice.collector != *segment.collector.as_uuid().as_bytes() || kinds_of(&image) != segment.kinds {
            return Err("it is not the file that is listed".to_owned());
        }
        if sha256(&bytes) != segment.sha256 {
            return Err("its SHA-256 is not the one that is listed".to_owned());
        }
        Ok(segment.documents)
    }
}
