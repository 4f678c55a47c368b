//! The reader of segments: whatever the bytes are, it says what is wrong or gives what fits together.
//!
//! A checksum would stop nearly all that is made at random. So half of the inputs are the content of a segment, around
//! which this target puts the frame of docs/formats.md.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pganalytics::storage::segment::{Effort, Image, ImageError, write};

const HEADER: &[u8] = b"pgAimage\x01\0\0\0................";
const END_MAGIC: &[u8] = b"pgAindex";

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    let image = if kind % 4 == 0 { data.to_vec() } else { framed(data) };
    if let Err(ImageError::Read(error)) = read(&image) {
        panic!("a slice of memory can be read: {error}");
    }
});

/// Reads it in every way; what reads as a whole can be written again.
fn read(image: &[u8]) -> Result<(), ImageError> {
    let image = Image::open(image)?;
    for (at, kind) in image.kinds().iter().enumerate() {
        let _ = image.pieces(at);
        let _ = image.rows(at);
        if let Ok(layout) = image.layout(at) {
            let _ = image.columns(&layout, &[0, kind.columns / 2, kind.columns.wrapping_sub(1)]);
        }
    }
    let slice = image.slice()?;
    let mut again = Vec::new();
    if write(&slice, Effort::Fast, &mut again).is_ok() {
        let read = Image::open(again.as_slice()).and_then(|image| image.slice());
        assert!(read.expect("what was written reads") == slice, "it does not read back equal");
    }
    Ok(())
}

/// One block with a part of the data, and an index that is the rest.
fn framed(data: &[u8]) -> Vec<u8> {
    let (length, data) = data.split_first_chunk::<2>().unwrap_or((&[0, 0], data));
    let length = usize::from(u16::from_le_bytes(*length)).min(data.len());
    let (block, rest) = data.split_at(length);
    let mut index = Vec::new();
    put_varint(&mut index, 1);
    put_varint(&mut index, block.len());
    put_varint(&mut index, block.len());
    index.extend(crc32fast::hash(block).to_le_bytes());
    index.extend(rest);
    let stored = zstd::bulk::compress(&index, 1).expect("it compresses");
    let mut image = HEADER.to_vec();
    image.extend(block);
    let mut lengths = Vec::new();
    lengths.extend(length_of(&stored));
    lengths.extend(length_of(&index));
    let mut sum = crc32fast::Hasher::new();
    [HEADER, &stored, &lengths].into_iter().for_each(|part| sum.update(part));
    image.extend(stored);
    image.extend(lengths);
    image.extend(sum.finalize().to_le_bytes());
    image.extend(END_MAGIC);
    image
}

fn length_of(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).expect("an input is small").to_le_bytes()
}

fn put_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
