//! The first administrator, who is made with a one-time code.
//!
//! While no user exists, the code stands in a file that only the daemon's owner reads, and in the log. It
//! guarantees: one administrator is made by it, also when two try at once; the file goes with the code.

use std::io;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::Access;
use super::hasher::HashError;
use super::password::NewPassword;
use super::role::Role;
use super::user_rows;
use super::username::Username;
use super::users::{User, UserError, change, values};
use crate::audit::{Action, Actor, Change, Origin, Target};
use crate::crypto::{Secret, equal_in_constant_time, random_hex};
use crate::files;
use crate::storage::{Sqlite, StoreError};

/// The name under which wrong codes are counted. It is none that a user can have.
const BACKOFF_NAME: &str = "setup code";

#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("setup is complete: there are users already")]
    AlreadyDone,
    #[error("the setup code is wrong")]
    WrongCode,
    #[error("too many wrong setup codes: try again in {} s", .0.as_secs().max(1))]
    Paused(std::time::Duration),
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The code, while it is good.
pub(super) struct Setup {
    path: PathBuf,
    code: Mutex<Option<Secret>>,
}

impl Setup {
    /// Offers a code when there is nobody yet: the one that the file holds from before, or a new one.
    pub(super) fn open(db: &Sqlite, path: &Path) -> Result<Self, OfferError> {
        let setup = Self { path: path.to_owned(), code: Mutex::default() };
        if db.read(user_rows::count)? > 0 {
            setup.close();
            return Ok(setup);
        }
        let code = match kept(path) {
            Some(code) => code,
            None => write_new(path).map_err(|source| OfferError::Write { path: path.to_owned(), source })?,
        };
        *setup.code.lock() = Some(code);
        Ok(setup)
    }

    /// The one secret that is logged on purpose: whoever reads the log of a fresh appliance sets it up.
    pub(super) fn announce(&self) {
        if let Some(code) = &*self.code.lock() {
            tracing::warn!(code = code.expose(), file = %self.path.display(), "no user exists: this setup code makes the first administrator");
        }
    }

    /// Ends the code, as there is a user now.
    pub(super) fn close(&self) {
        *self.code.lock() = None;
        let removed = std::fs::remove_file(&self.path).and_then(|()| files::sync_folder_of(&self.path));
        if let Err(error) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = %self.path.display(), %error, "cannot remove the used setup code; it is good for nothing");
        }
    }

    fn is(&self, code: &Secret) -> bool {
        let known = self.code.lock();
        known.as_ref().is_some_and(|known| {
            equal_in_constant_time(known.expose().as_bytes(), code.expose().trim().as_bytes())
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    #[error("cannot write the setup code to {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A code that an administrator may have read before the daemon was restarted stays good.
fn kept(path: &Path) -> Option<Secret> {
    let code = std::fs::read_to_string(path).ok()?;
    let code = code.trim();
    let whole = code.len() == 32 && code.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| Secret::new(code))
}

fn write_new(path: &Path) -> io::Result<Secret> {
    let code = random_hex::<16>();
    files::write_whole(path, format!("{code}\n").as_bytes(), files::Access::Owner)?;
    Ok(Secret::new(code))
}

impl Access {
    /// Says the setup code in the log, while there is one. A command that makes the first user has no use for it.
    pub fn announce_setup(&self) {
        self.setup.announce();
    }

    /// Whether nobody can sign in yet.
    pub fn setup_required(&self) -> Result<bool, SetupError> {
        Ok(self.db.read(user_rows::count)? == 0)
    }

    /// Makes the first administrator.
    pub fn complete_setup(
        &self,
        origin: &Origin,
        code: &Secret,
        username: &Username,
        password: &NewPassword,
    ) -> Result<User, SetupError> {
        if !self.setup_required()? {
            return Err(SetupError::AlreadyDone);
        }
        let attempt = self.backoff.admit(BACKOFF_NAME, &origin.ip_address).map_err(SetupError::Paused)?;
        if !self.setup.is(code) {
            let change = Change::new(Action::SetupComplete, Target::new("user", "", username.as_str()));
            self.audit.note(origin, change.refused())?;
            return Err(SetupError::WrongCode);
        }
        self.backoff.succeeded(&attempt);
        let hash = self.hasher.hash(password.expose())?;
        let user = self.db.write(|tx| {
            if user_rows::count(tx)? > 0 {
                return Err(SetupError::AlreadyDone);
            }
            let user = self.insert_user(tx, username, hash, Role::Admin)?;
            let origin = Origin { actor: Actor::anonymous(username.as_str()), ..origin.clone() };
            let change = change(Action::SetupComplete, &user);
            self.audit.append(tx, &origin, change.from_to(&serde_json::json!({}), &values(&user)))?;
            Ok(user)
        })?;
        self.setup.close();
        Ok(user)
    }
}
