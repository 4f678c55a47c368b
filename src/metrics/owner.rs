//! Whose metrics a store has. A whole file of another appliance would open, and nobody would miss what is not in it.

use super::Metrics;
use super::hot;
use crate::crypto::Hash;
use crate::storage::RedbError;
use crate::storage::redb_file::{damaged, unseal};

/// In the table of figures: the registry that the metrics belong to.
const REGISTRY: &[u8] = b"registry";

impl Metrics {
    /// Whether the metrics belong to this registry. A store that does not say yet belongs to it from now on.
    pub fn belongs_to(&self, registry: Hash) -> Result<bool, RedbError> {
        if let Some(said) = self.hot.file.read(owner)? {
            return Ok(said == registry);
        }
        self.hot.file.write(|tx| hot::put(&mut tx.open_table(hot::META)?, REGISTRY, &registry))?;
        Ok(true)
    }
}

/// The registry that a store says.
pub(super) fn owner(tx: &redb::ReadTransaction) -> Result<Option<Hash>, RedbError> {
    hot::get(&tx.open_table(hot::META)?, REGISTRY, |key, sealed| {
        unseal("registry", key, sealed)?.try_into().map_err(|_| damaged("registry", key))
    })
}
