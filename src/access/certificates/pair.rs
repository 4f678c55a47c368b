//! A certificate with those that it stands on, and its key: read from the site's files, or made here.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::crypto::{Facts, pem};
use crate::files;
use crate::limits::SECRET_FILE_BYTES;

#[derive(Debug, thiserror::Error)]
pub enum PairError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{0} holds no certificate in PEM form: put the certificate there, then those that it stands on")]
    NoCertificate(String),
    #[error("{file} is not whole: {cause}; write it again, from -----BEGIN to -----END")]
    Broken { file: String, cause: rustls::pki_types::pem::Error },
    #[error("{0} holds no private key in PEM form")]
    NoKey(String),
    #[error(
        "the certificate {certificate} does not belong to the private key {key}: put a pair there that was made together"
    )]
    Mismatch { certificate: String, key: String },
    #[error("cannot use the certificate {certificate} with the private key {key}: {cause}")]
    Unusable { certificate: String, key: String, cause: rustls::Error },
}

/// A certificate that can be shown, and what it says.
#[derive(Clone, Debug)]
pub struct Pair {
    pub key: Arc<CertifiedKey>,
    pub facts: Facts,
}

impl Pair {
    /// Reads the site's files. Nobody but its owner may read the key.
    pub fn read(certificate: &Path, private_key: &Path) -> Result<Self, PairError> {
        let read = |path: &Path, source| PairError::Read { path: path.to_owned(), source };
        let chain =
            files::read_bounded(certificate, SECRET_FILE_BYTES).map_err(|error| read(certificate, error))?;
        let key =
            files::read_secret(private_key, SECRET_FILE_BYTES).map_err(|error| read(private_key, error))?;
        Self::of(&chain, &key, &certificate.display().to_string(), &private_key.display().to_string())
    }

    /// From two texts in PEM form, and what to call them in an error.
    pub fn of(chain: &[u8], private_key: &[u8], certificate: &str, key: &str) -> Result<Self, PairError> {
        let broken = |file: &str, cause| PairError::Broken { file: file.to_owned(), cause };
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|cause| broken(certificate, cause))?;
        let first = chain.first().ok_or_else(|| PairError::NoCertificate(certificate.to_owned()))?;
        let facts = Facts::of(first).ok_or_else(|| PairError::NoCertificate(certificate.to_owned()))?;
        let private = PrivateKeyDer::from_pem_slice(private_key).map_err(|cause| match cause {
            rustls::pki_types::pem::Error::NoItemsFound => PairError::NoKey(key.to_owned()),
            cause => broken(key, cause),
        })?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let made = CertifiedKey::from_der(chain, private, &provider).map_err(|cause| match cause {
            rustls::Error::InconsistentKeys(_) => {
                PairError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() }
            }
            cause => PairError::Unusable { certificate: certificate.to_owned(), key: key.to_owned(), cause },
        })?;
        Ok(Self { key: Arc::new(made), facts })
    }

    /// The certificate that ends the chain, in PEM form: what a client is to trust.
    pub fn anchor(&self) -> Option<String> {
        self.key.cert.last().map(|certificate| pem("CERTIFICATE", certificate))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::files::{Access, write_whole};

    struct Files(tempfile::TempDir);

    impl Files {
        fn new(certificate: &str, key: &str) -> Self {
            let files = Self(tempfile::tempdir().unwrap());
            write_whole(&files.0.path().join("crt"), certificate.as_bytes(), Access::Group).unwrap();
            write_whole(&files.0.path().join("key"), key.as_bytes(), Access::Owner).unwrap();
            files
        }

        fn read(&self) -> Result<Pair, String> {
            Pair::read(&self.0.path().join("crt"), &self.0.path().join("key"))
                .map_err(|error| error.to_string())
        }
    }

    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["db.example".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_pair_is_read_and_what_is_wrong_with_one_is_told() {
        let ((certificate, key), (_, other_key)) = (made(), made());
        assert_eq!(Files::new(&certificate, &key).read().unwrap().facts.names, ["db.example"]);
        let half = |text: &str| text[..text.len() / 2].to_owned();
        for (certificate, key, said) in [
            (certificate.as_str(), other_key.as_str(), "does not belong to the private key"),
            ("", &key, "holds no certificate"),
            (&half(&certificate), &key, "crt is not whole"),
            (&certificate, "", "holds no private key"),
            (&certificate, &half(&key), "key is not whole"),
            (&certificate, &certificate, "holds no private key"),
        ] {
            let error = Files::new(certificate, key).read().unwrap_err();
            assert!(error.contains(said), "{error} has no {said}");
        }
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_and_one_that_is_not_there_is_named() {
        let (certificate, key) = made();
        let files = Files::new(&certificate, &key);
        let path = files.0.path().join("key");
        for mode in [0o604, 0o644, 0o660] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = files.read().unwrap_err();
            assert!(error.contains("chmod 600"), "{mode:o}: {error}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(files.read().unwrap_err().contains("key"));
    }
}
