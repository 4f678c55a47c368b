//! The long token: from the configuration, or the one that the daemon has put in its place since.
//!
//! A rotated token is written where the configured one is; where that cannot be written to, beside the spool
//! with the hash of the token that it replaces, so that a token that a person enters later counts again.

use std::io;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::collector::config::{TokenSource, read_secret};
use crate::crypto::{Secret, sha256};
use crate::files::{self, Access};

const FILE: &str = "rotated.token";

pub(crate) struct LongToken {
    configured: TokenSource,
    folder: PathBuf,
}

impl LongToken {
    pub(crate) fn new(configured: TokenSource, folder: PathBuf) -> Self {
        Self { configured, folder }
    }

    pub(crate) fn read(&self) -> io::Result<Secret> {
        let configured = self.configured.read()?;
        // two lines: the hash of the configured token, and the token that replaces it
        let rotated = read_secret(&self.folder.join(FILE)).ok();
        let rotated = rotated.as_ref().and_then(|text| text.expose().split_once('\n'));
        let rotated = rotated.filter(|(replaces, _)| *replaces == hash(&configured));
        Ok(rotated.map_or(configured, |(_, token)| Secret::new(token)))
    }

    /// Keeps another token in the place of this one.
    pub(crate) fn replace(&self, token: &Secret) -> io::Result<()> {
        if let TokenSource::File(path) = &self.configured
            && files::write_whole(path, token.expose().as_bytes(), Access::Owner).is_ok()
        {
            return Ok(());
        }
        let replaces = hash(&self.configured.read()?);
        let text = Zeroizing::new(format!("{replaces}\n{}", token.expose()));
        files::write_whole(&self.folder.join(FILE), text.as_bytes(), Access::Owner)
    }
}

fn hash(token: &Secret) -> String {
    hex::encode(sha256(token.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_token_is_kept_where_the_configured_one_is_or_beside_the_spool() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        files::write_whole(&path, b"first\n", Access::Owner).unwrap();
        let token = LongToken::new(TokenSource::File(path.clone()), folder.path().to_owned());
        token.replace(&Secret::new("second")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(token.read().unwrap().expose(), "second");

        let given =
            |text: &str| LongToken::new(TokenSource::Given(Secret::new(text)), folder.path().to_owned());
        given("first").replace(&Secret::new("second")).unwrap();
        assert_eq!(given("first").read().unwrap().expose(), "second");
        assert_eq!(given("entered by a person").read().unwrap().expose(), "entered by a person");
    }
}
