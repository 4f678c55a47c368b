//! The integration tests, as one program: each links the whole tree, so that there is only one.
//!
//! They use the real parts: PostgreSQL, SQLite, redb, the programs themselves.

mod agent_outage;
mod agent_postgres;
mod agent_register;
mod agent_tls;
mod support;
