//! Where the ring of root keys stands, and how it is read and replaced there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::open::Options;
use crate::crypto::{Algorithm, EnvelopeError, KeyRing, Secret};
use crate::files::{self, Access};
use crate::limits::SECRET_FILE_BYTES;
use crate::storage::data_dir::Layout;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RingFile {
    /// In the data directory, where the first start makes it.
    Own(PathBuf),
    /// A file of the site's.
    Site(PathBuf),
    /// What systemd hands over: it guards the file in its own way, and it is not ours to write.
    Credential(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub enum RingError {
    #[error("cannot read the root key {path}: {source}{}", files::advice(.source))]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write the root key {path}: {source}{}", files::advice(.source))]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot use the root key {path}: {source}")]
    Bad { path: PathBuf, source: EnvelopeError },
    #[error(
        "the root key {0} is missing, and the registry was encrypted with it: put it back from its backup"
    )]
    Lost(PathBuf),
    #[error(
        "the key ring {0} is a credential, which only systemd writes: add the line that `pganalytics key generate \
         --id NEXT` prints at its end, encrypt it again, and restart"
    )]
    NotOurs(PathBuf),
}

impl RingFile {
    pub(super) fn of(layout: &Layout, options: &Options) -> Self {
        options.root_key.clone().unwrap_or_else(|| Self::Own(layout.root_key()))
    }

    pub fn path(&self) -> &Path {
        match self {
            Self::Own(path) | Self::Site(path) | Self::Credential(path) => path,
        }
    }

    /// Reads the ring; that of the directory is made at the first start.
    pub(super) fn open(&self, layout: &Layout, algorithm: Algorithm) -> Result<KeyRing, RingError> {
        if let Self::Own(path) = self
            && !path.exists()
        {
            if layout.registry().exists() {
                return Err(RingError::Lost(path.clone()));
            }
            let text = KeyRing::generate().to_text();
            files::write_whole(path, text.expose().as_bytes(), Access::Owner)
                .map_err(|source| RingError::Write { path: path.clone(), source })?;
        }
        let file = self.clone();
        Ok(self.read()?.sealing_by(algorithm).reading_from(move || file.text().ok()))
    }

    /// Reads the ring as it stands.
    pub fn read(&self) -> Result<KeyRing, RingError> {
        let text = self.text().map_err(|source| RingError::Read { path: self.path().to_owned(), source })?;
        KeyRing::parse(text.expose())
            .map_err(|source| RingError::Bad { path: self.path().to_owned(), source })
    }

    fn text(&self) -> io::Result<Secret> {
        let bytes = match self {
            Self::Own(path) | Self::Site(path) => files::read_secret(path, SECRET_FILE_BYTES)?,
            Self::Credential(path) => files::read_bounded(path, SECRET_FILE_BYTES)?,
        };
        std::str::from_utf8(&bytes).map(Secret::new).map_err(|_| io::Error::other("it is not text"))
    }

    /// Puts another text in its place, for the same owner: whoever rotates may not be who runs the daemon.
    pub(super) fn replace(&self, text: &Secret) -> Result<(), RingError> {
        let path = match self {
            Self::Own(path) | Self::Site(path) => path,
            Self::Credential(path) => return Err(RingError::NotOurs(path.clone())),
        };
        let replaced = || {
            use std::os::unix::fs::MetadataExt;
            let owner = fs::metadata(path)?;
            let written = files::write_beside(path, text.expose().as_bytes(), Access::Owner)?;
            if nix::unistd::geteuid().is_root() {
                nix::unistd::chown(&written, Some(owner.uid().into()), Some(owner.gid().into()))?;
            }
            files::publish(&written, path)
        };
        replaced().map_err(|source| RingError::Write { path: path.clone(), source })
    }
}
