//! What was written reads back, merged or not; what was damaged is found; nothing makes a reader panic.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::needless_range_loop,
    reason = "the numbers of these tests are small"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::format::{END_BYTES, HEADER_BYTES, checksum};
use super::*;
use crate::clock::Timestamp;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(Value::True),
        Just(Value::False),
        any::<i64>().prop_map(Value::Whole),
        (-5_i64..5).prop_map(Value::Whole),
        any::<f64>().prop_filter("finite", |real| real.is_finite()).prop_map(Value::Real),
        Just(Value::Real(-0.0)),
        "[0-9]{20,30}".prop_map(|digits| Value::Digits(digits.into())),
        ".{0,12}".prop_map(|text| Value::Text(text.into())),
        Just(Value::Text("idle".into())),
    ]
}

/// Values as a column has them: mostly of one kind.
fn values() -> impl Strategy<Value = Vec<Value>> {
    prop_oneof![
        (any::<i64>(), -9_i64..9, 60_usize..70).prop_map(|(first, step, count)| {
            (0..count as i64).map(|n| Value::Whole(first.wrapping_add(n.wrapping_mul(step)))).collect()
        }),
        prop::collection::vec((0_i64..5000).prop_map(Value::Whole), 60..70),
        prop::collection::vec((0_i64..5000).prop_map(|n| Value::Real(n as f64 / 100.0)), 60..70),
        prop::collection::vec(
            any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Value::Real),
            60..70
        ),
        prop::collection::vec(value(), 60..70),
    ]
}

/// A table of random shapes over random pieces; each slot goes round in its own values.
fn table(kind: &'static str, first_seq: u64) -> impl Strategy<Value = Table> {
    let pieces = prop::collection::vec((0_u32..4, 0_u64..3), 1..8);
    let slots = prop::collection::vec(values(), 4);
    let shapes = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..5);
    let rows = prop::collection::vec((0_i64..50, any::<u8>(), 0_i64..3), 0..40);
    (pieces, slots, shapes, rows).prop_map(move |(pieces, slots, shapes, rows)| {
        let pieces: Vec<Piece> = pieces
            .into_iter()
            .enumerate()
            .map(|(place, (slots, family))| Piece { bytes: [place as u8].into(), slots, family })
            .collect();
        let entry = |entry: u8| u32::from(entry) % (pieces.len() as u32 + 1);
        let shapes: Vec<Vec<u32>> =
            shapes.into_iter().map(|shape| shape.into_iter().map(entry).collect()).collect();
        let mut rows: Vec<Row> = rows
            .into_iter()
            .enumerate()
            .map(|(place, (time, shape, push))| Row {
                timestamp: Timestamp::from_millis(time),
                seq: first_seq + place as u64,
                received_at: Timestamp::from_millis(100 * push),
                shape: u32::from(shape) % shapes.len() as u32,
            })
            .collect();
        rows.sort_by_key(|row| (row.timestamp, row.seq));
        filled(kind, pieces, shapes, rows, &slots)
    })
}

fn filled(
    kind: &str,
    pieces: Vec<Piece>,
    shapes: Vec<Vec<u32>>,
    rows: Vec<Row>,
    slots: &[Vec<Value>],
) -> Table {
    let mut columns = Vec::new();
    for (piece, count) in pieces.iter().zip(occurrences(pieces.len(), &shapes, &rows)) {
        for slot in 0..piece.slots as usize {
            let mut column = Column::default();
            slots[slot].iter().cycle().take(count).for_each(|value| column.push(value.clone()));
            columns.push(column);
        }
    }
    Table { kind: kind.to_owned(), pieces, shapes, rows, columns }
}

fn slice() -> impl Strategy<Value = Slice> {
    (table("pg_log", 1), table("sysstat", 1000))
        .prop_map(|(log, sysstat)| Slice { collector: [7; 16], tables: vec![log, sysstat] })
}

fn image(slice: &Slice, effort: Effort) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(slice, effort, &mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<Slice, ImageError> {
    Image::open(bytes)?.slice()
}

/// Pieces with their values.
type Objects = Vec<(Vec<u8>, Vec<Value>)>;

/// The documents of a table, as they are however they are stored.
fn documents(table: &Table) -> BTreeMap<(Timestamp, u64), Objects> {
    let firsts = first_columns(&table.pieces);
    let mut next = vec![0; table.pieces.len()];
    let document = |row: &Row| {
        let mut objects = Vec::new();
        for entry in &table.shapes[row.shape as usize] {
            let Some(piece) = (*entry as usize).checked_sub(1) else {
                objects.push((Vec::new(), Vec::new()));
                continue;
            };
            let columns = &table.columns[firsts[piece]..firsts[piece + 1]];
            let values = columns.iter().map(|column| column.get(next[piece]).unwrap()).collect();
            objects.push((table.pieces[piece].bytes.to_vec(), values));
            next[piece] += 1;
        }
        ((row.timestamp, row.seq), objects)
    };
    table.rows.iter().map(document).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_reads_back(slice in slice()) {
        for effort in [Effort::Fast, Effort::Small] {
            let bytes = image(&slice, effort);
            prop_assert_eq!(&read(&bytes).unwrap(), &slice);
            let image = Image::open(bytes.as_slice()).unwrap();
            prop_assert!(image.is_slice(&slice).unwrap());
            let sysstat = image.find("sysstat").unwrap();
            let layout = image.layout(sysstat).unwrap();
            for (index, column) in slice.tables[1].columns.iter().enumerate() {
                let mut shown = Vec::new();
                let see = |_, column| {
                    shown.push(column);
                    Ok::<_, ImageError>(())
                };
                image.each_column(&layout.columns, &[index], see).unwrap();
                prop_assert_eq!(&shown, std::slice::from_ref(column));
            }
        }
    }

    #[test]
    fn parts_put_together_are_the_whole(slice in slice(), by in 1_u64..5) {
        // the parts overlap in time, and some rows are in both
        let one = keep(&slice, |_, row| row.seq % 5 <= by);
        let other = keep(&slice, |_, row| row.seq % 5 >= by);
        prop_assert_eq!(read(&image(&one, Effort::Fast)).unwrap(), one.clone());
        let merged = merge(vec![one, other]);
        let with_rows = |slice: &Slice| -> Vec<_> {
            let tables = slice.tables.iter().filter(|table| !table.rows.is_empty());
            tables.map(|table| (table.kind.clone(), documents(table))).collect()
        };
        prop_assert_eq!(with_rows(&merged), with_rows(&slice));
        prop_assert_eq!(read(&image(&merged, Effort::Fast)).unwrap(), merged);
    }

    #[test]
    fn an_image_is_no_slice_but_its_own(slice in slice(), place in any::<prop::sample::Index>()) {
        let bytes = image(&slice, Effort::Fast);
        let image = Image::open(bytes.as_slice()).unwrap();
        let mut others = vec![
            Slice { collector: [8; 16], ..slice.clone() },
            Slice { tables: slice.tables[..1].to_vec(), ..slice.clone() },
        ];
        let mut change = |changed: &dyn Fn(&mut Table)| {
            let mut other = slice.clone();
            changed(&mut other.tables[1]);
            if other != slice {
                others.push(other);
            }
        };
        change(&|table| table.kind.push('x'));
        change(&|table| table.pieces[0].family += 1);
        change(&|table| table.shapes.push(Vec::new()));
        change(&|table| {
            table.rows.pop();
        });
        change(&|table| {
            if !table.columns.is_empty() {
                let column = place.index(table.columns.len());
                table.columns[column].push(Value::True);
            }
        });
        change(&|table| table.columns.reverse());
        for other in others {
            prop_assert!(!image.is_slice(&other).unwrap());
        }
    }

    #[test]
    fn any_changed_byte_is_found(slice in slice(), place in any::<prop::sample::Index>(), by in 1..=255_u8) {
        let mut bytes = image(&slice, Effort::Small);
        let place = place.index(bytes.len());
        bytes[place] ^= by;
        prop_assert!(read(&bytes).is_err(), "byte {} of {}", place, bytes.len());
    }

    #[test]
    fn a_cut_or_longer_image_is_found(slice in slice(), end in any::<prop::sample::Index>()) {
        let bytes = image(&slice, Effort::Fast);
        prop_assert!(read(&bytes[..end.index(bytes.len())]).is_err());
        prop_assert!(read(&[&bytes[..], &[0]].concat()).is_err());
        prop_assert!(read(&[&bytes[..], &bytes[..]].concat()).is_err());
    }

    #[test]
    fn any_bytes_are_columns_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), method in 0..9_u8) {
        let bytes = [&[method], &bytes[..]].concat();
        for count in [0, 1, 30, 70] {
            if let Some(column) = column::decode(&bytes, count) {
                prop_assert_eq!(column.len(), count);
            }
        }
    }

    #[test]
    fn any_bytes_are_pieces_and_rows_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for count in [0, 1, 3, 1 << 20] {
            if let Some(heads) = pieces::heads(&bytes, count) {
                let _ = pieces::pieces(&bytes, &heads);
            }
            let _ = pieces::shapes(&bytes, count, 3);
            let _ = pieces::rows(&bytes, count, &pieces::read_arrivals(&bytes, count).unwrap_or_default(), 3);
        }
    }

    /// Also under right checksums, which whoever writes a file can make.
    #[test]
    fn no_content_makes_a_reader_panic(
        slice in slice(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let whole = image(&slice, Effort::Small);
        let end = &whole[whole.len() - END_BYTES..];
        let stored = u32::from_le_bytes(end[..4].try_into().unwrap()) as usize;
        let begin = whole.len() - END_BYTES - stored;
        let mut index = zstd::bulk::decompress(&whole[begin..begin + stored], 1 << 20).unwrap();
        for (place, value) in changes {
            let place = place.index(index.len());
            index[place] = value;
        }
        let index = zstd::bulk::compress(&index, 1).unwrap();
        let mut forged = [&whole[..begin], &index[..]].concat();
        let lengths = [(index.len() as u32).to_le_bytes(), end[4..8].try_into().unwrap()].concat();
        let sum = checksum(&[&whole[..HEADER_BYTES], &index, &lengths]);
        forged.extend([&lengths[..], &sum.to_le_bytes(), &end[12..]].concat());
        let _ = read(&forged);
    }
}

/// A fuzzer found it: bytes with room for an end and none for a header were taken for a disk that fails, and then the
/// segments beside the damaged one were not served.
#[test]
fn whatever_is_too_short_is_damage_and_no_failure_of_the_disk() {
    for length in 0..HEADER_BYTES + END_BYTES {
        let error = read(&vec![0; length]).unwrap_err();
        assert!(matches!(error, ImageError::Damaged(_)), "{length}: {error}");
    }
}

#[test]
fn a_slice_without_documents_and_one_with_long_columns_read_back() {
    assert_eq!(read(&image(&Slice::default(), Effort::Small)).unwrap(), Slice::default());
    let pieces = vec![Piece { bytes: [1].into(), slots: 2, family: 0 }];
    let rows: Vec<Row> = (0..150_000)
        .map(|n| Row {
            timestamp: Timestamp::from_millis(n),
            seq: n as u64,
            received_at: Timestamp::from_millis(n),
            shape: 0,
        })
        .collect();
    let numbers: Vec<Value> = (0..150_000).map(|n| Value::Whole(n % 1013)).collect();
    let texts: Vec<Value> = (0..150_000).map(|n| Value::Text(format!("line {n}").into())).collect();
    let table = filled("pg_log", pieces, vec![vec![1]], rows, &[numbers, texts]);
    let slice = Slice { collector: [1; 16], tables: vec![table] };
    let bytes = image(&slice, Effort::Small);
    assert_eq!(read(&bytes).unwrap(), slice);
    let image = Image::open(bytes.as_slice()).unwrap();
    assert_eq!(image.kinds()[0].samples, 150_000);
    assert_eq!(image.kinds()[0].last, Timestamp::from_millis(149_999));
}

#[test]
fn what_contradicts_itself_is_not_written() {
    let row = Row {
        timestamp: Timestamp::from_millis(1),
        seq: 1,
        received_at: Timestamp::from_millis(1),
        shape: 0,
    };
    let piece = Piece { bytes: [1].into(), slots: 1, family: 0 };
    let right = Table {
        kind: "sysstat".to_owned(),
        pieces: vec![piece.clone()],
        shapes: vec![vec![1]],
        rows: vec![row],
        columns: vec![Column::Whole(vec![1])],
    };
    let written = |table: Table| {
        write(&Slice { collector: [0; 16], tables: vec![table] }, Effort::Fast, &mut Vec::new()).is_ok()
    };
    assert!(written(right.clone()));
    assert!(!written(Table { columns: Vec::new(), ..right.clone() }));
    assert!(!written(Table { columns: vec![Column::Whole(vec![1, 2])], ..right.clone() }));
    assert!(!written(Table { shapes: Vec::new(), ..right.clone() }));
    assert!(!written(Table { shapes: vec![vec![2]], ..right.clone() }));
    assert!(!written(Table {
        rows: vec![row, row],
        columns: vec![Column::Whole(vec![1, 2])],
        ..right.clone()
    }));
    assert!(!written(Table { pieces: vec![piece.clone(), piece], ..right }));
}
