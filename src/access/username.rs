//! The names of users.

use std::fmt;

use crate::limits::USERNAME_CHARS;

/// A name that a user may have. Two that differ in case only are one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    #[error("a username is not empty")]
    Empty,
    #[error("a username has at most {USERNAME_CHARS} characters")]
    TooLong,
    #[error("a username has letters a to z, digits and . _ - @ + only, and begins with a letter or a digit")]
    Alphabet,
}

impl Username {
    pub fn new(text: impl Into<String>) -> Result<Self, UsernameError> {
        let text = text.into();
        let first = text.bytes().next().ok_or(UsernameError::Empty)?;
        if text.chars().count() > USERNAME_CHARS {
            return Err(UsernameError::TooLong);
        }
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte);
        if !first.is_ascii_alphanumeric() || !text.bytes().all(known) {
            return Err(UsernameError::Alphabet);
        }
        Ok(Self(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Username {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Username {
    type Err = UsernameError;

    fn from_str(text: &str) -> Result<Self, UsernameError> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for good in ["a", "ada.lovelace", "Ada_2", "ada+dba@example.org", &"x".repeat(64)] {
            assert!(Username::new(good).is_ok(), "{good}");
        }
        assert_eq!(Username::new(""), Err(UsernameError::Empty));
        assert_eq!(Username::new("x".repeat(65)), Err(UsernameError::TooLong));
        for bad in [".ada", "-ada", "ada lovelace", "ada\n", "ädä", "ada/../x", "<ada>", "ada\0"] {
            assert_eq!(Username::new(bad), Err(UsernameError::Alphabet), "{bad:?}");
        }
    }
}
