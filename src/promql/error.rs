//! Why a query has no answer.

use std::time::Duration;

use crate::limits;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is no query.
    #[error("parse error: {0}")]
    Parse(String),
    /// A parameter beside the query is wrong.
    #[error("{0}")]
    Parameter(String),
    /// The query is one, but what it asks for cannot be computed from these series.
    #[error("{0}")]
    Execution(String),
    #[error(
        "the query would read more than {} samples: match fewer series or ask for less time",
        limits::PROMQL_SAMPLES
    )]
    TooManySamples,
    #[error(
        "the query would compute more than {} values: match fewer series, or give a longer step or a shorter range",
        limits::PROMQL_VALUES
    )]
    TooManyValues,
    #[error("the query matches more than {} series: match fewer", limits::PROMQL_SERIES)]
    TooManySeries,
    #[error("the query took longer than {0:?}")]
    Timeout(Duration),
    #[error("the query was given up, as nobody waits for its answer")]
    Canceled,
    /// What could not be read; its cause is the source's own.
    #[error(transparent)]
    Source(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub fn execution(text: impl Into<String>) -> Self {
        Self::Execution(text.into())
    }
}

pub type Result<T> = std::result::Result<T, Error>;

/// Two results may not have the same labels at one moment.
pub fn same_labels() -> Error {
    Error::execution("vector cannot contain metrics with the same labelset")
}
