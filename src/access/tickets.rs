//! Tickets that open one WebSocket each, for browsers that cannot send a header with it.
//!
//! They live in memory: a restart ends them, and whoever holds one asks for another.

use std::collections::VecDeque;

use parking_lot::Mutex;

use super::Access;
use super::identity::{AccessError, SignedIn};
use super::token::{self, Kind};
use crate::clock::Timestamp;
use crate::crypto::Secret;
use crate::ids::TokenId;
use crate::limits::{TICKET_LIFE, TICKETS, TICKETS_PER_USER};
use crate::storage::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    #[error("too many tickets wait to be used: try again in {} s", TICKET_LIFE.as_secs())]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The unused ones, oldest first.
#[derive(Default)]
pub(super) struct Tickets(Mutex<VecDeque<Ticket>>);

struct Ticket {
    id: String,
    user: SignedIn,
    expires_at: Timestamp,
}

impl Access {
    /// A ticket for the caller, and when it ends.
    pub fn issue_ticket(&self, caller: &SignedIn) -> Result<(Secret, Timestamp), TicketError> {
        let now = self.clock.now();
        let id = self.ids.next::<TokenId>(now).to_string();
        let expires_at = now.plus(TICKET_LIFE);
        let new = token::New {
            kind: Kind::Ticket,
            subject: &caller.id.to_string(),
            id: &id,
            of: &id,
            issued_at: now,
            expires_at,
        };
        let ticket = new.sign(&self.keys)?;
        self.tickets.add(Ticket { id, user: caller.clone(), expires_at }, now)?;
        Ok((ticket, expires_at))
    }

    /// Uses the ticket up, whatever comes of it, and says who got it.
    pub fn redeem_ticket(&self, text: &str) -> Result<SignedIn, AccessError> {
        let (kind, claims) = token::read(&self.keys, text, self.clock.now())?;
        if kind != Kind::Ticket {
            return Err(AccessError::Invalid);
        }
        let user = self.tickets.take(&claims.jti).ok_or(AccessError::Revoked)?;
        self.db.read(|tx| self.same_user(tx, &user))
    }
}

impl Tickets {
    fn add(&self, ticket: Ticket, now: Timestamp) -> Result<(), TicketError> {
        let mut waiting = self.0.lock();
        waiting.retain(|other| other.expires_at > now);
        let of_this_user = waiting.iter().filter(|other| other.user.id == ticket.user.id).count();
        if waiting.len() >= TICKETS || of_this_user >= TICKETS_PER_USER {
            return Err(TicketError::TooMany);
        }
        waiting.push_back(ticket);
        Ok(())
    }

    fn take(&self, id: &str) -> Option<SignedIn> {
        let mut waiting = self.0.lock();
        let place = waiting.iter().position(|ticket| ticket.id == id)?;
        waiting.remove(place).map(|ticket| ticket.user)
    }
}
