//! Randomness, hashes and secrets: the values, without knowing what they protect.

mod certificate;
mod envelope;
mod ring;
mod secret;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub use certificate::{Facts, pem};
pub use envelope::{Algorithm, Column, EnvelopeError, Place};
pub use ring::KeyRing;
pub use secret::Secret;

/// A SHA-256 digest.
pub type Hash = [u8; 32];

pub fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Fills `bytes` from the operating system's generator.
///
/// # Panics
/// When the system has no randomness to give: no secret made after that would be one.
#[expect(clippy::expect_used, reason = "going on without randomness would hand out guessable secrets")]
pub fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

/// `N` random bytes, written in lower-case hexadecimal.
pub fn random_hex<const N: usize>() -> String {
    let mut bytes = [0; N];
    fill_random(&mut bytes);
    hex::encode(bytes)
}

/// Compares without telling by its time where the two differ.
pub fn equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
