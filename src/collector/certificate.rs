//! The agent's own certificate: a key that never leaves its machine, and the certificate for it, which is renewed over
//! the same key. One file changes then, so that no crash leaves a certificate beside another's key.
//!
//! A renewed certificate is written where the configured one is; where that cannot be written to, beside the spool
//! with the hash of the one that it replaces, so that a certificate that a person brings later counts again.

use std::io;
use std::path::PathBuf;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::config::read_bounded;
use crate::clock::Timestamp;
use crate::crypto::{Facts, sha256};
use crate::files::{self, Access};
use crate::limits::SECRET_FILE_BYTES;

const FILE: &str = "renewed.crt";
/// What to do about a pair that cannot be used.
const REGISTER: &str = "put a pair there that was made together, or register the agent again";

/// A key for a certificate.
pub(super) fn new_key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate()
}

/// What the daemon is sent: the public part of the key, signed with it. Who the agent is, its token says.
pub(super) fn request(key: &KeyPair) -> Result<String, rcgen::Error> {
    CertificateParams::default().serialize_request(key)?.pem()
}

/// Where certificate and key are.
#[derive(Debug)]
pub(super) struct OwnCertificate {
    certificate: PathBuf,
    key: PathBuf,
    /// Where a renewed certificate may be kept.
    folder: PathBuf,
}

/// How long a certificate still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) not_after: Timestamp,
    pub(super) has_ended: bool,
    /// Whether the next one is due.
    pub(super) is_ending: bool,
}

impl OwnCertificate {
    pub(super) fn new(certificate: PathBuf, key: PathBuf, folder: PathBuf) -> Self {
        Self { certificate, key, folder }
    }

    /// For errors.
    pub(super) fn file(&self) -> String {
        self.certificate.display().to_string()
    }

    /// Certificate and key in PEM form, when they belong together.
    pub(super) fn identity(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        let text = self.text()?;
        self.check(&text)?;
        Ok(Zeroizing::new([text.as_bytes(), b"\n", &self.private_key()?].concat()))
    }

    /// In PEM form. One that others may read is not used: they may be this agent as well.
    fn private_key(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        files::read_secret(&self.key, SECRET_FILE_BYTES)
    }

    pub(super) fn standing(&self, now: Timestamp) -> io::Result<Standing> {
        let der = first_of(&self.text()?)?;
        let facts = Facts::of(&der).ok_or_else(|| io::Error::other("it holds no certificate"))?;
        let (has_ended, is_ending) = (facts.not_after <= now, facts.is_ending(now));
        Ok(Standing { not_after: facts.not_after, has_ended, is_ending })
    }

    /// A request for the next one, over the key of this one.
    pub(super) fn request(&self) -> io::Result<String> {
        let pem = self.private_key()?;
        let pem = std::str::from_utf8(&pem).map_err(io::Error::other)?;
        let key = KeyPair::from_pem(pem).map_err(io::Error::other)?;
        request(&key).map_err(io::Error::other)
    }

    /// Keeps the next one, when it is for our key.
    pub(super) fn replace(&self, certificate: &str) -> io::Result<()> {
        self.check(certificate)?;
        if files::write_whole(&self.certificate, certificate.as_bytes(), Access::Owner).is_ok() {
            return Ok(());
        }
        let text = format!("{}\n{certificate}", hash(&self.configured()?));
        files::write_whole(&self.folder.join(FILE), text.as_bytes(), Access::Owner)
    }

    fn check(&self, certificate: &str) -> io::Result<()> {
        let first = first_of(certificate)?;
        let told = |what: &str| io::Error::other(format!("{what} {}: {REGISTER}", self.key.display()));
        let key = PrivateKeyDer::from_pem_slice(&self.private_key()?);
        let key = key.map_err(|_| told("there is no whole key in PEM form in"))?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        CertifiedKey::from_der(vec![first], key, &provider).map(|_| ()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => told("it does not belong to the key"),
            other => io::Error::other(other),
        })
    }

    fn configured(&self) -> io::Result<String> {
        read_bounded(&self.certificate, SECRET_FILE_BYTES)
    }

    fn text(&self) -> io::Result<String> {
        let configured = self.configured()?;
        let renewed = read_bounded(&self.folder.join(FILE), SECRET_FILE_BYTES).ok();
        let renewed = renewed.as_ref().and_then(|text| text.split_once('\n'));
        let renewed = renewed.filter(|(replaces, _)| *replaces == hash(&configured));
        Ok(renewed.map_or_else(|| configured.clone(), |(_, text)| text.to_owned()))
    }
}

fn first_of(text: &str) -> io::Result<CertificateDer<'static>> {
    let first = CertificateDer::from_pem_slice(text.as_bytes());
    first.map_err(|_| io::Error::other(format!("it is no whole certificate in PEM form: {REGISTER}")))
}

fn hash(certificate: &str) -> String {
    hex::encode(sha256(certificate.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(key: &KeyPair) -> String {
        CertificateParams::new(vec!["x".to_owned()]).unwrap().self_signed(key).unwrap().pem()
    }

    #[test]
    fn a_renewed_certificate_is_kept_where_the_configured_one_is_or_beside_the_spool() {
        let folder = tempfile::tempdir().unwrap();
        let (key, path) = (new_key().unwrap(), folder.path().join("crt"));
        let write = |path: &std::path::Path, text: &str| {
            files::write_whole(path, text.as_bytes(), Access::Owner).unwrap();
        };
        let (first, second, third) = (certificate(&key), certificate(&key), certificate(&key));
        write(&path, &first);
        write(&folder.path().join("key"), &key.serialize_pem());
        let own = OwnCertificate::new(path.clone(), folder.path().join("key"), folder.path().to_owned());
        own.replace(&second).unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap(), own.text().unwrap()), (second.clone(), second));

        // as where the folder of the configuration is not the agent's to write: a folder stands in the way
        std::fs::create_dir(files::beside(&path)).unwrap();
        own.replace(&third).unwrap();
        assert_eq!(own.text().unwrap(), third);
        std::fs::remove_dir(files::beside(&path)).unwrap();
        let brought = certificate(&key);
        write(&path, &brought);
        assert_eq!(own.text().unwrap(), brought, "what a person brings counts again");
        assert!(own.replace(&certificate(&new_key().unwrap())).is_err(), "it is for another key");
        assert_eq!(own.text().unwrap(), brought);
    }
}
