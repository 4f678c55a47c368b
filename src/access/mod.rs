//! Who may do what: users, passwords, sessions, tokens, roles.
//!
//! It guarantees: authority is as the registry has it at each call, never as a token claims; what is revoked is dead
//! at the next call; secrets are kept as hashes only; every change commits with its entry of
//! the audit log. It does not know what the rights are for, nor how a token arrives.

mod api_tokens;
mod backoff;
mod certificates;
mod collector_tokens;
mod common_passwords;
mod hasher;
mod identity;
mod password;
mod prune;
mod registration_secrets;
mod role;
mod row_seal;
mod sessions;
mod setup;
mod signing;
#[cfg(test)]
mod tests;
mod tickets;
mod token;
mod user_rows;
mod username;
mod users;
mod verified;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use api_tokens::{ApiToken, ApiTokenError};
pub use certificates::{
    Authority, AuthorityError, CertificateJob, Certified, ClientCertificates, CollectorCertificate, Names,
    Pair, PairError, Proof, ServerCertificate, ServerCertificateError, Signed, Source, client_verifier,
};
pub use collector_tokens::Issued;
pub use hasher::{HashCost, HashError};
pub use identity::{AccessError, Identity, SignedIn};
pub use password::{NewPassword, PasswordError};
pub use prune::PruneJob;
pub use registration_secrets::{RegistrationSecret, RegistrationSecretError};
pub use role::{Need, Role};
pub use sessions::{SignIn, SignInError};
pub use setup::{OfferError, SetupError};
pub use signing::{SigningKey, SigningKeys};
pub use tickets::TicketError;
pub use username::{Username, UsernameError};
pub use users::{User, UserChange, UserError};

use crate::audit::AuditLog;
use crate::clock::Clock;
use crate::crypto::{Hash, KeyRing, Secret};
use crate::ids::IdSource;
use crate::limits::{BEARERS_KNOWN, SESSION_LONGEST_LIFE};
use crate::storage::{Memo, Sqlite, StoreError};

/// What a site may set.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the one-time setup code is put while no user exists.
    pub setup_code: PathBuf,
    /// How long a session lives after its login and after each refresh.
    pub session_life: Duration,
    /// The end of a session, however often it was refreshed.
    pub session_longest_life: Duration,
    /// What a password's hash costs. Less than the default is for tests.
    pub hash_cost: HashCost,
    /// Whether collectors have to prove themselves by a certificate, too.
    pub client_certificates: ClientCertificates,
}

impl Options {
    pub fn new(setup_code: PathBuf) -> Self {
        Self {
            setup_code,
            session_life: Duration::from_secs(12 * 3600),
            session_longest_life: SESSION_LONGEST_LIFE,
            hash_cost: HashCost::default(),
            client_certificates: ClientCertificates::Off,
        }
    }
}

/// The one handle on all of it.
pub struct Access {
    /// Users, sessions and tokens, in the file that the audit log shares.
    db: Arc<Sqlite>,
    /// Opens the signing keys and seals the rows.
    ring: Arc<KeyRing>,
    /// Where every change is written down.
    audit: AuditLog,
    clock: Clock,
    ids: IdSource,
    options: Options,
    /// What signs tokens.
    keys: Arc<SigningKeys>,
    /// Tokens whose signature was looked at.
    verified: verified::Verified,
    /// Who bears which token, by its hash.
    bearers: Memo<Hash, identity::Bearer>,
    /// Hashes passwords, a few at a time.
    hasher: hasher::Hasher,
    /// Who has to wait after failed sign-ins.
    backoff: backoff::Backoff,
    /// WebSocket tickets that wait to be used.
    tickets: tickets::Tickets,
    /// The one-time code, while there is no user.
    setup: setup::Setup,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("passwords cannot be hashed: {0}")]
    Hash(#[from] HashError),
    #[error(transparent)]
    Setup(#[from] OfferError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Access {
    /// Makes the signing key at the first start, and offers the setup code while there is no user.
    pub fn open(
        db: Arc<Sqlite>,
        ring: Arc<KeyRing>,
        audit: AuditLog,
        clock: Clock,
        ids: IdSource,
        options: Options,
    ) -> Result<Self, OpenError> {
        let keys = Arc::new(SigningKeys::open(&db, &ring, &clock)?);
        let hasher = hasher::Hasher::new(options.hash_cost)?;
        let backoff = backoff::Backoff::new(clock.clone());
        let setup = setup::Setup::open(&db, &options.setup_code)?;
        let tickets = tickets::Tickets::default();
        let verified = verified::Verified::default();
        let bearers = Memo::new(Arc::clone(&db), BEARERS_KNOWN);
        Ok(Self {
            db,
            ring,
            audit,
            clock,
            ids,
            options,
            keys,
            verified,
            bearers,
            hasher,
            backoff,
            tickets,
            setup,
        })
    }

    /// Whether the hash is of this password. An attempt that was not looked at does not count.
    fn verify_password(
        &self,
        attempt: &backoff::Attempt,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool, HashError> {
        let verified = self.hasher.verify(password.expose(), hash);
        if verified.is_err() {
            self.backoff.withdrawn(attempt);
        }
        verified
    }

    /// Whether collectors have to prove themselves by a certificate, too.
    pub fn client_certificates(&self) -> ClientCertificates {
        self.options.client_certificates
    }

    /// What signs the checkpoints of the audit log.
    pub fn signing_keys(&self) -> Arc<SigningKeys> {
        Arc::clone(&self.keys)
    }
}
