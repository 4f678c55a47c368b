//! The open channels of agents: whom to wake when there is something to tell.
//!
//! It carries no command: whoever is woken reads what is to be told from the registry, so nothing is lost
//! with a channel.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::ids::CollectorId;
use crate::limits::CHANNELS_PER_COLLECTOR;
use crate::storage::after_commit;

type Open = Mutex<HashMap<CollectorId, Vec<Arc<Notify>>>>;

#[derive(Clone, Default)]
pub struct Channels(Arc<Open>);

/// An open channel, until it is dropped.
pub struct Channel {
    id: CollectorId,
    wake: Arc<Notify>,
    open: Arc<Open>,
}

impl Channels {
    /// `None` when the collector has too many open already.
    pub fn open(&self, id: CollectorId) -> Option<Channel> {
        let mut open = self.0.lock();
        let channels = open.entry(id).or_default();
        if channels.len() >= CHANNELS_PER_COLLECTOR {
            return None;
        }
        let wake = Arc::new(Notify::new());
        channels.push(Arc::clone(&wake));
        Some(Channel { id, wake, open: Arc::clone(&self.0) })
    }

    /// There is something to tell the agent, once what this thread has written is durable.
    pub fn wake(&self, id: CollectorId) {
        let open = Arc::clone(&self.0);
        after_commit(move || {
            for channel in open.lock().get(&id).into_iter().flatten() {
                channel.notify_one();
            }
        });
    }
}

impl Channel {
    /// Returns when there is something to tell, also when it was there before the call.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        if let Some(channels) = open.get_mut(&self.id) {
            channels.retain(|channel| !Arc::ptr_eq(channel, &self.wake));
            if channels.is_empty() {
                open.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::IdSource;

    #[tokio::test]
    async fn a_channel_is_woken_also_for_what_came_before_it_listened_and_leaves_nothing_behind() {
        let id = IdSource::seeded(1).next(Timestamp::from_millis(1));
        let channels = Channels::default();
        channels.wake(id);
        let channel = channels.open(id).unwrap();
        channels.wake(id);
        channel.woken().await;
        let others: Vec<_> = (1..CHANNELS_PER_COLLECTOR).map(|_| channels.open(id).unwrap()).collect();
        assert!(channels.open(id).is_none());
        drop((channel, others));
        assert!(channels.0.lock().is_empty());
    }
}
