//! Who may query now: few run at once, as each may need much memory, and the others wait for as long as they have.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::web::Data;
use tokio::sync::Semaphore;

use super::client::Client;
use crate::http::on_disk;
use crate::http::problem::Problem;
use crate::limits::{PROMQL_CLIENT_LOOK, PROMQL_RUNNING, PROMQL_WAITING};
use crate::node::Node;
use crate::prometheus::{Answers, Members, Store};
use crate::promql::{Budget, Error};
use crate::registry::Collectors;

pub(in crate::http) struct Turns {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    members: Arc<Members>,
    /// What queries over ranges were answered.
    pub(super) answers: Arc<Answers>,
}

/// Says, when the request is dropped, that nobody waits any more.
struct Waiter(Arc<AtomicBool>);

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Waits for an answer, and looks now and then whether its client still does.
async fn watched<T>(answer: impl Future<Output = T>, client: Option<Client>, waiter: &Waiter) -> T {
    let mut answer = pin!(answer);
    loop {
        match tokio::time::timeout(PROMQL_CLIENT_LOOK, &mut answer).await {
            Ok(answer) => return answer,
            Err(_) if client.is_some_and(Client::is_gone) => waiter.0.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
    }
}

/// Counts as long as it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn one_of(waiting: &'a AtomicUsize) -> Result<Self, Problem> {
        let counted = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < PROMQL_WAITING {
            return Ok(counted);
        }
        let rule = format!("{PROMQL_WAITING} queries wait already: try again later");
        Err(Problem::unavailable(rule, Duration::from_secs(1)))
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Turns {
    pub(in crate::http) fn new(collectors: &Collectors) -> Self {
        let running = Arc::new(Semaphore::new(PROMQL_RUNNING));
        let members = Arc::new(Members::of(collectors));
        Self { running, waiting: AtomicUsize::new(0), members, answers: Arc::default() }
    }

    /// Runs a query over the store when its turn comes, within `time` from now, for as long as its client is there.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        (node, request): (&Data<Node>, &HttpRequest),
        time: Duration,
        query: impl FnOnce(&Store<'_>, &Budget) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let began = Instant::now();
        let counted = Counted::one_of(&self.waiting)?;
        let turn = tokio::time::timeout(time, Arc::clone(&self.running).acquire_owned()).await;
        drop(counted);
        let Ok(Ok(turn)) = turn else { return Err(Error::Timeout(time).into()) };
        let gone = Arc::new(AtomicBool::new(false));
        let waiter = Waiter(Arc::clone(&gone));
        let members = Arc::clone(&self.members);
        let answer = on_disk(node, move |node| {
            // a turn ends with its work, also when nobody waits for that
            let _turn = turn;
            let budget = Budget::new(time.saturating_sub(began.elapsed()), gone);
            let store = Store::open(&node.metrics, &members)?;
            query(&store, &budget)
        });
        watched(answer, Client::of(request), &waiter).await
    }
}
