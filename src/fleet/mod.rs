//! The fleet: how the collectors are doing, and what an administrator does with them.
//!
//! It joins what the nouns know one by one: a registration is a registry row, a token and an audit entry in
//! one transaction; a status is what the registry says and what the agent last said.

pub mod connection_test;
pub mod presence;
pub mod register;
pub mod status;

pub use connection_test::{Connection, ConnectionTest, ConnectionTestError, ConnectionTests};
pub use presence::{Presence, PresenceError, Seen};
pub use register::{RegisterError, Registered, Registrar};
pub use status::{Status, Verdict};
