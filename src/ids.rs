//! The one source of ids, and the ids that are told apart by type.
//!
//! Ids are UUIDv7, written with the prefix of their noun (`col_0193...`), so that a misplaced id is seen.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::clock::Timestamp;

/// Where ids come from: random ones, or a counted row of them in tests.
#[derive(Clone, Debug)]
pub enum IdSource {
    Random,
    Seeded(Arc<AtomicU64>),
}

impl IdSource {
    pub fn seeded(first: u64) -> Self {
        Self::Seeded(Arc::new(AtomicU64::new(first)))
    }

    pub fn next<T: From<Uuid>>(&self, now: Timestamp) -> T {
        let milliseconds = u64::try_from(now.as_millis()).unwrap_or(0);
        let mut tail = [0; 10];
        match self {
            Self::Random => crate::crypto::fill_random(&mut tail),
            Self::Seeded(count) => {
                tail[2..].copy_from_slice(&count.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            }
        }
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &tail).into_uuid().into()
    }
}

/// The text was not an id of the noun that was asked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an id of the form {0}<uuid>")]
pub struct NotAnId(pub &'static str);

macro_rules! id {
    ($(#[$about:meta])* $name:ident, $prefix:literal) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let uuid = text.strip_prefix($prefix).ok_or(NotAnId($prefix))?;
                Uuid::try_parse(uuid).map(Self).map_err(|_| NotAnId($prefix))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A registered agent and the database that it watches.
    CollectorId, "col_");
id!(GroupId, "grp_");
id!(UserId, "usr_");
id!(
    /// One sign-in of one user; its tokens die with it.
    SessionId, "ses_");
id!(
    /// A token that was handed out: a collector's, or an API token.
    TokenId, "tok_");
id!(RegistrationSecretId, "sec_");
id!(AuditEntryId, "aud_");
id!(RequestId, "req_");
id!(
    /// What an operator asked for on one collector.
    ActionId, "act_");
id!(
    /// What an agent is told to do.
    CommandId, "cmd_");
id!(
    /// A set of actions that were asked for at once.
    OperationId, "op_");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_refuses_the_prefix_of_another_noun() {
        let id: CollectorId = IdSource::Random.next(Timestamp::from_millis(1_763_647_331_007));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().replace("col_", "usr_").parse::<CollectorId>(), Err(NotAnId("col_")));
        assert_eq!("col_7".parse::<CollectorId>(), Err(NotAnId("col_")));
    }

    #[test]
    fn ids_sort_by_their_time() {
        let ids = IdSource::seeded(1);
        let early: UserId = ids.next(Timestamp::from_millis(1_000));
        let late: UserId = ids.next(Timestamp::from_millis(2_000));
        assert!(early < late && early.to_string() < late.to_string());
    }
}
