//! Whose metrics a store has, and how far that registry had come. A whole file of another appliance would open, and so
//! would an older copy of this one's, and nobody would miss what is not in it.

use super::hot;
use super::{Metrics, feed};
use crate::audit::Head;
use crate::clock::Timestamp;
use crate::crypto::Hash;
use crate::storage::RedbError;
use crate::storage::bytes::Reader;
use crate::storage::redb_file::{damaged, unseal};

/// In the table of figures: the registry that the metrics belong to.
const REGISTRY: &[u8] = b"registry";
/// In the same table: the newest entry of its audit log, as of the last look.
const REGISTRY_MARK: &[u8] = b"registry_mark";

/// How far the registry had come at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryMark {
    pub head: Head,
    pub noted_at: Timestamp,
}

impl Metrics {
    /// Whether the metrics belong to this registry. A store that does not say yet belongs to it from now on.
    pub fn belongs_to(&self, registry: Hash) -> Result<bool, RedbError> {
        if let Some(said) = self.hot.file.read(owner)? {
            return Ok(said == registry);
        }
        self.hot.file.write(|tx| hot::put(&mut tx.open_table(hot::META)?, REGISTRY, &registry))?;
        Ok(true)
    }

    /// How far the registry had come when that was last noted.
    pub fn registry_mark(&self) -> Result<Option<RegistryMark>, RedbError> {
        self.hot.file.read(registry_mark)
    }

    /// Notes how far the registry has come, durably.
    pub fn note_registry(&self, mark: RegistryMark) -> Result<(), RedbError> {
        let RegistryMark { head, noted_at } = mark;
        let (seq, noted_at) = (head.seq.to_le_bytes(), noted_at.as_millis().to_le_bytes());
        let value = [&seq[..], &noted_at, &head.hash].concat();
        self.hot.file.write(|tx| hot::put(&mut tx.open_table(hot::META)?, REGISTRY_MARK, &value))
    }

    /// The number that the next document gets.
    pub fn next_seq(&self) -> Result<u64, RedbError> {
        self.hot.file.read(|tx| feed::next_seq(&tx.open_table(hot::META)?))
    }

    /// Lets the documents go on at another number, which none has had: while nothing is taken in.
    pub fn go_on_at(&self, first_seq: u64) -> Result<(), RedbError> {
        self.hot.file.write(|tx| feed::go_on_at(&mut tx.open_table(hot::META)?, first_seq))
    }
}

/// The mark of the registry that a store has.
pub(super) fn registry_mark(tx: &redb::ReadTransaction) -> Result<Option<RegistryMark>, RedbError> {
    hot::get(&tx.open_table(hot::META)?, REGISTRY_MARK, |key, sealed| {
        let mut reader = Reader(unseal("mark of the registry", key, sealed)?);
        let mut mark = || {
            let (seq, noted_at) = (reader.u64()?, Timestamp::from_millis(reader.i64()?));
            Some(RegistryMark { head: Head { seq, hash: reader.0.try_into().ok()? }, noted_at })
        };
        mark().ok_or_else(|| damaged("mark of the registry", key))
    })
}

/// The registry that a store says.
pub(super) fn owner(tx: &redb::ReadTransaction) -> Result<Option<Hash>, RedbError> {
    hot::get(&tx.open_table(hot::META)?, REGISTRY, |key, sealed| {
        unseal("registry", key, sealed)?.try_into().map_err(|_| damaged("registry", key))
    })
}
