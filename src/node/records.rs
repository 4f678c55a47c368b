//! Registry and audit log alone, for commands that work beside a running daemon. SQLite serialises the writes of
//! both; the hot metrics stay with whoever holds the directory's lock.

use std::sync::Arc;

use super::open::{OpenError, Options, check_registry, key_ring};
use crate::access::{self, Access};
use crate::audit::{AuditLog, MIGRATIONS};
use crate::clock::Clock;
use crate::files;
use crate::ids::IdSource;
use crate::storage::data_dir::{DataDirError, Layout};
use crate::storage::{Poison, Sqlite};

pub struct Records {
    pub audit: AuditLog,
    pub access: Access,
}

impl Records {
    pub fn open(options: &Options, clock: &Clock, ids: &IdSource) -> Result<Self, OpenError> {
        let layout = Layout::of(&options.data_dir);
        files::create_folder(layout.root())
            .map_err(|source| DataDirError::Create { path: layout.root().to_owned(), source })?;
        let _opening = layout.lock_opening()?;
        check_registry(&layout)?;
        let ring = Arc::new(key_ring(&layout, options.root_key.as_ref())?);
        let db = Arc::new(Sqlite::open(&layout.registry(), MIGRATIONS, Poison::default())?);
        let audit = AuditLog::new(Arc::clone(&db), clock.clone(), ids.clone());
        let access_options = access::Options {
            session_life: options.session_life,
            hash_cost: options.hash_cost,
            ..access::Options::new(layout.setup_code())
        };
        let access = Access::open(db, ring, audit.clone(), clock.clone(), ids.clone(), access_options)?;
        Ok(Self { audit, access })
    }
}
