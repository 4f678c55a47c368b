//! Opening a data directory, from the lock to the background jobs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::certificates::Certificates;
use super::disk::{DiskWatch, Sizes};
use super::keys::KeysJob;
use super::loss::{check_missing, check_owner};
use super::marks::{Marks, Older};
use super::mirror::mirror_job;
use super::ring::{RingError, RingFile};
use super::{Node, Records, Stopping};
use crate::access::{
    self, AuthorityError, CertificateJob, ClientCertificates, HashCost, PruneJob, ServerCertificateError,
};
use crate::archive::{SegmentError, Segments};
use crate::audit::{AuditLog, CheckpointJob};
use crate::clock::Clock;
use crate::crypto::Algorithm;
use crate::downloads::{self, Downloads};
use crate::events::Events;
use crate::fleet::actions::ActionsJob;
use crate::fleet::archive::PurgeJob;
use crate::fleet::expiry::Expiry;
use crate::fleet::losses::{self, SegmentWatch};
use crate::fleet::operations::{HistoryJob, OperationsJob};
use crate::fleet::presence::PresenceJob;
use crate::fleet::pulse::PulseJob;
use crate::fleet::{ActionError, ConnectionTests, Fleet, Ground, LogRetention, PresenceError};
use crate::ids::IdSource;
use crate::jobs::{Job, Jobs};

use crate::limits::{CERTIFICATE_SECONDS, KEYS_SECONDS, MARKS_SECONDS, PULSE_SECONDS, SEGMENT_SECONDS};
use crate::logs::{Logs, LogsError};
use crate::metrics::{self, Folding, Forgetting, Merging, Metrics, Seal};
use crate::mirror;
use crate::registry::{Collectors, CollectorsError, Dashboards, Groups, GroupsError};
use crate::replies::Replies;
use crate::storage::data_dir::{DataDirError, Layout};
use crate::storage::{DataDir, Poison, Sqlite, StoreError};

/// What a node is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    pub data_dir: PathBuf,
    /// The ring of root keys, where it comes from outside; else it is kept in the data directory.
    pub root_key: Option<RingFile>,
    /// How secrets are encrypted from now on. What was encrypted otherwise is encrypted anew.
    pub encryption: Algorithm,
    /// Mean collection time from which on a collector counts as slow, in milliseconds.
    pub slow_collection_ms: f64,
    /// How long a session lives after its login and after each refresh.
    pub session_life: Duration,
    /// What a password's hash costs. Less than the default is for tests.
    pub hash_cost: HashCost,
    /// Where the listener's certificate comes from; without it the listener speaks no TLS.
    pub certificate: Option<access::Source>,
    /// Whether collectors have to prove themselves by a certificate, too.
    pub client_certificates: ClientCertificates,
    /// How long metrics are kept, and where.
    pub metrics: metrics::Options,
    /// Where a copy in PostgreSQL is wanted.
    pub mirror: Option<mirror::Options>,
    /// The folder of the agents' packages that are handed out; it need not be there.
    pub downloads: PathBuf,
}

impl Options {
    /// The defaults, on a directory.
    pub fn on(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            root_key: None,
            encryption: Algorithm::default(),
            slow_collection_ms: 400.0,
            session_life: access::Options::new(PathBuf::new()).session_life,
            hash_cost: HashCost::default(),
            certificate: None,
            client_certificates: ClientCertificates::Off,
            metrics: metrics::Options::default(),
            mirror: None,
            downloads: PathBuf::from(downloads::FOLDER),
        }
    }

    /// Pushes are noted for the mirror, where one is wanted.
    fn of_metrics(&self) -> metrics::Options {
        metrics::Options { is_fed: self.mirror.is_some(), ..self.metrics.clone() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Ring(#[from] RingError),
    #[error(
        "the registry {0} is missing or empty, and the metrics beside it belong to its collectors: put it back from its backup"
    )]
    RegistryLost(PathBuf),
    #[error(
        "the metrics {0} are missing, and the registry has the collectors that they belong to: put the file back from its backup, or begin without them by `pganalytics metrics accept-loss`"
    )]
    MetricsLost(PathBuf),
    #[error(
        "{0} belongs to another registry than the one beside it: put the file back that was here, or its registry"
    )]
    OfAnother(PathBuf),
    #[error(transparent)]
    Older(#[from] Older),
    #[error("there is no registry in {0}: is it the data directory of a daemon?")]
    NoRegistry(PathBuf),
    #[error("cannot open the registry: {0}")]
    Registry(#[from] StoreError),
    #[error("cannot read which collectors there are: {0}")]
    Collectors(#[from] CollectorsError),
    #[error("cannot open access control: {0}")]
    Access(#[from] access::OpenError),
    #[error("cannot open the certificate authority: {0}")]
    Authority(#[from] AuthorityError),
    #[error("cannot show a certificate: {0}")]
    Certificate(#[from] ServerCertificateError),
    #[error("cannot create the first groups: {0}")]
    Groups(#[from] GroupsError),
    #[error("cannot open the metrics: {0}")]
    Metrics(#[from] metrics::OpenError),
    #[error("cannot open the segments of metrics: {0}")]
    Segments(#[from] SegmentError),
    #[error("cannot open the logs: {0}")]
    Logs(#[from] LogsError),
    #[error("cannot read when collectors were last seen: {0}")]
    Presence(#[from] PresenceError),
    #[error("cannot end the actions that nobody waits for any more: {0}")]
    Actions(#[from] ActionError),
    #[error("cannot start the mirror: {0}")]
    Mirror(io::Error),
    #[error("cannot start the background jobs: {0}")]
    Jobs(io::Error),
}

impl Node {
    pub fn open(options: &Options, clock: Clock, ids: IdSource) -> Result<Self, OpenError> {
        let data_dir = DataDir::open(&options.data_dir)?;
        let (layout, was_unclean) = (data_dir.layout.clone(), data_dir.was_unclean);
        if was_unclean {
            tracing::warn!(path = %options.data_dir.display(), "the last process ended unexpectedly; recovering");
        }
        let poison = Poison::default();
        let opened = Self::open_on(data_dir, options, poison.clone(), clock, ids);
        opened.inspect(|node| node.access.announce_setup()).inspect_err(|_| {
            // what could not be opened was not worked on, and is as clean as it was
            if !was_unclean && poison.check().is_ok() {
                layout.set_clean().unwrap_or_else(|error| tracing::warn!(%error, "cannot tidy up"));
            }
        })
    }

    fn open_on(
        data_dir: DataDir,
        options: &Options,
        poison: Poison,
        clock: Clock,
        ids: IdSource,
    ) -> Result<Self, OpenError> {
        let layout = &data_dir.layout;
        let Records { audit, access, db, ring, .. } =
            Records::open_in(layout, options, &poison, &clock, &ids)?;
        let groups = groups(&db, &audit, &clock, &ids)?;
        let collectors = Collectors::new(Arc::clone(&db), Arc::clone(&ring), clock.clone(), ids.clone());
        let Certificates { authority, server } = Certificates::open(options, &db, &ring, &audit, &clock)?;
        check_missing(layout, &collectors)?;
        let (segments, metrics) = open_metrics(layout, &db, &poison, &clock, options.of_metrics())?;
        let logs = Arc::new(Logs::open(&layout.logs(), poison.clone(), clock.clone())?);
        check_owner(layout, &db, &audit, &metrics, &logs)?;
        losses::settle(&segments, &audit, &collectors)?;
        let events = Events::new(clock.clone());
        let ground =
            Ground { db, ring, audit, events, clock, ids, access, authority, collectors, metrics, logs };
        let Fleet { presence, pulse, registrar, actions, archive, operations, gaps } =
            Fleet::open(&ground, options.slow_collection_ms)?;
        let Ground { db, ring, audit, events, clock, ids, access, authority, collectors, metrics, logs } =
            ground;
        // what became overdue while no daemon ran is told as it is from the first answer on
        while actions.settle_overdue()? > 0 {}
        let (mirror, mirror_job) =
            mirror_job(options, &db, &metrics, &clock, &collectors, &presence)?.unzip();
        let jobs = start_jobs(
            &clock,
            [
                (Box::new(Marks::new(&db, &audit, &metrics, &clock)), MARKS_SECONDS),
                (Box::new(PresenceJob(Arc::clone(&presence))), 2),
                (Box::new(PulseJob(Arc::clone(&pulse))), PULSE_SECONDS),
                (Box::new(ActionsJob(Arc::clone(&actions))), 1),
                (Box::new(PurgeJob(Arc::clone(&archive))), 10),
                (Box::new(OperationsJob(Arc::clone(&operations))), 1),
                (Box::new(HistoryJob::new(Arc::clone(&operations))), 600),
                (Box::new(CheckpointJob { log: audit.clone(), signer: access.signing_keys() }), 300),
                (Box::new(Folding::new(Arc::clone(&metrics))), 10),
                (Box::new(Seal::new(Arc::clone(&metrics))), 10),
                (Box::new(Merging::new(Arc::clone(&metrics))), 30),
                (Box::new(Forgetting::new(Arc::clone(&metrics))), 60),
                (Box::new(Expiry::new(Arc::clone(&metrics), Arc::clone(&archive), audit.clone())), 60),
                (Box::new(SegmentWatch::new(&segments)), SEGMENT_SECONDS),
                (Box::new(DiskWatch { db: Arc::clone(&db), sizes: Sizes::of(layout, &segments) }), 60),
                (Box::new(LogRetention { logs: Arc::clone(&logs), metrics: Arc::clone(&metrics) }), 10),
                (Box::new(PruneJob::new(Arc::clone(&access))), 600),
                (Box::new(KeysJob::new(&db, &ring, &access)), KEYS_SECONDS),
                (Box::new(CertificateJob(server.clone())), CERTIFICATE_SECONDS),
            ],
            mirror_job,
        )?;
        Ok(Self {
            replies: Replies::new(Arc::clone(&db), Arc::clone(&ring), clock.clone()),
            dashboards: Dashboards::new(Arc::clone(&db), audit.clone(), collectors.clone()),
            opened_at: clock.now(),
            was_unclean: data_dir.was_unclean,
            stopping: Stopping::default(),
            clock,
            ids,
            poison,
            audit,
            events,
            access,
            groups,
            collectors,
            metrics,
            segments,
            logs,
            presence,
            pulse,
            actions,
            archive,
            operations,
            gaps,
            authority,
            certificate: server,
            ring,
            registrar,
            connection_tests: ConnectionTests::default(),
            mirror,
            downloads: Downloads::of(&options.downloads),
            jobs,
            db,
            data_dir,
        })
    }
}

/// The groups; there are some from the first start on.
fn groups(db: &Arc<Sqlite>, audit: &AuditLog, clock: &Clock, ids: &IdSource) -> Result<Groups, GroupsError> {
    let groups = Groups::new(Arc::clone(db), audit.clone(), clock.clone(), ids.clone());
    groups.create_first()?;
    Ok(groups)
}

/// The metrics, and what of them is sealed, as it lies there.
pub(super) fn open_metrics(
    layout: &Layout,
    db: &Arc<Sqlite>,
    poison: &Poison,
    clock: &Clock,
    options: metrics::Options,
) -> Result<(Arc<Segments>, Arc<Metrics>), OpenError> {
    let segments = Segments::attach(Arc::clone(db), &layout.segments(), poison.clone(), clock.clone());
    let segments = Arc::new(segments);
    let (poison, clock) = (poison.clone(), clock.clone());
    let metrics = Metrics::open(&layout.hot(), Arc::clone(&segments), poison, clock, options)?;
    Ok((segments, Arc::new(metrics)))
}

/// Starts the background work, each job with its period in seconds.
fn start_jobs<const N: usize>(
    clock: &Clock,
    jobs: [(Box<dyn Job>, u64); N],
    wanted: Option<(Box<dyn Job>, u64)>,
) -> Result<Jobs, OpenError> {
    let jobs =
        jobs.into_iter().chain(wanted).map(|(job, seconds)| (job, Duration::from_secs(seconds))).collect();
    Jobs::start(clock, jobs).map_err(OpenError::Jobs)
}

/// A registry that is gone is not made anew beside metrics that belong to it.
pub(super) fn check_registry(layout: &Layout) -> Result<(), OpenError> {
    let registry = layout.registry();
    let is_lost = !holds_anything(&registry) && !holds_anything(&layout.registry_log());
    if is_lost && layout.hot().exists() { Err(OpenError::RegistryLost(registry)) } else { Ok(()) }
}

pub(super) fn holds_anything(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() > 0)
}
