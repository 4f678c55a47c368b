//! The one thread that writes to the hot store.
//!
//! While a commit waits for the disk, the pushes that come meanwhile queue up, and the next commit takes them
//! together: a slow disk makes commits larger instead of answers slower.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;

use super::Hot;
use super::accept::AcceptError;
use super::changes::Changes;
use super::commit::{self, Outcome, Push};
use super::queue::Queue;
use crate::limits;
use crate::storage::{FreeSpace, RedbError};

type Reply = Result<Outcome, AcceptError>;

/// The queue and its thread. Dropping it stores what waits and ends the thread.
pub(super) struct Writer {
    queue: Arc<Queue<Waiting>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Waiting {
    push: Push,
    reply: SyncSender<Reply>,
}

impl Writer {
    pub(super) fn start(hot: Arc<Hot>, changes: Arc<Changes>) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(limits::WAITING_PUSHES, limits::WAITING_BYTES));
        let waiting = Arc::clone(&queue);
        let thread = thread::Builder::new().name("metrics-writer".to_owned()).spawn(move || {
            let _end = End(&waiting);
            while let Some(group) = waiting.take(limits::COMMIT_BYTES) {
                store(&hot, &changes, group);
            }
        })?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)) })
    }

    /// Waits until the push is durable.
    pub(super) fn store(&self, push: Push) -> Reply {
        let bytes = push.waiting_bytes();
        let (reply, answer) = sync_channel(1);
        self.queue.add(Waiting { push, reply }, bytes).map_err(|_| AcceptError::Busy)?;
        wait(&answer)
    }

    /// Stores what waits, takes nothing more and ends the thread.
    pub(super) fn stop(&self) {
        self.queue.close();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the writer of metrics ended by a panic");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Closes the queue when the thread ends, however it ends, so that nobody waits for it in vain.
struct End<'a>(&'a Queue<Waiting>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.close();
        // what still waits is answered by the loss of its reply
        while self.0.take(usize::MAX).is_some() {}
    }
}

fn wait(answer: &Receiver<Reply>) -> Reply {
    answer.recv_timeout(limits::COMMIT_WAIT).unwrap_or_else(|error| match error {
        RecvTimeoutError::Timeout => Err(AcceptError::Unanswered("the disk did not answer in time")),
        RecvTimeoutError::Disconnected => Err(AcceptError::Unanswered("the writer has ended")),
    })
}

fn store(hot: &Hot, changes: &Changes, group: Vec<Waiting>) {
    let (pushes, replies): (Vec<_>, Vec<_>) =
        group.into_iter().map(|Waiting { push, reply }| (push, reply)).unzip();
    // who asked may have gone; what was stored is stored
    if let Err(full) = check_room(&hot.free_space, &pushes) {
        for reply in replies {
            let _ = reply.send(Err(full.clone().into()));
        }
        return;
    }
    match commit::commit(hot, &pushes) {
        Ok(outcomes) => {
            let documents = pushes.iter().flat_map(|push| &push.documents);
            changes.note(documents.map(|document| document.timestamp));
            for (reply, outcome) in replies.into_iter().zip(outcomes) {
                let _ = reply.send(outcome.map_err(AcceptError::from));
            }
        }
        Err(error) => {
            for reply in replies {
                let _ = reply.send(Err(AcceptError::NotStored(error.to_string())));
            }
        }
    }
}

/// There is less room on the disk than a commit may need.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("no space left for metrics: {needed} bytes are needed and {free} are free")]
pub struct StorageFull {
    pub needed: u64,
    pub free: u64,
}

fn check_room(free_space: &FreeSpace, pushes: &[Push]) -> Result<(), StorageFull> {
    let bytes: usize = pushes.iter().map(Push::waiting_bytes).sum();
    let needed = limits::FREE_BYTES.saturating_add(3 * bytes as u64);
    match free_space.bytes() {
        Ok(free) if free < needed => Err(StorageFull { needed, free }),
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::warn!(%error, "cannot tell how much room the disk has");
            Ok(())
        }
    }
}

impl From<RedbError> for AcceptError {
    fn from(error: RedbError) -> Self {
        match error {
            RedbError::Damaged { .. } => Self::Damaged(error.to_string()),
            other => Self::NotStored(other.to_string()),
        }
    }
}
