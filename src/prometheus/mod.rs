//! The metrics of all collectors as Prometheus would have them: names, labels, and series of samples.
//!
//! It guarantees: a series is read only if its collector, its type and its name can fit what is asked for. It does
//! not know the query language beyond its selectors, nor HTTP.

mod answers;
mod known;
mod labelled;
mod members;
mod names;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod wish;

pub use answers::Answers;
pub use known::{KNOWN, Kind, Known};
pub use members::{Member, Members};
pub use names::{OF_REGISTRY, valid};
pub use store::Store;
pub use table::table;

use crate::metrics::QueryError;
use crate::registry::CollectorsError;

/// What could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Collectors(#[from] CollectorsError),
    #[error(transparent)]
    Metrics(#[from] QueryError),
}
