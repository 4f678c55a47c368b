//! Signed tokens: what they say, and how one is told from another.
//!
//! It guarantees: one algorithm, a known key, the type and audience of the kind that is asked for, and all
//! claims in their types. It does not know whether what the token stands on still lives: that is read from
//! the registry at each call.

use std::time::Duration;

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use super::signing::SigningKeys;
use crate::clock::Timestamp;
use crate::crypto::Secret;
use crate::limits::{COLLECTOR_ACCESS_LIFE, ENROLMENT_LIFE, SESSION_LONGEST_LIFE, TICKET_LIFE, TOKEN_BYTES};
use crate::storage::{self, StoreError};

const ISSUER: &str = "pganalytics";

/// What a token is for. The names differ in the header's type and in the audience, so that a token of one
/// kind never passes for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A signed-in user's.
    User,
    /// A collector's, for an hour at most.
    Collector,
    /// The one that a collector is registered with, for a year.
    Enrolment,
    /// Opens one WebSocket.
    Ticket,
}

impl Kind {
    const ALL: [Self; 4] = [Self::User, Self::Collector, Self::Enrolment, Self::Ticket];

    const fn header_type(self) -> &'static str {
        match self {
            Self::User => "user+jwt",
            Self::Collector => "collector+jwt",
            Self::Enrolment => "enrolment+jwt",
            Self::Ticket => "ticket+jwt",
        }
    }

    const fn longest_life(self) -> Duration {
        match self {
            Self::User => SESSION_LONGEST_LIFE,
            Self::Collector => COLLECTOR_ACCESS_LIFE,
            Self::Enrolment => ENROLMENT_LIFE,
            Self::Ticket => TICKET_LIFE,
        }
    }

    const fn audience(self) -> &'static str {
        match self {
            Self::User => "pganalytics:user",
            Self::Collector => "pganalytics:collector",
            Self::Enrolment => "pganalytics:enrolment",
            Self::Ticket => "pganalytics:ticket",
        }
    }
}

/// The claims, all of them required. Times are whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    pub iss: String,
    pub aud: String,
    /// The id of the user or collector.
    pub sub: String,
    /// The id of this token.
    pub jti: String,
    pub iat: i64,
    pub exp: i64,
    /// The id of what the token dies with: the session of a user's, the enrolment token of a collector's.
    /// An enrolment token and a ticket name themselves.
    pub of: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the token is not one of this appliance")]
    Invalid,
    #[error("the token has expired")]
    Expired,
}

/// A token to be signed.
pub(super) struct New<'a> {
    pub kind: Kind,
    pub subject: &'a str,
    pub id: &'a str,
    pub of: &'a str,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

impl New<'_> {
    pub(super) fn sign(&self, keys: &SigningKeys) -> storage::Result<Secret> {
        let key = keys.newest();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(self.kind.header_type().to_owned());
        header.kid = Some(key.id.clone());
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: self.kind.audience().to_owned(),
            sub: self.subject.to_owned(),
            jti: self.id.to_owned(),
            iat: self.issued_at.as_seconds(),
            exp: self.expires_at.as_seconds(),
            of: self.of.to_owned(),
        };
        let signed = jsonwebtoken::encode(&header, &claims, &key.encoding);
        signed
            .map(Secret::new)
            .map_err(|error| StoreError::Damaged(format!("signing key {}: {error}", key.id)))
    }
}

/// Checks signature, kind, claims and time. The clock that issued a token is the one that judges it, so there
/// is no skew to allow for. A token from the future is taken: the clock was set back, and nobody is to be
/// signed out by that.
pub(super) fn read(keys: &SigningKeys, token: &str, now: Timestamp) -> Result<(Kind, Claims), TokenError> {
    let signed = Signed::read(keys, token)?;
    signed.check_time(keys, now)?;
    Ok((signed.kind, signed.claims))
}

/// A token that one of our keys has signed. That stays so; what moves is the time.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub kind: Kind,
    pub claims: Claims,
    key: String,
}

impl Signed {
    pub(super) fn read(keys: &SigningKeys, token: &str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_BYTES {
            return Err(TokenError::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        let kind = Kind::ALL.into_iter().find(|kind| header.typ.as_deref() == Some(kind.header_type()));
        let (Some(kind), None) = (kind, &header.crit) else { return Err(TokenError::Invalid) };
        let key = header.kid.as_deref().and_then(|id| keys.by_id(id)).ok_or(TokenError::Invalid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation(kind));
        let claims = claims.map_err(|_| TokenError::Invalid)?.claims;
        Ok(Self { kind, claims, key: key.id.clone() })
    }

    pub(super) fn check_time(&self, keys: &SigningKeys, now: Timestamp) -> Result<(), TokenError> {
        let key = keys.by_id(&self.key).ok_or(TokenError::Invalid)?;
        // a key that was retired has signed nothing that still lives: whoever has stolen it comes too late
        let is_over = key.retired_at.is_some_and(|at| at.plus(self.kind.longest_life()) <= now);
        if is_over || now.as_seconds() >= self.claims.exp { Err(TokenError::Expired) } else { Ok(()) }
    }
}

/// The time is judged by our own clock, after everything else.
fn validation(kind: Kind) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[kind.audience()]);
    validation
}
