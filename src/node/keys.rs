//! Rotating keys: another root key for what is encrypted from now on, and the work that encrypts the rest anew.

use std::sync::Arc;

use serde_json::json;

use super::open::{OpenError, Options};
use super::records::Records;
use super::ring::RingError;
use crate::access::Access;
use crate::audit::{Action, Change, Origin, Target};
use crate::clock::Timestamp;
use crate::crypto::KeyRing;
use crate::jobs::Job;
use crate::limits::RESEAL_TRANSACTIONS;
use crate::storage::data_dir::Layout;
use crate::storage::{Reseal, Resealed, Sqlite, StoreError, reseal};

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Ring(#[from] RingError),
    #[error("there is no root key {0}")]
    NoSuchKey(u32),
    #[error("root key {0} seals what is written now: rotate first")]
    Sealing(u32),
    #[error(
        "{values} values still stand under root key {id}: leave it in the ring until the running daemon has encrypted \
         them anew"
    )]
    InUse { id: u32, values: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an administrator sees of a root key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootKeyReport {
    pub id: u32,
    /// Whether it encrypts what is written now.
    pub seals: bool,
    /// Values that stand under it.
    pub values: u64,
}

impl Records {
    /// The root keys, oldest first.
    pub fn root_keys(&self) -> Result<Vec<RootKeyReport>, StoreError> {
        let usage = self.db.read(reseal::usage)?;
        let ids = self.ring.ids();
        let newest = ids.last().copied();
        let mut reports: Vec<_> = ids
            .into_iter()
            .map(|id| RootKeyReport {
                id,
                seals: Some(id) == newest,
                values: usage.get(&id).copied().unwrap_or(0),
            })
            .collect();
        reports.sort_by_key(|report| report.seals);
        Ok(reports)
    }

    /// Adds a root key, which seals from now on, also in a daemon that runs: it reads the ring again.
    pub fn rotate_root_key(&self, options: &Options, origin: &Origin) -> Result<u32, KeyError> {
        let layout = Layout::of(&options.data_dir);
        let _alone = layout.lock_opening().map_err(OpenError::from)?;
        let (id, text) = self.file.read()?.with_another();
        // the entry commits only when the file is there: a key that was added without one seals nothing for long,
        // and a key that has an entry is in the ring
        self.db.write(|tx| {
            self.audit.append(tx, origin, of_key(Action::KeyRotate, id))?;
            Ok::<_, KeyError>(self.file.replace(&text)?)
        })?;
        Ok(id)
    }

    /// Takes a root key out of the ring, when nothing stands under it any more. Backups of before need it still.
    pub fn remove_root_key(&self, options: &Options, origin: &Origin, id: u32) -> Result<(), KeyError> {
        let layout = Layout::of(&options.data_dir);
        let _alone = layout.lock_opening().map_err(OpenError::from)?;
        let ring = self.file.read()?;
        match ring.ids().as_slice() {
            [.., sealing] if *sealing == id => return Err(KeyError::Sealing(id)),
            ids if !ids.contains(&id) => return Err(KeyError::NoSuchKey(id)),
            _ => {}
        }
        self.db.write(|tx| {
            // the one writer looks: nothing can be sealed between the look and the removal
            let values = reseal::usage(tx)?.get(&id).copied().unwrap_or(0);
            if values > 0 {
                return Err(KeyError::InUse { id, values });
            }
            self.audit.append(tx, origin, of_key(Action::KeyRemove, id))?;
            Ok(self.file.replace(&ring.without(id))?)
        })
    }
}

fn of_key(action: Action, id: u32) -> Change {
    let target = Target::new("root-key", id, &format!("root key {id}"));
    Change::new(action, target).from_to(&json!({}), &json!({ "key": "changed" }))
}

/// Takes up new keys, and encrypts anew what stands under older ones.
pub(super) struct KeysJob {
    reseal: Reseal,
    ring: Arc<KeyRing>,
    access: Arc<Access>,
}

impl KeysJob {
    pub(super) fn new(db: &Arc<Sqlite>, ring: &Arc<KeyRing>, access: &Arc<Access>) -> Self {
        let reseal = Reseal::new(Arc::clone(db), Arc::clone(ring));
        Self { reseal, ring: Arc::clone(ring), access: Arc::clone(access) }
    }
}

impl Job for KeysJob {
    fn name(&self) -> &'static str {
        "keys"
    }

    fn about(&self) -> &'static str {
        "takes up keys that were added, and encrypts anew what stands under older root keys"
    }

    fn step(&mut self, _: Timestamp) -> Result<String, String> {
        // a ring that cannot be read now is no reason to leave the keys that are known
        let reloaded = self.ring.reload().map_err(|error| error.to_string());
        self.access.reload_signing_keys().map_err(|error| error.to_string())?;
        let mut state = Resealed::More;
        for _ in 0..RESEAL_TRANSACTIONS {
            state = self.reseal.step().map_err(|error| error.to_string())?;
            if state != Resealed::More {
                break;
            }
        }
        reloaded?;
        let key = self.ring.ids().last().copied().unwrap_or_default();
        let under = format!("root key {key}, by {}", self.ring.algorithm().as_str());
        let values = self.reseal.values;
        match state {
            Resealed::All => Ok(format!("all stands under {under}; {values} values were encrypted anew")),
            Resealed::More => Ok(format!("{values} values were encrypted anew under {under}; there is more")),
            Resealed::Unopened(places) => {
                let first = places.first().map_or("", String::as_str);
                Err(format!("{} values cannot be opened, such as {first}", places.len()))
            }
        }
    }
}
