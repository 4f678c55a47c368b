//! Decompression at once, of what says its size.
//!
//! Making a decompressor costs more than a small frame does, so a few are kept.

use std::io;

use parking_lot::Mutex;
use zstd::bulk::Decompressor;

use crate::limits::IDLE_DECOMPRESSORS;

static IDLE: Mutex<Vec<Decompressor<'static>>> = Mutex::new(Vec::new());

/// The content of zstd frames, of which there are at most so many bytes.
pub(crate) fn decompress(frames: &[u8], most: usize) -> io::Result<Vec<u8>> {
    let idle = IDLE.lock().pop();
    let mut decompressor = match idle {
        Some(decompressor) => decompressor,
        None => Decompressor::new()?,
    };
    let content = decompressor.decompress(frames, most);
    let mut idle = IDLE.lock();
    if idle.len() < IDLE_DECOMPRESSORS {
        idle.push(decompressor);
    }
    content
}

/// The bytes that a frame says it has.
pub(crate) fn size_of(frame: &[u8]) -> Option<usize> {
    zstd::zstd_safe::get_frame_content_size(frame).ok().flatten()?.try_into().ok()
}
