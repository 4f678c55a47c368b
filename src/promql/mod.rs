//! `PromQL`, the query language of Prometheus 2.42: read here, and evaluated over any [`Source`] of series.
//!
//! It guarantees: what it answers is what Prometheus answers over the same samples; one query reads, keeps and
//! takes no more than its [`Budget`]. It does not know native histograms, nor marks that a series has ended: a
//! series is there for five minutes after its last sample. It does no I/O of its own.

mod budget;
mod calendar;
mod error;
mod eval;
mod expr;
mod float;
mod functions;
mod histogram;
mod labels;
mod over_time;
mod parse;
mod query;
mod series;
mod text;

pub use budget::Budget;
pub use error::{Error, Result};
pub use expr::{Condition, Kind, Matcher, Selector};
pub use float::{put as put_number, write as write_number};
pub use labels::{BUCKET, Labels, NAME, is_label_name};
pub use parse::{parse_selector, tree};
pub use query::{Answer, Point, Query, See, Source};
pub use series::Sample;
