//! Shapes as readers want them: decompressed, checked when they were read, and kept for the next reader.
//!
//! A shape never changes under its hash, so what is kept is never stale.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::hot;
use super::shape::ShapeHash;
use super::walk::Rows;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;

#[derive(Default)]
pub(super) struct ShapeCache(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    shapes: HashMap<(CollectorId, ShapeHash), Arc<[u8]>>,
    bytes: usize,
}

impl ShapeCache {
    /// The shape of a collector's documents. One that is not stored is damage, as documents refer to it.
    pub(super) fn get(
        &self,
        rows: &Rows,
        collector: CollectorId,
        hash: ShapeHash,
    ) -> Result<Arc<[u8]>, RedbError> {
        if let Some(shape) = self.0.lock().shapes.get(&(collector, hash)) {
            return Ok(Arc::clone(shape));
        }
        let key = hot::shape_key(collector, hash);
        let shape = hot::get(rows, &key, hot::open_shape)?.ok_or_else(|| damaged("shape", &key))?;
        let shape: Arc<[u8]> = shape.into();
        self.0.lock().keep((collector, hash), &shape);
        Ok(shape)
    }
}

impl Kept {
    fn keep(&mut self, key: (CollectorId, ShapeHash), shape: &Arc<[u8]>) {
        if self.bytes + shape.len() > limits::SHAPE_CACHE_BYTES {
            self.shapes.clear();
            self.bytes = 0;
        }
        // one that is larger than the cache is read each time
        if shape.len() <= limits::SHAPE_CACHE_BYTES && self.shapes.insert(key, Arc::clone(shape)).is_none() {
            self.bytes += shape.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        let mut kept = Kept::default();
        let key = |number: u8| (CollectorId::from(uuid::Uuid::nil()), [number; 16]);
        let half: Arc<[u8]> = vec![0; limits::SHAPE_CACHE_BYTES / 2].into();
        for number in 0..10 {
            kept.keep(key(number), &half);
            kept.keep(key(number), &half);
            assert!(kept.shapes.contains_key(&key(number)));
            assert_eq!(kept.bytes, kept.shapes.len() * half.len());
            assert!(kept.bytes <= limits::SHAPE_CACHE_BYTES);
        }
        kept.keep(key(99), &vec![0; limits::SHAPE_CACHE_BYTES + 1].into());
        assert!(!kept.shapes.contains_key(&key(99)));
    }
}
