//! Secrets at rest: XChaCha20-Poly1305 under a ring of root keys.
//!
//! An envelope is `algorithm (1 byte), key id (4), nonce (24), ciphertext with tag`. Its associated data name
//! the place where it stands (table, column, row), the key and the version, so that an envelope that was
//! moved to another row does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::{Secret, fill_random};

const XCHACHA20_POLY1305: u8 = 1;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = 1 + 4 + NONCE_BYTES;

/// The place of an encrypted value.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: &'a str,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EnvelopeError {
    #[error("the encrypted value is damaged, or stands in a place that it was not made for")]
    Damaged,
    #[error("the encrypted value names key {0}, which is not in the key ring")]
    UnknownKey(u32),
    #[error("the key ring is not readable: {0}")]
    BadRing(&'static str),
}

/// The root keys, oldest first. The last one seals; all of them open.
pub struct KeyRing(Vec<(u32, Zeroizing<[u8; 32]>)>);

impl KeyRing {
    /// A ring with one new key.
    pub fn generate() -> Self {
        let mut key = Zeroizing::new([0; 32]);
        fill_random(key.as_mut_slice());
        Self(vec![(1, key)])
    }

    /// Reads the text form: one `id:64 hexadecimal digits` a line.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        let mut keys = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (id, digits) = line.split_once(':').ok_or(EnvelopeError::BadRing("a line has no colon"))?;
            let id = id.parse().map_err(|_| EnvelopeError::BadRing("a key id is not a number"))?;
            let mut key = Zeroizing::new([0; 32]);
            hex::decode_to_slice(digits, key.as_mut_slice())
                .map_err(|_| EnvelopeError::BadRing("a key is not 64 hexadecimal digits"))?;
            keys.push((id, key));
        }
        if keys.is_empty() { Err(EnvelopeError::BadRing("it holds no key")) } else { Ok(Self(keys)) }
    }

    pub fn to_text(&self) -> Secret {
        let mut text = Zeroizing::new(String::new());
        for (id, key) in &self.0 {
            for part in [&id.to_string(), ":", &hex::encode(key.as_slice()), "\n"] {
                text.push_str(part);
            }
        }
        Secret::new(text.as_str())
    }

    #[expect(clippy::expect_used, reason = "the cipher refuses only plaintexts of over 256 GiB")]
    pub fn seal(&self, place: Place<'_>, plaintext: &[u8]) -> Vec<u8> {
        let (id, key) = self.0.last().expect("a ring holds at least one key");
        let mut envelope = vec![XCHACHA20_POLY1305];
        envelope.extend_from_slice(&id.to_be_bytes());
        let mut nonce = [0; NONCE_BYTES];
        fill_random(&mut nonce);
        envelope.extend_from_slice(&nonce);
        let payload = Payload { msg: plaintext, aad: &associated_data(place, *id) };
        let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload).expect("the plaintext is short");
        envelope.extend_from_slice(&sealed);
        envelope
    }

    pub fn open(&self, place: Place<'_>, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let (header, sealed) = envelope.split_at_checked(HEADER_BYTES).ok_or(EnvelopeError::Damaged)?;
        let (id, nonce) = header[1..].split_first_chunk::<4>().ok_or(EnvelopeError::Damaged)?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| EnvelopeError::Damaged)?;
        if header[0] != XCHACHA20_POLY1305 {
            return Err(EnvelopeError::Damaged);
        }
        let id = u32::from_be_bytes(*id);
        let (_, key) = self.0.iter().find(|(known, _)| *known == id).ok_or(EnvelopeError::UnknownKey(id))?;
        let payload = Payload { msg: sealed, aad: &associated_data(place, id) };
        let opened = cipher(key).decrypt(&XNonce::from(nonce), payload);
        opened.map(Zeroizing::new).map_err(|_| EnvelopeError::Damaged)
    }

    /// Opens an envelope that holds text.
    pub fn open_text(&self, place: Place<'_>, envelope: &[u8]) -> Result<Secret, EnvelopeError> {
        let bytes = self.open(place, envelope)?;
        std::str::from_utf8(&bytes).map(Secret::new).map_err(|_| EnvelopeError::Damaged)
    }
}

fn cipher(key: &Zeroizing<[u8; 32]>) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(**key).into())
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
    use super::*;

    const HERE: Place<'_> = Place { table: "collectors", column: "password", row: "col_1" };

    #[test]
    fn an_envelope_opens_only_in_its_place_and_whole() {
        let ring = KeyRing::generate();
        let envelope = ring.seal(HERE, b"secret");
        assert_eq!(ring.open(HERE, &envelope).unwrap().as_slice(), b"secret");
        let elsewhere = Place { row: "col_2", ..HERE };
        assert_eq!(ring.open(elsewhere, &envelope).unwrap_err(), EnvelopeError::Damaged);
        for byte in 0..envelope.len() {
            let mut flipped = envelope.clone();
            flipped[byte] ^= 1;
            assert!(ring.open(HERE, &flipped).is_err(), "byte {byte} was flipped and not noticed");
        }
    }

    #[test]
    fn a_ring_reads_back_and_says_what_it_lacks() {
        let ring = KeyRing::generate();
        let envelope = ring.seal(HERE, b"secret");
        let again = KeyRing::parse(ring.to_text().expose()).unwrap();
        assert_eq!(again.open(HERE, &envelope).unwrap().as_slice(), b"secret");
        let other = KeyRing::parse(&format!("2:{}", "ab".repeat(32))).unwrap();
        assert_eq!(other.open(HERE, &envelope).unwrap_err(), EnvelopeError::UnknownKey(1));
        assert!(KeyRing::parse("1:zz").is_err() && KeyRing::parse("").is_err());
    }
}
