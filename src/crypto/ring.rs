//! The ring of root keys: which key seals, which open, and what their text form is.
//!
//! A ring may be told where its text stands. Then a key that another process has added is found as soon as
//! something names it.

use parking_lot::RwLock;
use zeroize::Zeroizing;

use super::envelope::{self, Algorithm, EnvelopeError, Place};
use super::{Secret, fill_random};

/// A root key, which is shared out by reference only.
#[derive(Clone)]
pub(super) struct RootKey {
    pub(super) id: u32,
    pub(super) bytes: Zeroizing<[u8; 32]>,
}

type Source = Box<dyn Fn() -> Option<Secret> + Send + Sync>;

/// The root keys, oldest first. The last one seals; all of them open.
pub struct KeyRing {
    keys: RwLock<Vec<RootKey>>,
    algorithm: Algorithm,
    source: Option<Source>,
}

impl KeyRing {
    /// A ring with one new key.
    pub fn generate() -> Self {
        Self::generate_as(1)
    }

    /// A ring with one new key of this number.
    pub fn generate_as(id: u32) -> Self {
        Self::of(vec![RootKey::generate(id)])
    }

    fn of(keys: Vec<RootKey>) -> Self {
        Self { keys: RwLock::new(keys), algorithm: Algorithm::default(), source: None }
    }

    /// Reads the text form: one `id:64 hexadecimal digits` a line.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        parse(text).map(Self::of)
    }

    /// The same ring, which seals by another algorithm.
    #[must_use]
    pub fn sealing_by(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// The same ring, which reads its text again from there when something names a key that it does not know.
    #[must_use]
    pub fn reading_from(self, source: impl Fn() -> Option<Secret> + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    /// Reads the text again, and says whether the keys are others now. A text that cannot be used changes nothing.
    pub fn reload(&self) -> Result<bool, EnvelopeError> {
        let Some(source) = &self.source else { return Ok(false) };
        let text = source().ok_or(EnvelopeError::BadRing("its file cannot be read".to_owned()))?;
        let keys = parse(text.expose())?;
        let ids = |keys: &[RootKey]| keys.iter().map(|key| key.id).collect::<Vec<_>>();
        let mut held = self.keys.write();
        let is_changed = ids(&held) != ids(&keys);
        *held = keys;
        Ok(is_changed)
    }

    /// The ids of its keys, the one that seals last.
    pub fn ids(&self) -> Vec<u32> {
        self.keys.read().iter().map(|key| key.id).collect()
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// How every envelope begins that this ring seals now.
    pub fn stamp(&self) -> [u8; 5] {
        let id = self.keys.read().last().map_or(0, |key| key.id);
        envelope::stamp(self.algorithm, id)
    }

    /// The text form with one more key, which then seals; and that key's id.
    pub fn with_another(&self) -> (u32, Secret) {
        let mut keys = self.keys.read().clone();
        let id = keys.iter().map(|key| key.id).max().unwrap_or(0).saturating_add(1);
        keys.push(RootKey::generate(id));
        (id, to_text(&keys))
    }

    /// The text form without one of the keys.
    pub fn without(&self, id: u32) -> Secret {
        let keys: Vec<_> = self.keys.read().iter().filter(|key| key.id != id).cloned().collect();
        to_text(&keys)
    }

    pub fn to_text(&self) -> Secret {
        to_text(&self.keys.read())
    }

    #[expect(clippy::expect_used, reason = "a ring that was parsed or generated holds a key")]
    pub fn seal(&self, place: Place<'_>, plaintext: &[u8]) -> Vec<u8> {
        let key = self.keys.read().last().cloned().expect("a ring holds at least one key");
        envelope::seal(self.algorithm, &key, place, plaintext)
    }

    pub fn open(&self, place: Place<'_>, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let id = envelope::key_id(envelope)?;
        let key = match self.key(id) {
            Some(key) => key,
            None if self.reload() == Ok(true) => self.key(id).ok_or(EnvelopeError::UnknownKey(id))?,
            None => return Err(EnvelopeError::UnknownKey(id)),
        };
        envelope::open(&key, place, envelope)
    }

    /// Opens an envelope that holds text.
    pub fn open_text(&self, place: Place<'_>, envelope: &[u8]) -> Result<Secret, EnvelopeError> {
        let bytes = self.open(place, envelope)?;
        std::str::from_utf8(&bytes).map(Secret::new).map_err(|_| EnvelopeError::Damaged)
    }

    fn key(&self, id: u32) -> Option<RootKey> {
        self.keys.read().iter().find(|key| key.id == id).cloned()
    }
}

impl RootKey {
    fn generate(id: u32) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        fill_random(bytes.as_mut_slice());
        Self { id, bytes }
    }
}

fn parse(text: &str) -> Result<Vec<RootKey>, EnvelopeError> {
    let mut keys: Vec<RootKey> = Vec::new();
    for (number, line) in text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
        let bad = |why: &str| EnvelopeError::BadRing(format!("line {} {why}", number + 1));
        let (id, digits) = line.split_once(':').ok_or_else(|| bad("has no colon"))?;
        let id = id.parse().map_err(|_| bad("does not begin with the number of a key"))?;
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits, bytes.as_mut_slice())
            .map_err(|_| bad("does not end with 64 hexadecimal digits"))?;
        if keys.iter().any(|key| key.id == id) {
            return Err(bad("has the number of an earlier key"));
        }
        keys.push(RootKey { id, bytes });
    }
    if keys.is_empty() { Err(EnvelopeError::BadRing("it holds no key".to_owned())) } else { Ok(keys) }
}

fn to_text(keys: &[RootKey]) -> Secret {
    let mut text = Zeroizing::new(String::new());
    for key in keys {
        let digits = Zeroizing::new(hex::encode(key.bytes.as_slice()));
        for part in [&key.id.to_string(), ":", &digits, "\n"] {
            text.push_str(part);
        }
    }
    Secret::new(text.as_str())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::super::Column;
    use super::*;

    const COLUMN: Column = Column { table: "collectors", name: "password_sealed", row: "id" };

    #[test]
    fn a_ring_reads_back_and_says_what_it_lacks() {
        let ring = KeyRing::generate();
        let here = COLUMN.at("col_1");
        let envelope = ring.seal(here, b"secret");
        let again = KeyRing::parse(ring.to_text().expose()).unwrap();
        assert_eq!(again.open(here, &envelope).unwrap().as_slice(), b"secret");
        let other = KeyRing::parse(&format!("2:{}", "ab".repeat(32))).unwrap();
        assert_eq!(other.open(here, &envelope).unwrap_err(), EnvelopeError::UnknownKey(1));
    }

    #[test]
    fn a_text_that_is_not_whole_is_refused_with_its_line() {
        let good = format!("1:{}\n", "ab".repeat(32));
        for (text, said) in [
            ("", "it holds no key"),
            ("1:zz", "line 1 does not end"),
            (&format!("{good}2:abcd"), "line 2 does not end"),
            (&format!("{good}2"), "line 2 has no colon"),
            (&format!("{good}{good}"), "line 2 has the number"),
            (&format!("x{good}"), "line 1 does not begin"),
        ] {
            let error = KeyRing::parse(text).err().unwrap().to_string();
            assert!(error.contains(said), "{error} has no {said}");
            assert!(!error.contains("abab"), "{error}");
        }
    }

    #[test]
    fn a_key_that_was_added_elsewhere_is_found_when_something_names_it() {
        let file = Arc::new(Mutex::new(KeyRing::generate().to_text()));
        let read = Arc::clone(&file);
        let ring = KeyRing::parse(file.lock().unwrap().expose()).unwrap();
        let ring = ring.reading_from(move || Some(read.lock().unwrap().clone()));
        let (id, text) = ring.with_another();
        assert_eq!(id, 2);
        let elsewhere = KeyRing::parse(text.expose()).unwrap();
        let envelope = elsewhere.seal(COLUMN.at("col_1"), b"secret");
        assert_eq!(ring.open(COLUMN.at("col_1"), &envelope).unwrap_err(), EnvelopeError::UnknownKey(2));
        *file.lock().unwrap() = text;
        assert_eq!(ring.open(COLUMN.at("col_1"), &envelope).unwrap().as_slice(), b"secret");
        assert_eq!((ring.ids(), ring.stamp()), (vec![1, 2], [1, 0, 0, 0, 2]));
        *file.lock().unwrap() = Secret::new("2:half");
        assert!(ring.reload().is_err());
        assert_eq!(ring.ids(), [1, 2], "what it holds stays");
    }
}
