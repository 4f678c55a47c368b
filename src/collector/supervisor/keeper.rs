//! Keeps a worker at work and puts what it collects into the spool.

use std::cell::RefCell;
use std::ffi::OsString;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::Figures;
use super::gather::{Author, Gathered};
use super::process::WorkerProcess;
use super::restart::Restarts;
use crate::collector::config::Settings;
use crate::collector::control::{Control, Made, Wish};
use crate::collector::log::Lines;
use crate::collector::pipe::Message;
use crate::collector::spool::Spool;
use crate::collector::stop::Stop;
use crate::limits::{SHUTDOWN_WORKER, WORKER_HEALTHY_AFTER, WORKER_SILENCE};

/// How long a worker that has closed its pipe may take to end.
const LAST_BREATH: Duration = Duration::from_secs(1);

pub(super) struct Keeper<'a> {
    pub(super) settings: &'a Settings,
    pub(super) worker: Vec<OsString>,
    pub(super) author: Author,
    pub(super) control: &'a Control,
    pub(super) lines: &'a Lines,
    pub(super) spool: &'a RefCell<Spool>,
    pub(super) figures: &'a RefCell<Figures>,
    pub(super) has_more: &'a Notify,
    /// Told when there is news that need not wait for the next heartbeat.
    pub(super) has_news: &'a Notify,
}

impl Keeper<'_> {
    /// Starts workers, one after the other, as long as the daemon wishes one, until the order to stop.
    pub(super) async fn run(&self, ordered: &Stop) {
        let mut restarts = Restarts::default();
        let mut wishes = self.control.wishes();
        let mut end = String::new();
        while !ordered.is_ordered() {
            let wish = *wishes.borrow_and_update();
            self.note(|figures| figures.is_stopped = !wish.run);
            if !wish.run {
                self.control.made(Made { number: wish.number, worker: Ok(None), end: end.clone() });
                ordered.or(another(&mut wishes, wish)).await;
                continue;
            }
            let started = Instant::now();
            let worker =
                WorkerProcess::start(&self.worker).map_err(|error| format!("cannot be started: {error}"));
            let pid = worker.as_ref().map(WorkerProcess::id).map_err(Clone::clone);
            self.control.made(Made { number: wish.number, worker: pid, end });
            end = match worker {
                Ok(worker) => self.attend(worker, &mut wishes, wish, ordered).await,
                Err(error) => error,
            };
            if ordered.is_ordered() {
                tracing::info!(end, "the worker has stopped");
                return;
            }
            if *wishes.borrow() != wish {
                tracing::info!(end, "the worker was stopped, as the daemon wishes");
                restarts = Restarts::default();
                self.note(|figures| figures.worker_error = None);
                continue;
            }
            let pause = restarts.died(started.elapsed());
            tracing::error!(end, pause_s = pause.as_secs(), "the worker died and is started again");
            if restarts.is_crash_loop() {
                let reason = format!("the worker died {} times in a row: it {end}", restarts.deaths());
                self.note(|figures| figures.worker_error = Some(reason));
            }
            ordered.or(timeout(pause, another(&mut wishes, wish))).await;
        }
    }

    /// Listens to one worker until it ends, is silent for too long, the daemon wishes something else, or the
    /// order comes. Returns its end.
    async fn attend(
        &self,
        mut worker: WorkerProcess,
        wishes: &mut watch::Receiver<Wish>,
        wish: Wish,
        ordered: &Stop,
    ) -> String {
        tracing::info!(pid = worker.id(), "the worker has started");
        let mut gathered = Gathered::default();
        let started = Instant::now();
        let mut heard = started;
        let end = loop {
            let linger = gathered.due();
            tokio::select! {
                biased;
                () = ordered.ordered() => {
                    break worker.stop(self.settings.stop_grace.min(SHUTDOWN_WORKER), drop).await;
                }
                () = another(wishes, wish) => {
                    let say = |step| self.control.step(step);
                    break worker.stop(self.settings.stop_grace, say).await;
                }
                message = worker.message() => match message {
                    Some(Ok(message)) => {
                        heard = Instant::now();
                        if started.elapsed() >= WORKER_HEALTHY_AFTER {
                            self.note(|figures| figures.worker_error = None);
                        }
                        self.take(message, &mut gathered);
                    }
                    Some(Err(error)) => {
                        tracing::error!(%error, "the worker's pipe is broken");
                        break worker.stop(self.settings.stop_grace, drop).await;
                    }
                    None => break worker.ended(LAST_BREATH).await,
                },
                () = sleep_until(linger.unwrap_or(heard)), if linger.is_some() => self.store(&mut gathered),
                () = sleep_until(heard + self.longest_silence()) => {
                    tracing::error!(seconds = heard.elapsed().as_secs(), "the worker is silent");
                    break worker.stop(self.settings.stop_grace, drop).await;
                }
            }
        };
        while let Some(Ok(message)) = worker.message().await {
            self.take(message, &mut gathered);
        }
        self.store(&mut gathered);
        end
    }

    fn note(&self, change: impl FnOnce(&mut Figures)) {
        let mut figures = self.figures.borrow_mut();
        let before = figures.news();
        change(&mut figures);
        if figures.news() != before {
            self.has_news.notify_one();
        }
    }

    fn longest_silence(&self) -> Duration {
        let shortest = self.control.tuned().probes.iter().map(|probe| probe.interval).min();
        // without a probe a worker has nothing to say
        shortest.map_or(Duration::from_hours(24 * 365), |interval| interval + WORKER_SILENCE)
    }

    fn take(&self, message: Message, gathered: &mut Gathered) {
        match message {
            Message::Document(document) => {
                gathered.add(document);
                if gathered.is_full() {
                    self.store(gathered);
                }
            }
            Message::Log(entries) => entries.into_iter().for_each(|entry| self.lines.push(entry)),
            Message::Collected(collected) => {
                self.note(|figures| figures.collected(collected));
                self.store(gathered);
            }
        }
    }

    fn store(&self, gathered: &mut Gathered) {
        let Some(batch) = gathered.take(&self.author) else { return };
        let stored = match batch {
            Ok(batch) => self.spool.borrow_mut().add(&batch).map_err(|error| error.to_string()),
            Err(error) => Err(format!("cannot write a batch: {error}")),
        };
        match stored {
            Ok(_) => {
                self.note(|figures| figures.spool_error = None);
                self.has_more.notify_one();
            }
            Err(reason) => {
                tracing::error!(reason, "documents are lost");
                self.note(|figures| figures.spool_error = Some(reason));
            }
        }
    }
}

/// Returns when the daemon wishes something else.
async fn another(wishes: &mut watch::Receiver<Wish>, than: Wish) {
    // the other end lives as long as the supervisor
    let _ = wishes.wait_for(|wish| *wish != than).await;
}
