//! Tokens whose signature was looked at: an agent brings the same one with every push.
//!
//! It guarantees: what is remembered is that one of our keys has signed exactly this text, which no revocation and
//! no time undoes. Whether the token may still be used is asked of the clock and of the registry at each call.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::signing::SigningKeys;
use super::token::{Claims, Kind, Signed, TokenError};
use crate::clock::Timestamp;
use crate::crypto::Hash;
use crate::limits::TOKENS_REMEMBERED;

/// By the hash of the text: the text itself is kept nowhere.
#[derive(Default)]
pub(super) struct Verified(Mutex<HashMap<Hash, Signed>>);

impl Verified {
    /// Reads a token with this hash, and looks at its signature unless that was done before.
    pub(super) fn read(
        &self,
        keys: &SigningKeys,
        (token, hash): (&str, Hash),
        now: Timestamp,
    ) -> Result<(Kind, Claims), TokenError> {
        let known = self.0.lock().get(&hash).cloned();
        let signed = match known {
            Some(signed) => signed,
            None => self.remember(hash, Signed::read(keys, token)?),
        };
        signed.check_time(keys, now)?;
        Ok((signed.kind, signed.claims))
    }

    fn remember(&self, hash: Hash, signed: Signed) -> Signed {
        let mut known = self.0.lock();
        if known.len() >= TOKENS_REMEMBERED {
            known.clear();
        }
        known.insert(hash, signed.clone());
        signed
    }
}
