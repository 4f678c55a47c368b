//! Files that were written once, and that every later program must read.

use super::*;
use crate::clock::Timestamp;
use crate::files::{Access, write_whole};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/data");
/// Set, the file is written anew: for a version of the format that has none yet.
const WRITE: &str = "PGANALYTICS_WRITE_GOLDEN";
const ROWS: i64 = 40;

/// A column of each form that a column may have in a version of the format.
fn slice(version: u32) -> Slice {
    let each = |value: fn(i64) -> Value| {
        let mut column = Column::default();
        (0..ROWS).for_each(|n| column.push(value(n)));
        column
    };
    let mut columns = vec![
        each(|n| Value::Whole(7 + n * 3)),
        each(|n| Value::Whole(n * n * 1_000_003 % 97)),
        each(|_| Value::Real(0.25)),
        each(|n| Value::Real(f64::from(i32::try_from(n * n % 31).unwrap_or(0)) / 8.0)),
        each(|n| match n % 7 {
            0 => Value::Null,
            1 => Value::True,
            2 => Value::False,
            3 => Value::Whole(i64::MIN + n),
            4 => Value::Real(-0.0),
            5 => Value::Digits("123456789012345678901234567890".into()),
            _ => Value::Text(format!("Zeile {n} äöü").into()),
        }),
        each(|n| Value::Whole(if n == 0 { i64::MAX } else { i64::MIN })),
    ];
    let mut slots = 2;
    if version > 1 {
        columns.push(each(|n| Value::Real(f64::from(i32::try_from(n * n).unwrap_or(0)) / 3.0)));
        columns.push(each(|n| Value::Real(f64::from(i32::try_from(n).unwrap_or(0)) / 1000.0)));
        slots += 2;
    }
    let at = |n: i64| Timestamp::from_millis(1_795_186_800_000 + n * 60_000);
    let row = |n: i64| Row {
        timestamp: at(n),
        seq: n.unsigned_abs() + 1,
        received_at: Timestamp::from_millis(at(n).as_millis() + 250),
        shape: 0,
    };
    let piece = |bytes: &[u8], slots| Piece { bytes: bytes.into(), slots, family: 11 };
    let table = Table {
        kind: "sysstat".to_owned(),
        pieces: vec![piece(b"first", 4), piece(b"second", slots)],
        shapes: vec![vec![1, 2, 0]],
        rows: (0..ROWS).map(row).collect(),
        columns,
    };
    Slice { collector: *b"0123456789abcdef", tables: vec![table] }
}

fn reads(version: u32) {
    let file = format!("{FOLDER}/segment-v{version}.segment");
    if std::env::var_os(WRITE).is_some() && version == super::format::VERSION {
        let mut bytes = Vec::new();
        write(&slice(version), Effort::Small, &mut bytes).unwrap();
        write_whole(std::path::Path::new(&file), &bytes, Access::Group).unwrap();
    }
    let bytes = std::fs::read(file).unwrap();
    let image = Image::open(bytes.as_slice()).unwrap();
    let slice = slice(version);
    assert_eq!(image.slice().unwrap(), slice);
    assert!(image.is_slice(&slice).unwrap());
    let index = &image.kinds()[0];
    let columns = slice.tables[0].columns.len();
    assert_eq!((index.kind.as_str(), index.rows, index.columns), ("sysstat", 40, columns));
}

#[test]
fn the_first_version_of_the_format_is_read_for_ever() {
    reads(1);
}

#[test]
fn the_version_with_decimals_is_read_for_ever() {
    reads(2);
}
