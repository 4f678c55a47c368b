//! What goes wrong between the agent and PostgreSQL, said so that a person knows what to do.

use tokio_postgres::error::SqlState;

use crate::collector::config::PasswordError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum PostgresError {
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error("cannot load the certificates for PostgreSQL: {0}")]
    Certificates(String),
    #[error("cannot reach {address}: {}", text(.cause))]
    Unreachable { address: String, cause: tokio_postgres::Error },
    #[error("{address} gave no answer within {seconds} s")]
    NoAnswer { address: String, seconds: u64 },
    #[error("TLS with {address} failed: {}", text(.cause))]
    Tls { address: String, cause: tokio_postgres::Error },
    /// The server said no to the connection.
    #[error("cannot open database {database} as {user}: {}{}", text(.cause), grant.as_ref().map(|grant| format!("; needs: {grant}")).unwrap_or_default())]
    Database { user: String, database: String, cause: tokio_postgres::Error, grant: Option<String> },
    #[error("{}", text(.0))]
    Query(#[from] tokio_postgres::Error),
    #[error("skipped: it did not answer in time")]
    TooSlow,
    #[error("PostgreSQL {0} is older than 13, the oldest that is supported")]
    TooOld(String),
    #[error("cannot write the document: {0}")]
    Document(#[from] serde_json::Error),
    #[error("{0} is not a question for a database")]
    NotAQuestion(&'static str),
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
        // the library keeps the kind to itself, but not its words
        if cause.to_string().contains("TLS") {
            Self::Tls { address, cause }
        } else {
            Self::Unreachable { address, cause }
        }
    }

    /// Whether the other databases of the server would fail in the same way.
    pub(crate) fn concerns_the_server(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NoAnswer { .. } | Self::Tls { .. } | Self::TooOld(_) => true,
            Self::Database { cause, .. } => cause.code() == Some(&SqlState::CANNOT_CONNECT_NOW),
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
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The server's own words where there are some; else the whole chain of causes.
fn text(error: &tokio_postgres::Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        let detail = refusal.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        return format!("{}{detail} [{}]", refusal.message(), refusal.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
