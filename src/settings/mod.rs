//! What configuration files and environments are made of, for both programs: every problem is told at once, each
//! with its field, value, rule and a hint, and never with a secret.

pub mod describe;
mod environment;
mod example;
#[cfg(test)]
pub(crate) mod held;
pub mod page;
mod section;
mod sizes;

use std::fmt;
use std::io::Read;
use std::path::Path;

pub use environment::Environment;
pub use section::{Found, Section};

use crate::limits::CONFIG_BYTES;

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub field: String,
    /// What stands there; absent where it is nothing, or may be a secret.
    pub value: Option<String>,
    pub rule: String,
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.field)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, ": {}", self.rule)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, " ({})", self.hint) }
    }
}

/// All that is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} problem(s)", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Reads a file as TOML. Without a file it is an empty table: everything comes from the environment.
pub fn read(file: Option<&Path>) -> Result<toml::Table, Problems> {
    let Some(path) = file else { return Ok(toml::Table::new()) };
    let whole_file = |rule: String, hint: &str| {
        let field = path.display().to_string();
        Problems(vec![Problem { field, value: None, rule, hint: hint.to_owned() }])
    };
    let text = read_bounded(path).map_err(|error| {
        let hint = "the user that the program runs as must be able to read it";
        whole_file(format!("cannot be read: {error}"), hint)
    })?;
    text.parse().map_err(|error| whole_file(not_toml(&text, &error), "see the packaged example"))
}

/// The error's own text would quote the line, and a line may hold a secret.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    format!("is not TOML at line {line}: {}", error.message().lines().next().unwrap_or_default())
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    let read = file.take(CONFIG_BYTES + 1).read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read > CONFIG_BYTES) {
        return Err(std::io::Error::other(format!("it is larger than {CONFIG_BYTES} bytes")));
    }
    Ok(text)
}
