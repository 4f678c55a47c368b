//! The way to the daemon: one HTTP client, an access token that is renewed in time, and the sender that
//! empties the spool.
//!
//! Invariant: a batch is deleted only after the daemon has answered 200 or 201 for it.

mod backoff;
mod client;
mod long_token;
mod order;
mod sender;
mod verdict;

pub(super) use backoff::Backoff;
pub(super) use client::{Client, ClientError, http_client, read_file, reply_of};
pub(super) use sender::Sender;
pub(super) use verdict::Verdict;
