//! The job that fills the mirror: it connects, copies for a bounded time, rests, and comes back later when the
//! mirror is away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::feed::Copied;
use super::options::Options;
use super::session::Session;
use super::state::{Mirror, Status};
use super::{MirrorError, Source};
use crate::clock::Timestamp;
use crate::jobs::Job;
use crate::limits::{MIRROR_ANSWER_TIME, MIRROR_LONGEST_PAUSE, MIRROR_STEP_TIME};

pub struct MirrorJob {
    mirror: Mirror,
    options: Options,
    source: Source,
    /// Its connection lives on it, from step to step.
    runtime: Runtime,
    session: Option<Session>,
    /// When everything had been copied; `None` while something waits.
    rested_at: Option<Instant>,
}

impl MirrorJob {
    pub fn new(options: Options, source: Source) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let status = Status {
            site_id: options.site_id.clone(),
            target: format!("{}:{}/{}", options.host, options.port, options.database),
            ..Status::default()
        };
        let mirror = Mirror::new(status, Arc::clone(&source.metrics), source.clock.clone());
        Ok(Self { mirror, options, source, runtime, session: None, rested_at: None })
    }

    /// What the daemon sees of it.
    pub fn mirror(&self) -> Mirror {
        self.mirror.clone()
    }

    fn run(&mut self) -> Result<Copied, MirrorError> {
        let Self { mirror, options, source, runtime, session, rested_at } = self;
        let mut stop = mirror.stop.subscribe();
        let round = round(mirror, options, source, session, rested_at);
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => Err(MirrorError::Stopping),
                done = tokio::time::timeout(MIRROR_ANSWER_TIME, round) => {
                    done.unwrap_or(Err(MirrorError::NoAnswer))
                }
            }
        })
    }

    fn succeeded(&mut self, now: Timestamp, copied: Copied) -> String {
        let mut status = self.mirror.status.lock();
        status.last_mirrored_at = Some(now);
        status.last_error = self.session.as_ref().and_then(|session| session.trouble.clone());
        format!("wrote {} documents", copied.documents)
    }

    fn failed(&mut self, now: Timestamp, error: &MirrorError) {
        self.session = None;
        self.rested_at = None;
        let mut status = self.mirror.status.lock();
        status.connected_since = None;
        status.last_error = Some(error.to_string());
        status.last_error_at = Some(now);
    }
}

/// Opens the connection where there is none, and copies until nothing waits or the time of a step is over.
async fn round(
    mirror: &Mirror,
    options: &Options,
    source: &Source,
    session: &mut Option<Session>,
    rested_at: &mut Option<Instant>,
) -> Result<Copied, MirrorError> {
    let begun = Instant::now();
    let session = if let Some(session) = session {
        session
    } else {
        let new = Session::open(options, source).await?;
        let mut status = mirror.status.lock();
        status.connected_since = Some(source.clock.now());
        status.server_version = Some(new.server_version.clone());
        tracing::info!(to = status.target, "the mirror is connected");
        drop(status);
        session.insert(new)
    };
    *rested_at = None;
    session.copy_standings(source).await?;
    let mut all = Copied::default();
    loop {
        let mut is_any = session.copy_registry(source).await? > 0;
        is_any |= session.copy_trail(source).await? > 0;
        is_any |= session.move_metrics().await?;
        let mut copied = session.copy_feed(source, options.batch_bytes).await?;
        if !copied.is_any {
            copied = session.fill_gap(source).await?;
        }
        all.documents += copied.documents;
        all.lost += copied.lost;
        let mut status = mirror.status.lock();
        status.documents_mirrored += copied.documents;
        status.documents_lost += copied.lost;
        drop(status);
        if !is_any && !copied.is_any {
            *rested_at = Some(Instant::now());
            return Ok(all);
        }
        if begun.elapsed() >= MIRROR_STEP_TIME {
            return Ok(all);
        }
    }
}

impl Job for MirrorJob {
    fn name(&self) -> &'static str {
        "mirror"
    }

    fn about(&self) -> &'static str {
        "copies the registry, the audit log and the metrics to PostgreSQL"
    }

    fn longest_pause(&self) -> Duration {
        MIRROR_LONGEST_PAUSE
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        if self.rested_at.is_some_and(|rested_at| rested_at.elapsed() < self.options.interval) {
            return Ok("has everything".to_owned());
        }
        match self.run() {
            Ok(copied) => Ok(self.succeeded(now, copied)),
            // what was under way is taken back by the server, as nobody commits it
            Err(MirrorError::Stopping) => {
                self.session = None;
                Ok("stopped".to_owned())
            }
            Err(error) => {
                self.failed(now, &error);
                Err(error.to_string())
            }
        }
    }
}
