//! Users: who they are, and changing that.
//!
//! It guarantees: names are unique whatever their case; there is always an enabled administrator once there
//! was one; a change of role, password or standing holds at the user's next call.

use rusqlite::Transaction;
use serde_json::json;

use super::Access;
use super::hasher::HashError;
use super::password::NewPassword;
use super::role::Role;
use super::sessions;
use super::user_rows::{self as rows, StoredUser};
use super::username::Username;
use crate::audit::{Action, Change, Origin, Target};
use crate::clock::Timestamp;
use crate::ids::{SessionId, UserId};
use crate::limits::USERS;
use crate::storage::StoreError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub username: String,
    pub role: Role,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
    /// Since when the user may not sign in.
    pub disabled_at: Option<Timestamp>,
    pub last_login_at: Option<Timestamp>,
}

/// What is to become of a user; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    pub username: Option<Username>,
    pub role: Option<Role>,
    pub disabled: Option<bool>,
}

#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error("no such user")]
    NotFound,
    #[error("a user named {0} exists already")]
    NameTaken(String),
    #[error("this is the last enabled administrator: make another one first")]
    LastAdmin,
    #[error("there are {USERS} users, and no more are kept")]
    TooMany,
    #[error("the current password is wrong")]
    WrongPassword,
    #[error("too many wrong passwords: try again in {} s", .0.as_secs().max(1))]
    Paused(std::time::Duration),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Access {
    pub fn create_user(
        &self,
        origin: &Origin,
        username: &Username,
        password: &NewPassword,
        role: Role,
    ) -> Result<User, UserError> {
        let password_hash = self.hasher.hash(password.expose())?;
        let user = self.db.write(|tx| {
            let user = self.insert_user(tx, username, password_hash, role)?;
            let change = change(Action::UserCreate, &user).from_to(&json!({}), &values(&user));
            self.audit.append(tx, origin, change)?;
            Ok::<_, UserError>(user)
        })?;
        self.setup.close();
        Ok(user)
    }

    /// The row alone, for a transaction that records what it is for.
    pub(super) fn insert_user(
        &self,
        tx: &Transaction<'_>,
        username: &Username,
        password_hash: String,
        role: Role,
    ) -> Result<User, UserError> {
        if rows::by_name(tx, &self.ring, username.as_str())?.is_some() {
            return Err(UserError::NameTaken(username.to_string()));
        }
        if rows::count(tx)? >= USERS {
            return Err(UserError::TooMany);
        }
        let now = self.clock.now();
        let user = User {
            id: self.ids.next(now),
            username: username.to_string(),
            role,
            created_at: now,
            modified_at: now,
            disabled_at: None,
            last_login_at: None,
        };
        rows::put(tx, &self.ring, &StoredUser { user: user.clone(), password_hash })?;
        Ok(user)
    }

    /// All users, by name.
    pub fn users(&self) -> Result<Vec<User>, UserError> {
        let stored = self.db.read(|tx| rows::all(tx, &self.ring))?;
        Ok(stored.into_iter().map(|stored| stored.user).collect())
    }

    pub fn user(&self, id: UserId) -> Result<User, UserError> {
        let stored = self.db.read(|tx| rows::by_id(tx, &self.ring, id))?;
        stored.map(|stored| stored.user).ok_or(UserError::NotFound)
    }

    /// The user of that name, whatever its case.
    pub fn user_named(&self, username: &str) -> Result<User, UserError> {
        let stored = self.db.read(|tx| rows::by_name(tx, &self.ring, username))?;
        stored.map(|stored| stored.user).ok_or(UserError::NotFound)
    }

    /// Whether the user of that id may do what administrators may now.
    pub fn is_active_admin(&self, tx: &Transaction<'_>, id: &str) -> Result<bool, StoreError> {
        let Ok(id) = id.parse::<UserId>() else { return Ok(false) };
        let found = rows::by_id(tx, &self.ring, id)?;
        Ok(found.is_some_and(|found| found.user.role == Role::Admin && found.user.disabled_at.is_none()))
    }

    /// Changes name, role or standing. A disabled user is signed out everywhere.
    pub fn update_user(&self, origin: &Origin, id: UserId, to: UserChange) -> Result<User, UserError> {
        let UserChange { username, role, disabled } = to;
        self.db.write(|tx| {
            let mut stored = rows::by_id(tx, &self.ring, id)?.ok_or(UserError::NotFound)?;
            let before = stored.user.clone();
            let user = &mut stored.user;
            if let Some(name) = username {
                let taken = rows::by_name(tx, &self.ring, name.as_str())?;
                if taken.is_some_and(|other| other.user.id != id) {
                    return Err(UserError::NameTaken(name.to_string()));
                }
                user.username = name.to_string();
            }
            user.role = role.unwrap_or(user.role);
            match disabled {
                Some(true) => user.disabled_at = user.disabled_at.or(Some(self.clock.now())),
                Some(false) => user.disabled_at = None,
                None => {}
            }
            if *user == before {
                return Ok(before);
            }
            user.modified_at = self.clock.now();
            rows::put(tx, &self.ring, &stored)?;
            if stored.user.disabled_at.is_some() {
                sessions::delete_of_user(tx, id, None)?;
            }
            keep_an_admin(tx, &before)?;
            let change =
                change(Action::UserUpdate, &stored.user).from_to(&values(&before), &values(&stored.user));
            self.audit.append(tx, origin, change)?;
            Ok(stored.user)
        })
    }

    pub fn delete_user(&self, origin: &Origin, id: UserId) -> Result<User, UserError> {
        self.db.write(|tx| {
            let user = rows::by_id(tx, &self.ring, id)?.ok_or(UserError::NotFound)?.user;
            rows::delete(tx, id)?;
            keep_an_admin(tx, &user)?;
            let change = change(Action::UserDelete, &user).from_to(&values(&user), &json!({}));
            self.audit.append(tx, origin, change)?;
            Ok(user)
        })
    }

    /// Sets a password in the user's stead, and ends all of the user's sessions.
    pub fn reset_password(&self, origin: &Origin, id: UserId, to: &NewPassword) -> Result<(), UserError> {
        let hash = self.hasher.hash(to.expose())?;
        self.db.write(|tx| {
            let stored = rows::by_id(tx, &self.ring, id)?.ok_or(UserError::NotFound)?;
            let change = change(Action::UserResetPassword, &stored.user);
            self.set_password(tx, stored, hash, None)?;
            self.audit.append(tx, origin, password_changed(change))?;
            Ok(())
        })
    }

    /// Changes the user's own password, and ends the user's other sessions. Wrong guesses at the current one
    /// count like failed logins.
    pub fn change_password(
        &self,
        origin: &Origin,
        id: UserId,
        session: Option<SessionId>,
        current: &crate::crypto::Secret,
        to: &NewPassword,
    ) -> Result<(), UserError> {
        let known = self.db.read(|tx| rows::by_id(tx, &self.ring, id))?.ok_or(UserError::NotFound)?;
        let attempt =
            self.backoff.admit(&known.user.username, &origin.ip_address).map_err(UserError::Paused)?;
        if !self.verify_password(&attempt, current, Some(&known.password_hash))? {
            let change = change(Action::AuthChangePassword, &known.user).refused();
            self.audit.note(origin, change)?;
            return Err(UserError::WrongPassword);
        }
        self.backoff.succeeded(&attempt);
        let hash = self.hasher.hash(to.expose())?;
        self.db.write(|tx| {
            let stored = rows::by_id(tx, &self.ring, id)?.ok_or(UserError::NotFound)?;
            if stored.password_hash != known.password_hash {
                return Err(UserError::WrongPassword);
            }
            let change = change(Action::AuthChangePassword, &stored.user);
            self.set_password(tx, stored, hash, session)?;
            self.audit.append(tx, origin, password_changed(change))?;
            Ok(())
        })
    }

    fn set_password(
        &self,
        tx: &Transaction<'_>,
        mut stored: StoredUser,
        hash: String,
        surviving: Option<SessionId>,
    ) -> Result<(), UserError> {
        stored.password_hash = hash;
        stored.user.modified_at = self.clock.now();
        rows::put(tx, &self.ring, &stored)?;
        sessions::delete_of_user(tx, stored.user.id, surviving)?;
        Ok(())
    }
}

/// Called after the change, in its transaction: what would leave nobody in charge is taken back.
fn keep_an_admin(tx: &Transaction<'_>, before: &User) -> Result<(), UserError> {
    let was_in_charge = before.role == Role::Admin && before.disabled_at.is_none();
    if was_in_charge && !rows::has_enabled_admin(tx)? { Err(UserError::LastAdmin) } else { Ok(()) }
}

pub(super) fn change(action: Action, user: &User) -> Change {
    Change::new(action, Target::new("user", user.id, &user.username))
}

fn password_changed(change: Change) -> Change {
    change.from_to(&json!({}), &json!({"password": "changed"}))
}

/// What the audit log keeps of a user.
pub(super) fn values(user: &User) -> serde_json::Value {
    json!({"username": user.username, "role": user.role.as_str(), "disabled": user.disabled_at.is_some()})
}
