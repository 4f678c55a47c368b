//! The HTTP API of Prometheus over the metrics of all collectors, as data sources use it.
//!
//! Paths, parameters, answers and errors are those of Prometheus, not those of the rest of our API: what a client of
//! Prometheus sends is taken, and what it does not know is not answered.

mod body;
mod client;
mod fixed;
mod labels;
mod params;
mod queries;
mod refusal;
mod tree;
mod turns;

pub(super) use client::note_connection;
pub(super) use fixed::{build_info, exemplars, format_query, metadata, parse_query, rules};
pub(super) use labels::{label_values, labels, series};
pub(super) use queries::{query, query_range};
pub(super) use refusal::refusal;
pub(super) use turns::Turns;

// what describes them in the OpenAPI document
pub(super) use fixed::{
    __path_build_info, __path_exemplars, __path_format_query, __path_metadata, __path_parse_query,
    __path_rules,
};
pub(super) use labels::{__path_label_values, __path_labels, __path_series};
pub(super) use queries::{__path_query, __path_query_range};

/// Whether a path is one of this API, or would be if it existed.
pub(super) fn is_its(path: &str) -> bool {
    path.starts_with("/prometheus/")
}
