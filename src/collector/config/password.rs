//! Where the password for PostgreSQL comes from: a file of its own, `PGPASSWORD`, or a libpq password file.
//!
//! Files are read at each connection, so that a changed password is found without a restart.

use std::path::PathBuf;

use super::{read_secret, text};
use crate::crypto::Secret;
use crate::{files, limits};

#[derive(Clone, Debug)]
pub enum Password {
    /// Trust, peer or certificate authentication.
    None,
    Given(Secret),
    /// The whole file is the password.
    File(PathBuf),
    /// Lines of `host:port:database:user:password`; the file may be absent, as for libpq.
    PassFile(PathBuf),
}

#[derive(Debug, thiserror::Error)]
#[error("cannot read the password file {path}: {cause}")]
pub struct PasswordError {
    path: String,
    cause: std::io::Error,
}

impl Password {
    /// The password for one database, if there is one.
    pub fn read(
        &self,
        host: &str,
        port: u16,
        database: &str,
        user: &str,
    ) -> Result<Option<Secret>, PasswordError> {
        match self {
            Self::None => Ok(None),
            Self::Given(secret) => Ok(Some(secret.clone())),
            Self::File(path) => read_secret(path)
                .map(Some)
                .map_err(|cause| PasswordError { path: path.display().to_string(), cause }),
            // libpq does not read one that others may read either
            Self::PassFile(path) => {
                match files::read_secret(path, limits::SECRET_FILE_BYTES).and_then(|bytes| text(&bytes)) {
                    Ok(text) => Ok(find(&text, [host, &port.to_string(), database, user])),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(cause) => Err(PasswordError { path: path.display().to_string(), cause }),
                }
            }
        }
    }
}

/// The first line whose four fields are equal or `*`. A Unix socket is `localhost` there.
fn find(text: &str, wanted: [&str; 4]) -> Option<Secret> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut fields = split(line).into_iter();
        let matches = wanted.iter().enumerate().all(|(index, wanted)| {
            fields.next().is_some_and(|field| {
                field == "*"
                    || field == *wanted
                    || (index == 0 && wanted.starts_with('/') && field == "localhost")
            })
        });
        fields.next().filter(|_| matches).map(Secret::new)
    })
}

/// Splits at colons; a backslash protects a colon or a backslash.
fn split(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => last(&mut fields).extend(letters.next()),
            ':' if fields.len() < 5 => fields.push(String::new()),
            other => last(&mut fields).push(other),
        }
    }
    fields
}

fn last(fields: &mut [String]) -> &mut String {
    let end = fields.len() - 1;
    &mut fields[end]
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn password(text: &str, wanted: [&str; 4]) -> Option<String> {
        find(text, wanted).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn a_password_file_of_libpq_that_others_may_read_is_named_and_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        crate::files::write_whole(&path, b"*:*:*:ann:two\n", crate::files::Access::Owner).unwrap();
        let read = |password: Password| password.read("db", 5432, "app", "ann");
        let found = read(Password::PassFile(path.clone())).unwrap();
        assert_eq!(found.unwrap().expose(), "two");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = read(Password::PassFile(path.clone())).unwrap_err().to_string();
        assert!(error.ends_with(&format!("chmod 600 {}", path.display())), "{error}");
        assert!(read(Password::PassFile(folder.path().join("none"))).unwrap().is_none());
    }

    #[test]
    fn the_first_matching_line_of_a_password_file_counts() {
        let text = "# a comment\ndb:5432:app:ann:one\n*:*:*:ann:t\\:wo:x\nlocalhost:*:*:bob:three\n";
        assert_eq!(password(text, ["db", "5432", "app", "ann"]).as_deref(), Some("one"));
        assert_eq!(password(text, ["db", "5433", "app", "ann"]).as_deref(), Some("t:wo:x"));
        assert_eq!(password(text, ["/run/postgresql", "5432", "app", "bob"]).as_deref(), Some("three"));
        assert_eq!(password(text, ["db", "5432", "app", "bob"]), None);
        assert_eq!(password("db:5432:app", ["db", "5432", "app", "ann"]), None);
    }
}
