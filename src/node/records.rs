//! Registry and audit log: what a node is built on, and what commands use that work beside a running daemon.
//! SQLite serialises the writes of both; the hot metrics stay with whoever holds the directory's lock.

use std::sync::Arc;

use super::open::{OpenError, Options, check_registry};
use super::ring::RingFile;
use crate::access::{self, Access, Authority};
use crate::audit::{AuditLog, MIGRATIONS};
use crate::clock::Clock;
use crate::crypto::KeyRing;
use crate::files;
use crate::ids::IdSource;
use crate::storage::data_dir::{DataDirError, Layout};
use crate::storage::{Poison, Sqlite};

pub struct Records {
    pub audit: AuditLog,
    pub access: Arc<Access>,
    pub(super) db: Arc<Sqlite>,
    pub ring: Arc<KeyRing>,
    /// Where the ring stands.
    pub(super) file: RingFile,
}

impl Records {
    /// The certificate authority, made where there is none.
    pub fn authority(&self, clock: &Clock) -> Result<Authority, OpenError> {
        let (db, ring) = (Arc::clone(&self.db), Arc::clone(&self.ring));
        Ok(Authority::open(db, ring, self.audit.clone(), clock.clone())?)
    }

    /// For a command. A directory without a registry is somebody's typing error.
    pub fn open(options: &Options, clock: &Clock, ids: &IdSource) -> Result<Self, OpenError> {
        let layout = Layout::of(&options.data_dir);
        if !layout.registry().exists() {
            return Err(OpenError::NoRegistry(options.data_dir.clone()));
        }
        Self::open_in(&layout, options, &Poison::default(), clock, ids)
    }

    /// For the command that may come before the first start of a daemon.
    pub fn open_or_create(options: &Options, clock: &Clock, ids: &IdSource) -> Result<Self, OpenError> {
        let layout = Layout::of(&options.data_dir);
        files::create_folder(layout.root())
            .map_err(|source| DataDirError::Create { path: layout.root().to_owned(), source })?;
        Self::open_in(&layout, options, &Poison::default(), clock, ids)
    }

    /// Makes keys and tables where there are none, while nobody else does.
    pub(super) fn open_in(
        layout: &Layout,
        options: &Options,
        poison: &Poison,
        clock: &Clock,
        ids: &IdSource,
    ) -> Result<Self, OpenError> {
        let _opening = layout.lock_opening()?;
        check_registry(layout)?;
        let file = RingFile::of(layout, options);
        let ring = Arc::new(file.open(layout, options.encryption)?);
        let db = Arc::new(Sqlite::open(&layout.registry(), MIGRATIONS, poison.clone())?);
        let audit = AuditLog::new(Arc::clone(&db), clock.clone(), ids.clone());
        let access_options = access::Options {
            session_life: options.session_life,
            hash_cost: options.hash_cost,
            client_certificates: options.client_certificates,
            ..access::Options::new(layout.setup_code())
        };
        let access = Arc::new(Access::open(
            Arc::clone(&db),
            Arc::clone(&ring),
            audit.clone(),
            clock.clone(),
            ids.clone(),
            access_options,
        )?);
        Ok(Self { audit, access, db, ring, file })
    }
}
