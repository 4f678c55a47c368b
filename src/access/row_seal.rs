//! Seals on the rows that decide who may do what.
//!
//! SQLite does not notice a flipped byte. A row of users or tokens carries an envelope over its own fields,
//! so that a row which was damaged, or edited by somebody without the root key, is refused and not obeyed.

use crate::crypto::{Column, KeyRing, equal_in_constant_time, sha256};
use crate::storage::{self, StoreError};

pub(super) fn seal(ring: &KeyRing, column: &Column, row: &str, fields: &[&str]) -> Vec<u8> {
    ring.seal(column.at(row), &sha256(&bytes(fields)))
}

pub(super) fn check(
    ring: &KeyRing,
    column: &Column,
    row: &str,
    fields: &[&str],
    seal: &[u8],
) -> storage::Result<()> {
    let table = column.table;
    let sealed = ring.open(column.at(row), seal).map_err(|error| {
        StoreError::Damaged(format!("the seal of {table} row {row} does not open: {error}"))
    })?;
    if equal_in_constant_time(&sealed, &sha256(&bytes(fields))) {
        Ok(())
    } else {
        Err(StoreError::Damaged(format!("{table} row {row} is not as it was written")))
    }
}

fn bytes(fields: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::sealed::{API_TOKEN, USER};

    #[test]
    fn a_seal_holds_for_its_row_and_its_fields_only() {
        let ring = KeyRing::generate();
        let sealed = seal(&ring, &USER, "usr_1", &["admin", ""]);
        assert!(check(&ring, &USER, "usr_1", &["admin", ""], &sealed).is_ok());
        for (column, row, fields) in [
            (API_TOKEN, "usr_1", ["admin", ""]),
            (USER, "usr_2", ["admin", ""]),
            (USER, "usr_1", ["viewer", ""]),
            (USER, "usr_1", ["", "admin"]),
        ] {
            let error = check(&ring, &column, row, &fields, &sealed).unwrap_err();
            assert!(matches!(error, StoreError::Damaged(_)), "{column:?} {row} {fields:?}");
        }
    }
}
