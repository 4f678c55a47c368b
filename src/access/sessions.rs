//! Signing in, staying signed in, and signing out.
//!
//! A session slides with each refresh and ends at the latest a week after its login. It guarantees: a wrong
//! name, a wrong password and a disabled user get the same answer in the same time; a session that was ended
//! is dead at the next call, also after a restart.

use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction, params};

use super::Access;
use super::hasher::HashError;
use super::identity::{AccessError, SignedIn};
use super::token::{self, Kind};
use super::user_rows::{self, StoredUser};
use super::users::{User, change};
use crate::audit::{Action, Actor, Change, Origin, Target};
use crate::clock::Timestamp;
use crate::crypto::{Secret, random_hex};
use crate::ids::{SessionId, TokenId, UserId};
use crate::limits::{PASSWORD_CHARS, SESSIONS_PER_USER};
use crate::storage::{self, StoreError};

/// What a login or a refresh hands out.
#[derive(Clone, Debug)]
pub struct SignIn {
    pub token: Secret,
    pub expires_at: Timestamp,
    pub user: User,
    /// Has to come back with every change that is authenticated by the cookie.
    pub csrf_token: String,
    pub session: SessionId,
}

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("the username or the password is wrong")]
    InvalidCredentials,
    #[error("too many failed sign-ins: try again in {} s", .0.as_secs().max(1))]
    Paused(Duration),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub csrf_token: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Access {
    pub fn login(&self, origin: &Origin, username: &str, password: &Secret) -> Result<SignIn, SignInError> {
        let attempt = self.backoff.admit(username, &origin.ip_address).map_err(SignInError::Paused)?;
        let found = self.db.read(|tx| user_rows::by_name(tx, &self.ring, username))?;
        let hash = found.as_ref().map(|found| found.password_hash.as_str());
        let right = self.verify_password(&attempt, password, hash)?;
        let known = found.as_ref().map(|found| found.user.id);
        let (true, Some(found)) = (right, found) else { return self.deny(origin, username, known) };
        match self.begin_session(origin, &found)? {
            Some(session) => {
                self.backoff.succeeded(&attempt);
                Ok(session)
            }
            None => self.deny(origin, username, known),
        }
    }

    fn deny<T>(&self, origin: &Origin, username: &str, known: Option<UserId>) -> Result<T, SignInError> {
        // what nobody is called and is long enough may be a password that was typed into the wrong field
        let may_be_shown = known.is_some() || username.chars().count() < *PASSWORD_CHARS.start();
        let tried = if may_be_shown { username } else { "unknown" };
        let tried: String = tried.chars().filter(|letter| !letter.is_control()).collect();
        let origin = Origin { actor: Actor::anonymous(&tried), ..origin.clone() };
        let target = Target::new("user", known.map(|id| id.to_string()).unwrap_or_default(), &tried);
        self.audit.note(&origin, Change::new(Action::AuthDenied, target).refused())?;
        Err(SignInError::InvalidCredentials)
    }

    /// None when the user was disabled, deleted, or given another password since the password was checked.
    fn begin_session(&self, origin: &Origin, checked: &StoredUser) -> Result<Option<SignIn>, StoreError> {
        self.db.write(|tx| {
            let now = self.clock.now();
            let id = checked.user.id;
            let same = user_rows::by_id(tx, &self.ring, id)?.filter(|stored| {
                stored.user.disabled_at.is_none() && stored.password_hash == checked.password_hash
            });
            let Some(StoredUser { mut user, .. }) = same else { return Ok(None) };
            let session = Session {
                id: self.ids.next(now),
                user: id,
                csrf_token: random_hex::<32>(),
                created_at: now,
                expires_at: now.plus(self.options.session_life),
            };
            insert(tx, &session, origin)?;
            delete_oldest_of_user(tx, id)?;
            user_rows::set_last_login(tx, id, now)?;
            user.last_login_at = Some(now);
            let origin = Origin { actor: actor(&user), ..origin.clone() };
            self.audit.append(tx, &origin, change(Action::AuthLogin, &user))?;
            self.sign_in(session, user).map(Some)
        })
    }

    /// A new token of the same session, which lives on from now. What was handed out before keeps its time.
    pub fn refresh(&self, caller: &SignedIn) -> Result<SignIn, AccessError> {
        let id = caller.session.ok_or(AccessError::NoSession)?;
        self.db.write(|tx| {
            let mut session = by_id(tx, id)?.ok_or(AccessError::Revoked)?;
            let now = self.clock.now();
            if session.expires_at <= now {
                return Err(AccessError::Expired);
            }
            let user = user_rows::by_id(tx, &self.ring, session.user)?.ok_or(AccessError::Revoked)?.user;
            let end = session.created_at.plus(self.options.session_longest_life);
            session.expires_at = now.plus(self.options.session_life).min(end).max(session.expires_at);
            set_expiry(tx, id, session.expires_at)?;
            Ok(self.sign_in(session, user)?)
        })
    }

    /// Ends the caller's session.
    pub fn logout(&self, origin: &Origin, caller: &SignedIn) -> Result<(), AccessError> {
        let id = caller.session.ok_or(AccessError::NoSession)?;
        self.db.write(|tx| {
            delete(tx, id)?;
            let target = Target::new("user", caller.id, &caller.username);
            self.audit.append(tx, origin, Change::new(Action::AuthLogout, target))?;
            Ok(())
        })
    }

    fn sign_in(&self, session: Session, user: User) -> Result<SignIn, StoreError> {
        let now = self.clock.now();
        let new = token::New {
            kind: Kind::User,
            subject: &user.id.to_string(),
            id: &self.ids.next::<TokenId>(now).to_string(),
            of: &session.id.to_string(),
            issued_at: now,
            expires_at: session.expires_at,
        };
        let Session { id, csrf_token, expires_at, .. } = session;
        Ok(SignIn { token: new.sign(&self.keys)?, expires_at, user, csrf_token, session: id })
    }
}

/// The user as the audit log names who acts.
pub(super) fn actor(user: &User) -> Actor {
    Actor { id: user.id.to_string(), name: user.username.clone(), role: user.role.to_string() }
}

pub(super) fn by_id(tx: &Transaction<'_>, id: SessionId) -> storage::Result<Option<Session>> {
    let mut statement = tx.prepare_cached(
        "SELECT id, user_id, csrf_token, created_at, expires_at FROM sessions WHERE id = ?",
    )?;
    let session = statement.query_row([id], |row| {
        Ok(Session {
            id: row.get(0)?,
            user: row.get(1)?,
            csrf_token: row.get(2)?,
            created_at: row.get(3)?,
            expires_at: row.get(4)?,
        })
    });
    Ok(session.optional()?)
}

fn insert(tx: &Transaction<'_>, session: &Session, origin: &Origin) -> storage::Result<()> {
    tx.prepare_cached(
        "INSERT INTO sessions(id, user_id, csrf_token, created_at, expires_at, ip_address, user_agent)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        session.id,
        session.user,
        session.csrf_token,
        session.created_at,
        session.expires_at,
        origin.ip_address,
        origin.user_agent,
    ])?;
    Ok(())
}

fn set_expiry(tx: &Transaction<'_>, id: SessionId, at: Timestamp) -> storage::Result<()> {
    tx.prepare_cached("UPDATE sessions SET expires_at = ?2 WHERE id = ?1")?.execute(params![id, at])?;
    Ok(())
}

fn delete(tx: &Transaction<'_>, id: SessionId) -> storage::Result<()> {
    tx.prepare_cached("DELETE FROM sessions WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Ends the user's sessions, but for one.
pub(super) fn delete_of_user(
    tx: &Transaction<'_>,
    user: UserId,
    surviving: Option<SessionId>,
) -> storage::Result<()> {
    tx.prepare_cached("DELETE FROM sessions WHERE user_id = ?1 AND id IS NOT ?2")?
        .execute(params![user, surviving])?;
    Ok(())
}

fn delete_oldest_of_user(tx: &Transaction<'_>, user: UserId) -> storage::Result<()> {
    tx.prepare_cached(
        "DELETE FROM sessions WHERE user_id = ?1 AND id NOT IN
             (SELECT id FROM sessions WHERE user_id = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2)",
    )?
    .execute(params![user, SESSIONS_PER_USER])?;
    Ok(())
}
