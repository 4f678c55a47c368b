//! Who is calling: from a token to a user or a collector.
//!
//! It guarantees: role, standing and revocation are as the registry has them at this very call; what a token claims
//! decides only whose rows are read.

use rusqlite::Transaction;

use super::Access;
use super::certificates::{ClientCertificates, Proof};
use super::collector_tokens::Enrolment;
use super::role::Role;
use super::token::{Claims, Kind, TokenError};
use super::{api_tokens, collector_tokens, sessions, user_rows};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::crypto::{Hash, sha256};
use crate::ids::{CollectorId, SessionId, TokenId, UserId};
use crate::limits::TOKEN_BYTES;
use crate::storage::StoreError;

/// Whoever bears a token that is good now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    User(SignedIn),
    Collector {
        id: CollectorId,
        /// The enrolment token that was shown, or that the access token was exchanged for.
        token: TokenId,
        /// What the connection proved by its certificate, where certificates are looked at.
        proof: Option<Proof>,
    },
}

/// A user as the bearer of one session or of one API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub id: UserId,
    pub username: String,
    /// What the user may do now; with an API token no more than the token's role.
    pub role: Role,
    /// Of the session; none with an API token.
    pub csrf_token: Option<String>,
    pub session: Option<SessionId>,
    pub api_token: Option<TokenId>,
    /// The end of the session or of the API token.
    pub expires_at: Timestamp,
}

/// A bearer as the registry has it, and until when that holds by itself.
#[derive(Clone, Debug)]
pub(super) struct Bearer {
    identity: Identity,
    until: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("the token has expired")]
    Expired,
    #[error("the token was revoked, or whoever it was given to may not call any more")]
    Revoked,
    #[error("the token is not one of this appliance, or not one for this purpose")]
    Invalid,
    #[error("this needs a client certificate beside the token")]
    NoCertificate,
    #[error("the client certificate belongs to another collector than the token")]
    ForeignCertificate,
    #[error("the client certificate was revoked, or is not listed here")]
    RevokedCertificate,
    #[error("the client certificate has expired")]
    ExpiredCertificate,
    #[error("this needs a session: an API token has none")]
    NoSession,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TokenError> for AccessError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::Invalid,
            TokenError::Expired => Self::Expired,
        }
    }
}

impl Access {
    /// The bearer of a user's token, an API token, or either token of a collector.
    pub fn identify(&self, token: &str) -> Result<Identity, AccessError> {
        if token.len() > TOKEN_BYTES {
            return Err(AccessError::Invalid);
        }
        let hash = sha256(token.as_bytes());
        let claimed = self.claimed((token, hash))?;
        let read = || self.db.read(|tx| self.bearer_of(tx, (token, hash), claimed.as_ref()));
        let bearer = self.bearers.get(hash, read)?;
        // where its end came since, the registry says what ended
        let bearer = if bearer.until > self.clock.now() { bearer } else { read()? };
        Ok(bearer.identity)
    }

    /// The bearer, where that can be told without a read: of a token that was shown since anything last changed.
    pub fn known_bearer(&self, token: &str, proof: Option<Proof>) -> Option<Identity> {
        let hash = sha256(token.as_bytes());
        let bearer = self.bearers.known(&hash)?;
        self.claimed((token, hash)).ok()?;
        let is_proven = match bearer.identity {
            Identity::User(_) => true,
            Identity::Collector { .. } => matches!(self.needed_proof(proof), Ok(None)),
        };
        (is_proven && bearer.until > self.clock.now()).then_some(bearer.identity)
    }

    /// What a token claims, if we signed it and its time is not over; nothing of an API token, which claims nothing.
    fn claimed(&self, (token, hash): (&str, Hash)) -> Result<Option<(Kind, Claims)>, TokenError> {
        if token.starts_with(api_tokens::PREFIX) {
            return Ok(None);
        }
        self.verified.read(&self.keys, (token, hash), self.clock.now()).map(Some)
    }

    fn bearer_of(
        &self,
        tx: &Transaction<'_>,
        (token, hash): (&str, Hash),
        claimed: Option<&(Kind, Claims)>,
    ) -> Result<Bearer, AccessError> {
        let user = |user: SignedIn| Bearer { until: user.expires_at, identity: Identity::User(user) };
        match claimed {
            None => self.bearer_of_api_token(tx, hash).map(user),
            Some((Kind::User, claims)) => self.bearer_of_session(tx, claims).map(user),
            Some((Kind::Collector, claims)) => self.bearer_of_enrolment(tx, claims, None),
            Some((Kind::Enrolment, claims)) => self.bearer_of_enrolment(tx, claims, Some(token)),
            Some((Kind::Ticket, _)) => Err(AccessError::Invalid),
        }
    }

    /// The same, with what the connection proved. A collector may need a certificate of its own beside its token; to
    /// users it means nothing.
    pub fn identify_proven(&self, token: &str, proof: Option<Proof>) -> Result<Identity, AccessError> {
        match self.identify(token)? {
            Identity::Collector { id, token, .. } => {
                let proof = self.needed_proof(proof)?;
                let identity = Identity::Collector { id, token, proof };
                if proof.is_some() { self.check_again(&identity) } else { Ok(identity) }
            }
            user @ Identity::User(_) => Ok(user),
        }
    }

    fn needed_proof(&self, proof: Option<Proof>) -> Result<Option<Proof>, AccessError> {
        match self.options.client_certificates {
            ClientCertificates::Off => Ok(None),
            ClientCertificates::Required if proof.is_none() => Err(AccessError::NoCertificate),
            ClientCertificates::Optional | ClientCertificates::Required => Ok(proof),
        }
    }

    /// The same bearer as the registry has it now. For connections that outlive the call that opened them.
    pub fn check_again(&self, identity: &Identity) -> Result<Identity, AccessError> {
        self.db.read(|tx| match identity {
            Identity::User(user) => self.same_user(tx, user).map(Identity::User),
            Identity::Collector { id, token, proof } => {
                self.good_enrolment(tx, *id, *token, None)?;
                if let Some(proof) = proof {
                    self.check_proof(tx, *id, *proof)?;
                }
                Ok(identity.clone())
            }
        })
    }

    pub(super) fn same_user(&self, tx: &Transaction<'_>, user: &SignedIn) -> Result<SignedIn, AccessError> {
        match (user.session, user.api_token) {
            (Some(session), _) => self.user_of_session(tx, user.id, session),
            (None, Some(token)) => self.user_of_api_token(tx, token),
            (None, None) => Err(AccessError::Invalid),
        }
    }

    fn bearer_of_session(&self, tx: &Transaction<'_>, claims: &Claims) -> Result<SignedIn, AccessError> {
        self.user_of_session(tx, parse(&claims.sub)?, parse(&claims.of)?)
    }

    fn user_of_session(
        &self,
        tx: &Transaction<'_>,
        user: UserId,
        session: SessionId,
    ) -> Result<SignedIn, AccessError> {
        let session = sessions::by_id(tx, session)?.ok_or(AccessError::Revoked)?;
        if session.user != user {
            return Err(AccessError::Invalid);
        }
        if session.expires_at <= self.clock.now() {
            return Err(AccessError::Expired);
        }
        let (username, role) = self.standing(tx, user)?;
        Ok(SignedIn {
            id: user,
            username,
            role,
            csrf_token: Some(session.csrf_token),
            session: Some(session.id),
            api_token: None,
            expires_at: session.expires_at,
        })
    }

    /// Name and role of a user who may call.
    pub(super) fn standing(&self, tx: &Transaction<'_>, id: UserId) -> Result<(String, Role), AccessError> {
        let user = user_rows::by_id(tx, &self.ring, id)?.ok_or(AccessError::Revoked)?.user;
        if user.disabled_at.is_some() { Err(AccessError::Revoked) } else { Ok((user.username, user.role)) }
    }

    fn bearer_of_enrolment(
        &self,
        tx: &Transaction<'_>,
        claims: &Claims,
        itself: Option<&str>,
    ) -> Result<Bearer, AccessError> {
        let (id, token) = (parse(&claims.sub)?, parse(&claims.of)?);
        let row = self.good_enrolment(tx, id, token, itself)?;
        let until = row.revoked_at.map_or(row.expires_at, |at| row.expires_at.min(at));
        Ok(Bearer { identity: Identity::Collector { id, token, proof: None }, until })
    }

    /// The row of an enrolment token that is good now.
    pub(super) fn good_enrolment(
        &self,
        tx: &Transaction<'_>,
        collector: CollectorId,
        token: TokenId,
        itself: Option<&str>,
    ) -> Result<Enrolment, AccessError> {
        let now = self.clock.now();
        let row = collector_tokens::by_id(tx, &self.ring, token)?.ok_or(AccessError::Revoked)?;
        let same = itself.is_none_or(|text| {
            crate::crypto::equal_in_constant_time(&sha256(text.as_bytes()), &row.token_hash)
        });
        if row.collector != collector || !same {
            return Err(AccessError::Invalid);
        }
        if row.revoked_at.is_some_and(|at| at <= now) {
            return Err(AccessError::Revoked);
        }
        if row.expires_at <= now { Err(AccessError::Expired) } else { Ok(row) }
    }
}

/// Ids in a token that we signed read back, unless its kind has changed meaning between releases.
fn parse<T: std::str::FromStr>(text: &str) -> Result<T, AccessError> {
    text.parse().map_err(|_| AccessError::Invalid)
}

impl From<&SignedIn> for Actor {
    fn from(user: &SignedIn) -> Self {
        Self { id: user.id.to_string(), name: user.username.clone(), role: user.role.to_string() }
    }
}
