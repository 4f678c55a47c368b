//! The agent: it collects beside one PostgreSQL server and sends what it measured, without losing it.
