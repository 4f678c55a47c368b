//! The thread on which a request with a key is worked on, step by step, in one unit of work.

use std::future::Future;
use std::sync::mpsc::{Receiver, Sender, channel};

use actix_web::web::Data;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::Keyed;
use crate::http::problem::Problem;
use crate::limits::{KEPT_REPLY_RETRY, UNIT_PAUSE};
use crate::node::Node;
use crate::storage::Unit;

tokio::task_local! {
    static SESSION: Session;
}

/// A request's way to its thread. When all of them are dropped, as when the client is gone, what was not committed
/// is taken back.
#[derive(Clone)]
pub(in crate::http) struct Session(Sender<Step>);

type Done = oneshot::Sender<Result<(), Problem>>;

enum Step {
    Run(Box<dyn FnOnce() + Send>),
    /// The handler has answered: its reply, if it is to be kept.
    End(Option<Zeroizing<Vec<u8>>>, Done),
}

impl Session {
    pub(super) fn begin(node: &Data<Node>, keyed: Keyed) -> Self {
        let (steps, coming) = channel();
        let node = node.clone();
        // it ends with the session, and nobody waits for it
        drop(actix_web::rt::task::spawn_blocking(move || work(&node, keyed, &coming)));
        Self(steps)
    }

    /// The session that the running handler belongs to, if it has a key.
    pub(in crate::http) fn current() -> Option<Self> {
        SESSION.try_with(Clone::clone).ok()
    }

    /// Runs a handler, so that it belongs to this session.
    pub(super) async fn of<T>(self, handler: impl Future<Output = T>) -> T {
        SESSION.scope(self, handler).await
    }

    /// Does something on the thread of the session.
    pub(in crate::http) async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (done, result) = oneshot::channel();
        // whoever asked may be gone
        let step = Step::Run(Box::new(move || drop(done.send(operation()))));
        self.0.send(step).map_err(|_| ended())?;
        result.await.map_err(|_| ended())
    }

    pub(super) async fn keep(&self, reply: Zeroizing<Vec<u8>>) -> Result<(), Problem> {
        self.last(Some(reply)).await
    }

    /// Ends without a reply to keep.
    pub(super) async fn end(&self) -> Result<(), Problem> {
        self.last(None).await
    }

    async fn last(&self, reply: Option<Zeroizing<Vec<u8>>>) -> Result<(), Problem> {
        let (done, result) = oneshot::channel();
        self.0.send(Step::End(reply, done)).map_err(|_| ended())?;
        result.await.map_err(|_| ended())?
    }
}

fn ended() -> Problem {
    Problem::unavailable("the request took too long, and was taken back", KEPT_REPLY_RETRY)
}

/// Until the commit it holds the key, so that nobody asks whether there is a reply before it is there.
fn work(node: &Node, keyed: Keyed, steps: &Receiver<Step>) {
    let unit = node.unit();
    while let Some(step) = next(steps, &unit) {
        match step {
            Step::Run(operation) => operation(),
            Step::End(reply, done) => {
                let committed = commit(node, &keyed, unit, reply.as_ref().map(|reply| reply.as_slice()));
                drop(keyed);
                drop(done.send(committed));
                return;
            }
        }
    }
    if unit.has_written() {
        tracing::warn!("a request with an idempotency key was not answered, and is taken back");
    }
}

/// Before the first write nobody is held up, and a handler may try a connection.
fn next(steps: &Receiver<Step>, unit: &Unit<'_>) -> Option<Step> {
    if unit.has_written() { steps.recv_timeout(UNIT_PAUSE).ok() } else { steps.recv().ok() }
}

/// A request that changed nothing may be asked again, and has no reply that counts.
fn commit(node: &Node, keyed: &Keyed, unit: Unit<'_>, reply: Option<&[u8]>) -> Result<(), Problem> {
    if let (Some(reply), true) = (reply, unit.has_written()) {
        keyed.keep(node, 0, reply)?;
    }
    Ok(unit.commit()?)
}
