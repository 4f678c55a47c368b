//! Secrets at rest: envelopes, by XChaCha20-Poly1305 or AES-256-GCM.
//!
//! An envelope is `algorithm (1 byte), key id (4), nonce (24, or 12 for AES), ciphertext with tag`. Its associated
//! data name the place where it stands (table, column, row), the key and the version, so that an envelope that was
//! moved to another row does not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::fill_random;
use super::ring::RootKey;

const STAMP_BYTES: usize = 1 + 4;
/// What the key of AES is derived for: one key never serves two algorithms.
const AES_PURPOSE: &[u8] = b"pganalytics aes-256-gcm";

/// How values are encrypted. The number stands in each envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    #[default]
    XChaCha20Poly1305 = 1,
    /// For sites whose policy names it. Its nonces are shorter: rotate the root key before it has sealed 2^32 values.
    Aes256Gcm = 2,
}

impl Algorithm {
    fn of(number: u8) -> Option<Self> {
        [Self::XChaCha20Poly1305, Self::Aes256Gcm].into_iter().find(|known| *known as u8 == number)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::XChaCha20Poly1305 => "xchacha20-poly1305",
            Self::Aes256Gcm => "aes-256-gcm",
        }
    }

    const fn nonce_bytes(self) -> usize {
        match self {
            Self::XChaCha20Poly1305 => 24,
            Self::Aes256Gcm => 12,
        }
    }
}

/// A column of the registry that holds envelopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub table: &'static str,
    pub name: &'static str,
    /// What names a row in its place, as SQL says it.
    pub row: &'static str,
}

impl Column {
    pub const fn at<'a>(&self, row: &'a str) -> Place<'a> {
        Place { table: self.table, column: self.name, row }
    }
}

/// The place of an encrypted value, in a column.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    table: &'static str,
    column: &'static str,
    row: &'a str,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EnvelopeError {
    #[error(
        "the encrypted value is damaged, stands in a place that it was not made for, or the key ring is that of another registry"
    )]
    Damaged,
    #[error(
        "the encrypted value names key {0}, which is not in the key ring: put that key back from a backup of the ring"
    )]
    UnknownKey(u32),
    #[error("the key ring is not readable: {0}; put it back from its backup")]
    BadRing(String),
}

/// How an envelope begins.
pub(super) fn stamp(algorithm: Algorithm, key_id: u32) -> [u8; STAMP_BYTES] {
    let [a, b, c, d] = key_id.to_be_bytes();
    [algorithm as u8, a, b, c, d]
}

/// The key that an envelope names.
pub(super) fn key_id(envelope: &[u8]) -> Result<u32, EnvelopeError> {
    let (stamp, _) = envelope.split_first_chunk::<STAMP_BYTES>().ok_or(EnvelopeError::Damaged)?;
    Algorithm::of(stamp[0]).ok_or(EnvelopeError::Damaged)?;
    Ok(u32::from_be_bytes([stamp[1], stamp[2], stamp[3], stamp[4]]))
}

#[expect(clippy::expect_used, reason = "the ciphers refuse only plaintexts of many GiB")]
pub(super) fn seal(algorithm: Algorithm, key: &RootKey, place: Place<'_>, plaintext: &[u8]) -> Vec<u8> {
    let mut envelope = stamp(algorithm, key.id).to_vec();
    let mut nonce = [0; 24];
    let nonce = &mut nonce[..algorithm.nonce_bytes()];
    fill_random(nonce);
    envelope.extend_from_slice(nonce);
    let aad = associated_data(place, key.id);
    let sealed = match algorithm {
        Algorithm::XChaCha20Poly1305 => {
            let nonce = XNonce::try_from(&*nonce).expect("a nonce of its length");
            xchacha(key).encrypt(&nonce, Payload { msg: plaintext, aad: &aad }).ok()
        }
        Algorithm::Aes256Gcm => aes(key).and_then(|cipher| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut sealed = plaintext.to_vec();
            cipher.seal_in_place_append_tag(nonce, Aad::from(&aad), &mut sealed).ok()?;
            Some(sealed)
        }),
    };
    envelope.extend_from_slice(&sealed.expect("the plaintext is short"));
    envelope
}

/// Opens what names this key.
pub(super) fn open(
    key: &RootKey,
    place: Place<'_>,
    envelope: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let (stamp, rest) = envelope.split_at_checked(STAMP_BYTES).ok_or(EnvelopeError::Damaged)?;
    let algorithm = Algorithm::of(stamp[0]).ok_or(EnvelopeError::Damaged)?;
    let (nonce, sealed) = rest.split_at_checked(algorithm.nonce_bytes()).ok_or(EnvelopeError::Damaged)?;
    let aad = associated_data(place, key.id);
    let opened = match algorithm {
        Algorithm::XChaCha20Poly1305 => XNonce::try_from(nonce)
            .ok()
            .and_then(|nonce| xchacha(key).decrypt(&nonce, Payload { msg: sealed, aad: &aad }).ok())
            .map(Zeroizing::new),
        Algorithm::Aes256Gcm => aes(key).and_then(|cipher| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut bytes = Zeroizing::new(sealed.to_vec());
            let length = cipher.open_in_place(nonce, Aad::from(&aad), &mut bytes).ok()?.len();
            bytes.truncate(length);
            Some(bytes)
        }),
    };
    opened.ok_or(EnvelopeError::Damaged)
}

fn xchacha(key: &RootKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.bytes).into())
}

fn aes(key: &RootKey) -> Option<LessSafeKey> {
    let mut derived = Zeroizing::new([0; 32]);
    let secret = Salt::new(HKDF_SHA256, &[]).extract(key.bytes.as_slice());
    secret.expand(&[AES_PURPOSE], KeyBytes).ok()?.fill(derived.as_mut_slice()).ok()?;
    UnboundKey::new(&AES_256_GCM, derived.as_slice()).ok().map(LessSafeKey::new)
}

/// The length of a derived key.
struct KeyBytes;

impl KeyType for KeyBytes {
    fn len(&self) -> usize {
        32
    }
}

fn associated_data(place: Place<'_>, key_id: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [place.table, place.column, place.row, &key_id.to_string(), "1"] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::KeyRing;
    use super::*;

    const COLUMN: Column = Column { table: "collectors", name: "password_sealed", row: "id" };

    #[test]
    fn an_envelope_opens_only_in_its_place_and_whole() {
        for algorithm in [Algorithm::XChaCha20Poly1305, Algorithm::Aes256Gcm] {
            let ring = KeyRing::generate().sealing_by(algorithm);
            let envelope = ring.seal(COLUMN.at("col_1"), b"secret");
            assert_eq!(envelope[..5], ring.stamp());
            assert_eq!(ring.open(COLUMN.at("col_1"), &envelope).unwrap().as_slice(), b"secret");
            let elsewhere = Column { name: "other_sealed", ..COLUMN };
            for place in [COLUMN.at("col_2"), elsewhere.at("col_1")] {
                assert_eq!(ring.open(place, &envelope).unwrap_err(), EnvelopeError::Damaged);
            }
            for byte in 0..envelope.len() {
                let mut flipped = envelope.clone();
                flipped[byte] ^= 1;
                let opened = ring.open(COLUMN.at("col_1"), &flipped);
                assert!(opened.is_err(), "{algorithm:?}: byte {byte} was flipped and not noticed");
            }
            for length in 0..envelope.len() {
                assert!(ring.open(COLUMN.at("col_1"), &envelope[..length]).is_err(), "{length} bytes");
            }
        }
    }

    #[test]
    fn a_ring_opens_what_either_algorithm_has_sealed() {
        let text = KeyRing::generate().to_text();
        let ring = |algorithm| KeyRing::parse(text.expose()).unwrap().sealing_by(algorithm);
        let (one, other) = (ring(Algorithm::XChaCha20Poly1305), ring(Algorithm::Aes256Gcm));
        for (sealer, opener) in [(&one, &other), (&other, &one)] {
            let envelope = sealer.seal(COLUMN.at("col_1"), b"secret");
            assert_eq!(opener.open(COLUMN.at("col_1"), &envelope).unwrap().as_slice(), b"secret");
        }
    }

    /// An envelope of an earlier release opens for good.
    #[test]
    fn an_envelope_of_the_first_release_opens() {
        let ring = KeyRing::parse(&format!("1:{}", "07".repeat(32))).unwrap();
        let envelope = hex::decode(GOLDEN).unwrap();
        assert_eq!(ring.open(COLUMN.at("col_1"), &envelope).unwrap().as_slice(), b"secret");
    }

    const GOLDEN: &str = "0100000001bdeb3afe579fb11148a3244debedb75e1893db6a998c637ae3865363914b837ab730870df3cd5a6c9afbc371f468";
}
