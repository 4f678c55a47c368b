//! Hashing passwords with argon2id, a few at a time.
//!
//! Each hash takes 46 MiB and a core for some fifty milliseconds, so the number at once and the number that
//! waits are bounded: the appliance is not to be brought down by its sign-in page.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use parking_lot::{Condvar, Mutex};

use crate::limits::{PASSWORD_WAIT, PASSWORDS_AT_ONCE, PASSWORDS_WAITING};

/// What a hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Default for HashCost {
    /// The first of the equivalent settings that OWASP recommends.
    fn default() -> Self {
        Self { memory_kib: 47_104, passes: 1 }
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    #[error("too many passwords are being checked at once")]
    Busy,
    #[error("argon2 refuses: {0}")]
    Refused(String),
}

pub(super) struct Hasher {
    argon2: Argon2<'static>,
    /// A hash at the same cost that no password has, for users who do not exist.
    nobodys_hash: String,
    queue: Mutex<Queue>,
    freed: Condvar,
}

#[derive(Default)]
struct Queue {
    running: usize,
    waiting: usize,
}

/// A place among those that hash now.
struct Slot<'a>(&'a Hasher);

impl Hasher {
    pub(super) fn new(cost: HashCost) -> Result<Self, HashError> {
        let HashCost { memory_kib, passes } = cost;
        let params = Params::new(memory_kib, passes, 1, None)
            .map_err(|error| HashError::Refused(format!("{memory_kib} KiB, {passes} passes: {error}")))?;
        let (salt, zeros) = ("A".repeat(22), "A".repeat(43));
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            nobodys_hash: format!("$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${zeros}"),
            queue: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    /// The hash in PHC form, with a new salt.
    pub(super) fn hash(&self, password: &str) -> Result<String, HashError> {
        let _slot = self.slot()?;
        let hash = self.argon2.hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| HashError::Refused(error.to_string()))
    }

    /// Whether the hash is of this password. Without a hash it takes the same time and is false.
    pub(super) fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, HashError> {
        let _slot = self.slot()?;
        let parsed = PasswordHash::new(hash.unwrap_or(&self.nobodys_hash))
            .map_err(|error| HashError::Refused(format!("a stored hash is damaged: {error}")))?;
        let same = self.argon2.verify_password(password.as_bytes(), &parsed).is_ok();
        Ok(same && hash.is_some())
    }

    fn slot(&self) -> Result<Slot<'_>, HashError> {
        let mut queue = self.queue.lock();
        if queue.running >= PASSWORDS_AT_ONCE {
            if queue.waiting >= PASSWORDS_WAITING {
                return Err(HashError::Busy);
            }
            queue.waiting += 1;
            let full = |queue: &mut Queue| queue.running >= PASSWORDS_AT_ONCE;
            let waited = self.freed.wait_while_for(&mut queue, full, PASSWORD_WAIT);
            queue.waiting -= 1;
            if waited.timed_out() && queue.running >= PASSWORDS_AT_ONCE {
                return Err(HashError::Busy);
            }
        }
        queue.running += 1;
        Ok(Slot(self))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.queue.lock().running -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
impl Hasher {
    /// Takes all places, also those to wait in.
    pub(super) fn fill(&self) -> impl Sized + '_ {
        self.queue.lock().waiting = PASSWORDS_WAITING;
        (0..PASSWORDS_AT_ONCE).filter_map(|_| self.slot().ok()).collect::<Vec<_>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashCost = HashCost { memory_kib: 8, passes: 1 };

    #[test]
    fn the_real_cost_hashes_and_verifies() {
        let hasher = Hasher::new(HashCost::default()).unwrap();
        let hash = hasher.hash("purple mountain lamp").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{hash}");
        assert_eq!(hasher.verify("purple mountain lamp", Some(&hash)), Ok(true));
        assert_eq!(hasher.verify("purple mountain lamb", Some(&hash)), Ok(false));
    }

    #[test]
    fn nobody_has_no_password_and_the_same_cost() {
        let hasher = Hasher::new(HashCost::default()).unwrap();
        assert_eq!(hasher.verify("", None), Ok(false));
        let nobodys = PasswordHash::new(&hasher.nobodys_hash).unwrap();
        let somebodys = hasher.hash("purple mountain lamp").unwrap();
        let somebodys = PasswordHash::new(&somebodys).unwrap();
        assert_eq!(nobodys.params, somebodys.params);
        assert_eq!(nobodys.hash.unwrap().len(), somebodys.hash.unwrap().len());
    }

    #[test]
    fn a_cost_or_a_hash_that_argon2_does_not_know_is_refused() {
        assert!(matches!(Hasher::new(HashCost { memory_kib: 1, passes: 1 }), Err(HashError::Refused(_))));
        let hasher = Hasher::new(CHEAP).unwrap();
        assert!(matches!(hasher.verify("x", Some("flipped")), Err(HashError::Refused(_))));
    }

    #[test]
    fn those_beyond_the_waiting_ones_are_told_that_it_is_busy() {
        let hasher = Hasher::new(CHEAP).unwrap();
        let all_places = hasher.fill();
        assert_eq!(hasher.hash("x"), Err(HashError::Busy));
        drop(all_places);
        assert!(hasher.hash("x").is_ok(), "a freed place is taken again");
    }

    #[test]
    fn a_caller_waits_for_a_place() {
        let hasher = Hasher::new(CHEAP).unwrap();
        let slots: Vec<_> = (0..PASSWORDS_AT_ONCE).map(|_| hasher.slot().unwrap()).collect();
        std::thread::scope(|threads| {
            let waiting = threads.spawn(|| hasher.hash("x").map(|_| ()));
            while hasher.queue.lock().waiting == 0 {
                std::thread::yield_now();
            }
            drop(slots);
            assert_eq!(waiting.join().unwrap(), Ok(()));
        });
        assert_eq!(hasher.queue.lock().running, 0);
    }
}
