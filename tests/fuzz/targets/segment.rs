//! The reader of segments: whatever the bytes are, it says what is wrong or gives what fits together.
//!
//! A checksum would stop nearly all that is made at random. So most inputs are the content of a segment, or changes of
//! one that is whole, around which this target puts the frame of docs/formats.md.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pganalytics::storage::segment::{Effort, Image, ImageError, write};
use store::Store;

const HEADER: &[u8] = b"pgAimage\x01\0\0\0................";
const END_MAGIC: &[u8] = b"pgAindex";

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    let image = match kind % 4 {
        0 => data.to_vec(),
        1 => {
            let (length, data) = data.split_first_chunk::<2>().unwrap_or((&[0, 0], data));
            let length = usize::from(u16::from_le_bytes(*length)).min(data.len());
            let (block, index) = data.split_at(length);
            framed(block, index)
        }
        _ => changed(data),
    };
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
            let wanted = [0, kind.columns / 2, kind.columns.wrapping_sub(1)];
            let _ = image.each_column(&layout.columns, &wanted, |_, _| Ok::<_, ImageError>(()));
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

/// A whole segment without its frame: its only block, and its index behind the list of blocks.
static WHOLE: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let mut image = Vec::new();
    write(&Store::sample(), Effort::Fast, &mut image).expect("it is written");
    let before_end = image.len() - 20;
    let number = |at: usize| u32::from_le_bytes(image[at..at + 4].try_into().expect("four bytes")) as usize;
    let (stored, bytes) = (number(before_end), number(before_end + 4));
    let index = &image[before_end - stored..before_end];
    let mut index = zstd::bulk::decompress(index, bytes).expect("the index decompresses");
    let mut rest = index.as_slice();
    let (blocks, stored, bytes) = (varint(&mut rest), varint(&mut rest), varint(&mut rest));
    assert_eq!(blocks, 1, "the sample is small");
    let block = &image[HEADER.len()..HEADER.len() + stored];
    let block = if stored == bytes {
        block.to_vec()
    } else {
        zstd::bulk::decompress(block, bytes).expect("the block decompresses")
    };
    // behind the checksum of the block
    let rest = rest.len() - 4;
    index.drain(..index.len() - rest);
    (block, index)
});

/// The whole segment with some bytes set: places of two bytes, values of one.
fn changed(data: &[u8]) -> Vec<u8> {
    let (mut block, mut index) = WHOLE.clone();
    for change in data.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % (block.len() + index.len());
        match place.checked_sub(block.len()) {
            None => block[place] = change[2],
            Some(place) => index[place] = change[2],
        }
    }
    framed(&block, &index)
}

/// An image of one block, whose index ends so.
fn framed(block: &[u8], rest: &[u8]) -> Vec<u8> {
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

fn varint(bytes: &mut &[u8]) -> usize {
    let (mut value, mut shift) = (0, 0);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn put_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
