//! What a password may be.
//!
//! Length counts and commonness counts; there is no rule of composition.

use super::common_passwords;
use crate::crypto::Secret;
use crate::limits::PASSWORD_CHARS;

/// A password that may be set. Checked against the name of its user.
#[derive(Clone, Debug)]
pub struct NewPassword(Secret);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has at least {} characters", PASSWORD_CHARS.start())]
    TooShort,
    #[error("a password has at most {} characters", PASSWORD_CHARS.end())]
    TooLong,
    #[error("this password is one of the most common ones: choose another")]
    Common,
    #[error("a password is not the username")]
    IsUsername,
}

impl NewPassword {
    pub fn new(password: Secret, username: impl AsRef<str>) -> Result<Self, PasswordError> {
        let text = password.expose();
        let characters = text.chars().count();
        if characters < *PASSWORD_CHARS.start() {
            return Err(PasswordError::TooShort);
        }
        if characters > *PASSWORD_CHARS.end() {
            return Err(PasswordError::TooLong);
        }
        if common_passwords::reduces_to(text, username.as_ref()) {
            return Err(PasswordError::IsUsername);
        }
        if common_passwords::contains(text) {
            return Err(PasswordError::Common);
        }
        Ok(Self(password))
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), PasswordError> {
        NewPassword::new(Secret::new(password), "margaret.hamilton").map(|_| ())
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(check("elf letters"), Err(PasswordError::TooShort));
        assert_eq!(check("äöüß äöüß ä"), Err(PasswordError::TooShort));
        assert_eq!(check("äöüß äöüß äö"), Ok(()));
        assert_eq!(check(&"ab cd-".repeat(43)), Err(PasswordError::TooLong));
        assert_eq!(check(&format!("{} of 256", "x y".repeat(83))), Ok(()));
    }

    #[test]
    fn any_composition_will_do() {
        for password in ["purple mountain lamp", "kxqvwzjpbmtr", "7301946258037194"] {
            assert_eq!(check(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn common_ones_and_the_username_are_refused() {
        for password in ["password1234", "P@ssw0rd12345", "aaaaaaaaaaaa", "qwertyuiop123", "passwordpassword"]
        {
            assert_eq!(check(password), Err(PasswordError::Common), "{password}");
        }
        for password in ["margaret.hamilton", "Margaret.Hamilton1", "margaret.hamilton!2026"] {
            assert_eq!(check(password), Err(PasswordError::IsUsername), "{password}");
        }
    }
}
