//! The values of one slot as bytes: a line, small steps, packed bits, or a mixture after a list of its kinds.
//!
//! What decodes is what was encoded; bytes of another origin are an absence, never a panic. How many values there are
//! is known from elsewhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DecompressorScratch, DeltaSpec, ModeSpec};

use super::decimal;
use super::value::{Column, Value};
use super::writer::Effort;
use crate::limits;
use crate::storage::bytes::{Reader, put_bytes, put_length, put_signed};

// the first byte: how the values follow
/// Whole numbers in equal steps: the first one and the step.
const LINE: u8 = 0;
/// Whole numbers: the first one and each step as a varint.
const STEPS: u8 = 1;
/// Whole numbers, steps packed by pco.
const PACKED: u8 = 2;
/// Reals that are all the same.
const SAME_REAL: u8 = 3;
/// Reals by their eight bytes.
const PLAIN_REAL: u8 = 4;
/// Reals, packed by pco.
const PACKED_REAL: u8 = 5;
/// Runs of kinds, then the values of each kind.
const MIXED: u8 = 6;
/// Reals of few digits: how many stand behind the point, then whole numbers, as above.
const DECIMALS: u8 = 7;

/// Fewer values than this are smaller as steps: a packed column begins with tables.
const PACKED_FROM: usize = 24;

/// More costs twice the time and makes columns no smaller.
const PACKING_LEVEL: usize = 4;

const KINDS: u8 = 7;
const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const WHOLE: u8 = 3;
const REAL: u8 = 4;
const DIGITS: u8 = 5;
const TEXT: u8 = 6;

/// Where a column is cut, so that no part is large: by values, and by the bytes of texts.
pub(super) fn cut(column: &Column) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    // numbers are never cut by their bytes, and most columns are one part
    if !matches!(column, Column::Mixed(_)) && column.len() <= limits::IMAGE_PART_VALUES {
        parts.push(0..column.len());
        return parts;
    }
    let (mut begin, mut bytes) = (0, 0);
    for end in 1..=column.len() {
        bytes += text_bytes(column, end - 1);
        if end - begin == limits::IMAGE_PART_VALUES || bytes >= limits::IMAGE_PART_BYTES {
            parts.push(begin..end);
            (begin, bytes) = (end, 0);
        }
    }
    if begin < column.len() || parts.is_empty() {
        parts.push(begin..column.len());
    }
    parts
}

fn text_bytes(column: &Column, index: usize) -> usize {
    match column {
        Column::Mixed(values) => match values.get(index) {
            Some(Value::Text(text) | Value::Digits(text)) => text.len(),
            _ => 0,
        },
        _ => 0,
    }
}

/// Appends a range of a column.
pub(super) fn encode(column: &Column, range: Range<usize>, effort: Effort, out: &mut Vec<u8>) {
    match column {
        Column::Whole(values) => encode_whole(values.get(range).unwrap_or(&[]), effort, out),
        Column::Real(values) => encode_real(values.get(range).unwrap_or(&[]), effort, out),
        Column::Mixed(values) => encode_mixed(values.get(range).unwrap_or(&[]), effort, out),
    }
}

/// The values that [`encode`] appended to nothing; `count` of them.
pub(super) fn decode(bytes: &[u8], count: usize) -> Option<Column> {
    let mut reader = Reader(bytes);
    let [method] = reader.array()?;
    let column = match method {
        LINE | STEPS | PACKED => Column::Whole(decode_whole(method, &mut reader, count)?),
        SAME_REAL => Column::Real(vec![f64::from_bits(reader.u64()?); count]),
        PLAIN_REAL => Column::Real(decode_plain(&mut reader, count)?),
        PACKED_REAL => Column::Real(unpack(&mut reader, count)?),
        DECIMALS => {
            let [digits, method] = reader.array()?;
            Column::Real(decimal::reals(&decode_whole(method, &mut reader, count)?, digits)?)
        }
        MIXED => Column::Mixed(decode_mixed(&mut reader, count)?),
        _ => return None,
    };
    reader.is_empty().then_some(column)
}

fn decode_whole(method: u8, reader: &mut Reader, count: usize) -> Option<Vec<i64>> {
    match method {
        LINE => decode_line(reader, count),
        STEPS => decode_steps(reader, count),
        PACKED => unpack(reader, count),
        _ => None,
    }
}

pub(super) fn encode_whole(values: &[i64], effort: Effort, out: &mut Vec<u8>) {
    let first = values.first().copied().unwrap_or(0);
    let step = values.get(1).map_or(0, |second| second.wrapping_sub(first));
    if values.is_sorted_by(|one, next| next.wrapping_sub(*one) == step) {
        out.push(LINE);
        put_signed(out, first);
        return put_signed(out, step);
    }
    if effort == Effort::Fast || values.len() < PACKED_FROM || !pack(PACKED, values, ModeSpec::Classic, out) {
        encode_steps(values, out);
    }
}

/// Steps that repeat are what a general compressor finds afterwards.
pub(super) fn encode_steps(values: &[i64], out: &mut Vec<u8>) {
    out.push(STEPS);
    let mut last = 0;
    for value in values {
        put_signed(out, value.wrapping_sub(last));
        last = *value;
    }
}

fn decode_line(reader: &mut Reader, count: usize) -> Option<Vec<i64>> {
    let (first, step) = (reader.signed()?, reader.signed()?);
    let mut next = first;
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        values.push(next);
        next = next.wrapping_add(step);
    }
    Some(values)
}

fn decode_steps(reader: &mut Reader, count: usize) -> Option<Vec<i64>> {
    let mut last = 0_i64;
    let mut values = Vec::with_capacity(count.min(reader.0.len()));
    for _ in 0..count {
        last = last.wrapping_add(reader.signed()?);
        values.push(last);
    }
    Some(values)
}

fn encode_real(values: &[f64], effort: Effort, out: &mut Vec<u8>) {
    let first = values.first().copied().unwrap_or(0.0).to_bits();
    if values.iter().all(|value| value.to_bits() == first) {
        out.push(SAME_REAL);
        return out.extend(first.to_le_bytes());
    }
    if let Some((digits, wholes)) = decimal::wholes(values) {
        out.extend([DECIMALS, digits]);
        return encode_whole(&wholes, effort, out);
    }
    // of many digits there is little to save
    let is_packed = effort == Effort::Small && values.len() >= PACKED_FROM;
    if !is_packed || !pack(PACKED_REAL, values, ModeSpec::Auto, out) {
        out.push(PLAIN_REAL);
        out.extend(values.iter().flat_map(|value| value.to_bits().to_le_bytes()));
    }
}

fn decode_plain(reader: &mut Reader, count: usize) -> Option<Vec<f64>> {
    let bytes = reader.take(count.checked_mul(8)?)?;
    let (reals, _) = bytes.as_chunks::<8>();
    Some(reals.iter().map(|real| f64::from_le_bytes(*real)).collect())
}

/// Appends numbers packed by pco; when it can't, nothing, and says so.
fn pack<T: pco::data_types::Number>(method: u8, values: &[T], mode: ModeSpec, out: &mut Vec<u8>) -> bool {
    let config = ChunkConfig::default()
        .with_compression_level(PACKING_LEVEL)
        .with_mode_spec(mode)
        .with_delta_spec(DeltaSpec::TryConsecutive(1));
    let before = out.len();
    out.push(method);
    let mut write = || {
        let file = FileCompressor::default();
        let mut chunk = file.chunk_compressor(values, &config)?;
        file.write_header(&mut *out)?;
        chunk.write_meta(&mut *out)?;
        chunk.write_page(0, &mut *out).map(|_| ())
    };
    let is_packed = write().is_ok();
    if !is_packed {
        out.truncate(before);
    }
    is_packed
}

fn unpack<T: pco::data_types::Number>(reader: &mut Reader, count: usize) -> Option<Vec<T>> {
    thread_local! {
        /// To make room costs as much as to unpack a short column.
        static SCRATCH: RefCell<DecompressorScratch> = RefCell::default();
    }
    let (file, rest) = FileDecompressor::new(reader.0).ok()?;
    let (chunk, rest) = file.chunk_decompressor::<T, _>(rest).ok()?;
    let mut values = vec![T::default(); count];
    SCRATCH.with_borrow_mut(|scratch| {
        let mut page = chunk.page_decompressor_with_scratch(rest, count, scratch).ok()?;
        let progress = page.read(&mut values).ok()?;
        reader.0 = page.into_src();
        (progress.n_processed == count).then_some(values)
    })
}

const fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => NULL,
        Value::False => FALSE,
        Value::True => TRUE,
        Value::Whole(_) => WHOLE,
        Value::Real(_) => REAL,
        Value::Digits(_) => DIGITS,
        Value::Text(_) => TEXT,
    }
}

fn encode_mixed(values: &[Value], effort: Effort, out: &mut Vec<u8>) {
    out.push(MIXED);
    let runs: Vec<_> = values.chunk_by(|one, next| kind(one) == kind(next)).collect();
    put_length(out, runs.len());
    for run in &runs {
        out.extend(run.first().map(kind));
        put_length(out, run.len());
    }
    let (mut whole, mut real) = (Vec::new(), Vec::new());
    let (mut digits, mut texts) = (Vec::new(), Vec::new());
    for value in values {
        match value {
            Value::Whole(value) => whole.push(*value),
            Value::Real(value) => real.push(*value),
            Value::Digits(value) => digits.push(&**value),
            Value::Text(value) => texts.push(&**value),
            Value::Null | Value::False | Value::True => {}
        }
    }
    let mut part = Vec::new();
    if !whole.is_empty() {
        encode_whole(&whole, effort, &mut part);
        put_bytes(out, &part);
    }
    if !real.is_empty() {
        part.clear();
        encode_real(&real, effort, &mut part);
        put_bytes(out, &part);
    }
    for texts in [digits, texts] {
        if !texts.is_empty() {
            encode_texts(&texts, effort, out);
        }
    }
}

/// Every text once, their lengths before them, and then which one stands where.
fn encode_texts(texts: &[&str], effort: Effort, out: &mut Vec<u8>) {
    let (mut places, mut distinct) = (HashMap::new(), Vec::new());
    let mut which = Vec::with_capacity(texts.len());
    for text in texts {
        let place = *places.entry(*text).or_insert_with(|| {
            distinct.push(*text);
            distinct.len() as u64 - 1
        });
        which.push(place.cast_signed());
    }
    put_length(out, distinct.len());
    for text in &distinct {
        put_length(out, text.len());
    }
    for text in &distinct {
        out.extend(text.as_bytes());
    }
    let mut part = Vec::new();
    encode_whole(&which, effort, &mut part);
    put_bytes(out, &part);
}

fn decode_mixed(reader: &mut Reader, count: usize) -> Option<Vec<Value>> {
    let runs = reader.listed()?;
    let mut lengths = Vec::with_capacity(runs);
    let (mut of_kind, mut all) = ([0_usize; KINDS as usize], 0_usize);
    for _ in 0..runs {
        let [kind] = reader.array()?;
        let length = reader.count(count)?;
        *of_kind.get_mut(usize::from(kind))? += length;
        all += length;
        if all > count {
            return None;
        }
        lengths.push((kind, length));
    }
    let mut whole = decode_part(reader, of_kind[usize::from(WHOLE)])?.into_iter();
    let mut real = decode_part(reader, of_kind[usize::from(REAL)])?.into_iter();
    let mut digits = decode_texts(reader, of_kind[usize::from(DIGITS)])?.into_iter();
    let mut texts = decode_texts(reader, of_kind[usize::from(TEXT)])?.into_iter();
    let mut values = Vec::with_capacity(count);
    for (kind, length) in lengths {
        for _ in 0..length {
            values.push(match kind {
                NULL => Value::Null,
                FALSE => Value::False,
                TRUE => Value::True,
                WHOLE => whole.next()?,
                REAL => real.next()?,
                DIGITS => Value::Digits(digits.next()?.into()),
                _ => Value::Text(texts.next()?.into()),
            });
        }
    }
    (all == count).then_some(values)
}

fn decode_part(reader: &mut Reader, count: usize) -> Option<Vec<Value>> {
    if count == 0 {
        return Some(Vec::new());
    }
    match decode_numbers(reader.bytes()?, count)? {
        Column::Whole(values) => Some(values.into_iter().map(Value::Whole).collect()),
        Column::Real(values) => Some(values.into_iter().map(Value::Real).collect()),
        Column::Mixed(_) => None,
    }
}

fn decode_texts<'a>(reader: &mut Reader<'a>, count: usize) -> Option<Vec<&'a str>> {
    if count == 0 {
        return Some(Vec::new());
    }
    let distinct = reader.listed()?;
    let lengths: Option<Vec<usize>> = (0..distinct).map(|_| reader.count(usize::MAX)).collect();
    let mut texts = Vec::with_capacity(distinct);
    for length in lengths? {
        texts.push(std::str::from_utf8(reader.take(length)?).ok()?);
    }
    let Column::Whole(which) = decode_numbers(reader.bytes()?, count)? else { return None };
    which.into_iter().map(|place| texts.get(usize::try_from(place).ok()?).copied()).collect()
}

/// A mixture within a mixture does not exist, so that bytes can't nest without end.
fn decode_numbers(bytes: &[u8], count: usize) -> Option<Column> {
    if bytes.first() == Some(&MIXED) { None } else { decode(bytes, count) }
}

/// Appends numbers that nobody looks at alone, as steps after their length.
pub(super) fn put_steps(out: &mut Vec<u8>, values: &[i64]) {
    let mut part = Vec::new();
    encode_steps(values, &mut part);
    put_bytes(out, &part);
}

/// What [`put_steps`] appended.
pub(super) fn steps(reader: &mut Reader, count: usize) -> Option<Vec<i64>> {
    match decode_numbers(reader.bytes()?, count)? {
        Column::Whole(values) => Some(values),
        _ => None,
    }
}
