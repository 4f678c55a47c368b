//! The agent's own log on its way to the daemon: what both processes say is gathered and sent in batches.
//!
//! It guarantees: what waits is bounded, what is dropped is counted and told, a batch is kept once by the daemon
//! however often it is sent, and what could not be sent outlives the agent. No line about the sending of lines is
//! sent, nor one of another library, so that it cannot feed on itself.

mod kept;
mod lines;
mod sender;
mod tap;

pub(super) use lines::Lines;
pub(super) use sender::LogSender;
pub(super) use tap::Tap;
