//! What goes wrong between the agent and PostgreSQL, said so that a person knows what to do.

use tokio_postgres::error::SqlState;

use crate::collector::config::PasswordError;
use crate::postgres::{TlsError, in_words, is_tls};

#[derive(Debug, thiserror::Error)]
pub(crate) enum PostgresError {
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error("cannot read the authority of PostgreSQL's certificate: {0}")]
    Authorities(String),
    #[error(transparent)]
    Certificates(#[from] TlsError),
    #[error("cannot reach {address}: {}", in_words(.cause))]
    Unreachable { address: String, cause: tokio_postgres::Error },
    #[error("{address} gave no answer within {seconds} s")]
    NoAnswer { address: String, seconds: u64 },
    #[error("TLS with {address} failed: {}", in_words(.cause))]
    Tls { address: String, cause: tokio_postgres::Error },
    /// The server said no to the connection.
    #[error("cannot open database {database} as {user}: {}{}", in_words(.cause), grant.as_ref().map(|grant| format!("; needs: {grant}")).unwrap_or_default())]
    Database { user: String, database: String, cause: tokio_postgres::Error, grant: Option<String> },
    #[error("{}", in_words(.0))]
    Query(#[from] tokio_postgres::Error),
    #[error("skipped: it did not answer in time")]
    TooSlow,
    #[error("PostgreSQL {0} is older than 13, the oldest that is supported")]
    TooOld(String),
    #[error("cannot write the document: {0}")]
    Document(#[from] serde_json::Error),
}

impl PostgresError {
    pub(super) fn connecting(
        cause: tokio_postgres::Error,
        user: &str,
        database: &str,
        address: String,
    ) -> Self {
        if cause.as_db_error().is_some() {
            let grant = (cause.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE))
                .then(|| format!("GRANT CONNECT ON DATABASE {} TO {};", quoted(database), quoted(user)));
            return Self::Database { user: user.to_owned(), database: database.to_owned(), cause, grant };
        }
        if is_tls(&cause) { Self::Tls { address, cause } } else { Self::Unreachable { address, cause } }
    }

    /// Whether the other databases of the server would fail in the same way.
    pub(crate) fn concerns_the_server(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NoAnswer { .. } | Self::Tls { .. } | Self::TooOld(_) => true,
            Self::Database { cause, .. } => cause.code() == Some(&SqlState::CANNOT_CONNECT_NOW),
            _ => false,
        }
    }

    /// Whether only this question went wrong, and the session is good for others.
    pub(crate) fn concerns_the_question_only(&self) -> bool {
        match self {
            Self::Query(cause) => !cause.is_closed() && cause.code() != Some(&SqlState::ADMIN_SHUTDOWN),
            Self::Document(_) => true,
            _ => false,
        }
    }

    /// The statement that would help, where a right is missing.
    pub(crate) fn grant(&self) -> Option<&str> {
        match self {
            Self::Database { grant, .. } => grant.as_deref(),
            _ => None,
        }
    }
}

/// An SQL identifier in quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
