//! The thread on which a request with a key is worked on, step by step, in one unit of work.
//!
//! A request that takes too long for that commits what makes it one request, with a word by which it goes on when it
//! comes again, and then does the rest of it in transactions of their own.

use std::future::Future;
use std::sync::mpsc::{Receiver, Sender, channel};

use actix_web::web::Data;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::{Keyed, REPLY, WORD};
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
pub(in crate::http) struct Session {
    steps: Sender<Step>,
    /// What this request had left when it was cut off.
    word: Option<String>,
}

type Done = oneshot::Sender<Result<(), Problem>>;

enum Step {
    Run(Box<dyn FnOnce() + Send>),
    /// What was written is to be durable with this word, and what follows is not part of it.
    Commit(String, Done),
    /// The handler has answered: its reply, if it is to be kept.
    End(Option<Zeroizing<Vec<u8>>>, Done),
}

impl Session {
    pub(super) fn begin(node: &Data<Node>, keyed: Keyed, word: Option<String>) -> Self {
        let (steps, coming) = channel();
        let node = node.clone();
        // it ends with the session, and nobody waits for it
        drop(actix_web::rt::task::spawn_blocking(move || work(&node, keyed, &coming)));
        Self { steps, word }
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
        self.steps.send(step).map_err(|_| ended())?;
        result.await.map_err(|_| ended())
    }

    /// The word that the running handler had left when it was cut off.
    pub(in crate::http) fn word() -> Option<String> {
        Self::current()?.word
    }

    /// What the running handler has done becomes durable, with the word for going on; without a key it is already.
    pub(in crate::http) async fn commit(word: String) -> Result<(), Problem> {
        let Some(session) = Self::current() else { return Ok(()) };
        let (done, result) = oneshot::channel();
        session.steps.send(Step::Commit(word, done)).map_err(|_| ended())?;
        result.await.map_err(|_| ended())?
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
        self.steps.send(Step::End(reply, done)).map_err(|_| ended())?;
        result.await.map_err(|_| ended())?
    }
}

fn ended() -> Problem {
    Problem::unavailable("the request took too long, and was taken back", KEPT_REPLY_RETRY)
}

/// Until the commit it holds the key, so that nobody asks whether there is a reply before it is there.
fn work(node: &Node, keyed: Keyed, steps: &Receiver<Step>) {
    let mut unit = Some(node.unit());
    while let Some(step) = next(steps, unit.as_ref()) {
        match step {
            Step::Run(operation) => operation(),
            Step::Commit(word, done) => {
                let committed = commit(node, &keyed, unit.take(), &Kept::Word(&word));
                drop(done.send(committed));
            }
            Step::End(reply, done) => {
                let kept = reply.as_ref().map_or(Kept::Nothing, |reply| Kept::Reply(reply));
                let committed = commit(node, &keyed, unit, &kept);
                drop(keyed);
                drop(done.send(committed));
                return;
            }
        }
    }
    if unit.is_some_and(|unit| unit.has_written()) {
        tracing::warn!("a request with an idempotency key was not answered, and is taken back");
    }
}

/// Before the first write nobody is held up, and a handler may try a connection.
fn next(steps: &Receiver<Step>, unit: Option<&Unit<'_>>) -> Option<Step> {
    let holds_others_up = unit.is_some_and(Unit::has_written);
    if holds_others_up { steps.recv_timeout(UNIT_PAUSE).ok() } else { steps.recv().ok() }
}

/// What is kept with a commit.
enum Kept<'a> {
    Nothing,
    Word(&'a str),
    Reply(&'a [u8]),
}

/// A request that changed nothing may be asked again, and has no reply that counts.
/// Without a unit the request has committed before.
fn commit(node: &Node, keyed: &Keyed, unit: Option<Unit<'_>>, kept: &Kept<'_>) -> Result<(), Problem> {
    let counts = unit.as_ref().is_none_or(Unit::has_written);
    match kept {
        Kept::Word(word) if counts => keyed.keep(node, WORD, word.as_bytes())?,
        Kept::Reply(reply) if counts => keyed.keep(node, REPLY, reply)?,
        Kept::Nothing | Kept::Word(_) | Kept::Reply(_) => {}
    }
    Ok(unit.map_or(Ok(()), Unit::commit)?)
}
