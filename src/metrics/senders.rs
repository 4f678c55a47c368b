//! What is remembered of all collectors: bounded in bytes, and equal texts once.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use parking_lot::Mutex;

use super::draft::Pattern;
use super::piece::Piece;
use super::sender::{Sender, Template};
use crate::ids::CollectorId;
use crate::limits;

#[derive(Default)]
pub(super) struct Senders {
    common: Common,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    senders: HashMap<CollectorId, Remembered>,
    /// Counts the pushes, so that it can be told who was silent for longest.
    turn: u64,
}

struct Remembered {
    sender: Arc<Mutex<Sender>>,
    bytes: usize,
    turn: u64,
}

impl Senders {
    /// Works with what is remembered of a collector.
    pub(super) fn with<T>(&self, collector: CollectorId, work: impl FnOnce(&mut Sender, &Common) -> T) -> T {
        let sender = {
            let mut known = self.known.lock();
            known.turn += 1;
            let turn = known.turn;
            let new = || Remembered { sender: Arc::default(), bytes: 0, turn };
            let remembered = known.senders.entry(collector).or_insert_with(new);
            remembered.turn = turn;
            Arc::clone(&remembered.sender)
        };
        let mut sender = sender.lock();
        let result = work(&mut sender, &self.common);
        let bytes = sender.bytes();
        drop(sender);
        self.bound(collector, bytes);
        result
    }

    /// Forgets a collector.
    pub(super) fn forget(&self, collector: CollectorId) {
        self.known.lock().senders.remove(&collector);
    }

    /// Forgets the half that was silent for longest when all take too much.
    fn bound(&self, collector: CollectorId, bytes: usize) {
        let mut known = self.known.lock();
        if let Some(remembered) = known.senders.get_mut(&collector) {
            if remembered.bytes == bytes {
                return;
            }
            remembered.bytes = bytes;
        }
        let all: usize = known.senders.values().map(|remembered| remembered.bytes).sum();
        if all + self.common.0.lock().bytes <= limits::SENDERS_BYTES {
            return;
        }
        let mut turns: Vec<_> = known.senders.values().map(|remembered| remembered.turn).collect();
        turns.sort_unstable();
        let middle = turns.get(turns.len() / 2).copied().unwrap_or_default();
        known.senders.retain(|_, remembered| remembered.turn > middle);
        self.common.0.lock().sweep();
    }
}

/// The templates of all collectors.
#[derive(Default)]
pub(super) struct Common(Mutex<Templates>);

#[derive(Default)]
struct Templates {
    hasher: RandomState,
    /// By the hash of pattern and piece.
    known: HashMap<u64, Vec<Arc<Template>>>,
    pieces: HashMap<super::piece::Hash, Arc<Piece>>,
    bytes: usize,
}

impl Common {
    /// The one template of this pattern and piece.
    pub(super) fn template(&self, pattern: Pattern, piece: Piece) -> Arc<Template> {
        let mut templates = self.0.lock();
        let hash = templates.hasher.hash_one((&pattern, piece.hash));
        let is_it = |known: &&Arc<Template>| known.piece.hash == piece.hash && known.pattern == pattern;
        if let Some(known) = templates.known.get(&hash).and_then(|known| known.iter().find(is_it)) {
            return Arc::clone(known);
        }
        templates.bytes += bytes(&pattern, &piece);
        let piece = Arc::clone(templates.pieces.entry(piece.hash).or_insert_with(|| Arc::new(piece)));
        let template = Arc::new(Template { pattern, piece });
        templates.known.entry(hash).or_default().push(Arc::clone(&template));
        template
    }
}

impl Templates {
    /// Forgets what no sender has any more.
    fn sweep(&mut self) {
        self.known.retain(|_, known| {
            known.retain(|template| Arc::strong_count(template) > 1);
            !known.is_empty()
        });
        self.bytes = self.known.values().flatten().map(|one| bytes(&one.pattern, &one.piece)).sum();
        self.pieces.retain(|_, piece| Arc::strong_count(piece) > 1);
    }
}

fn bytes(pattern: &Pattern, piece: &Piece) -> usize {
    // and the maps around it
    pattern.text.len() + pattern.parts.len() * 8 + piece.bytes.len() + 400
}
