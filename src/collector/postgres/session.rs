//! One connection to one database. Whoever opens it closes it: a dropped one ends with its last statement.

use std::fmt;

use tokio_postgres::Transaction;

use super::PostgresError;
use super::error::quoted;
use crate::limits::{LOCK_TIME, SOURCE_TIME, STATEMENT_TIME};
use crate::postgres::Connected;

const OLDEST_SUPPORTED: u32 = 130_000;

pub(crate) struct Session {
    connected: Connected,
    pub(crate) version: Version,
}

/// The server's version, by which views are chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// As in `server_version_num`: 150014 for 15.14.
    pub(crate) number: u32,
    text: String,
}

impl Version {
    /// From what the server says of itself: `15.14 (Debian 15.14-1)`, `18beta1`.
    fn parse(text: &str) -> Self {
        let number = text.split_whitespace().next().unwrap_or_default();
        let mut parts =
            number.split(|letter: char| !letter.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
        let major: u32 = parts.next().unwrap_or(0);
        let minor: u32 = parts.next().unwrap_or(0);
        Self { number: major.saturating_mul(10_000).saturating_add(minor), text: text.to_owned() }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL {}", self.text)
    }
}

impl Session {
    pub(super) fn new(connected: Connected) -> Self {
        let version = Version::parse(&connected.server_version);
        Self { connected, version }
    }

    /// A transaction that can change nothing, and that the server ends if we do not.
    pub(crate) async fn read_only(&mut self) -> Result<Transaction<'_>, PostgresError> {
        if self.version.number < OLDEST_SUPPORTED {
            return Err(PostgresError::TooOld(self.version.text.clone()));
        }
        let transaction = self.connected.client.build_transaction().read_only(true).start().await?;
        // names are looked up in the catalog only, whatever the database's owner has put before it
        transaction
            .batch_execute(&format!(
                "SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; \
                 SET LOCAL idle_in_transaction_session_timeout = {}; SET LOCAL search_path = pg_catalog",
                STATEMENT_TIME.as_millis(),
                LOCK_TIME.as_millis(),
                SOURCE_TIME.as_millis(),
            ))
            .await?;
        Ok(transaction)
    }

    /// All databases that the user may connect to, templates excepted, by name.
    pub(super) async fn databases(&mut self, limit: usize) -> Result<Vec<String>, PostgresError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let transaction = self.read_only().await?;
        let rows = transaction
            .query(
                "SELECT datname::text FROM pg_database \
                 WHERE datallowconn AND NOT datistemplate AND has_database_privilege(oid, 'CONNECT') \
                 ORDER BY 1 LIMIT $1",
                &[&limit],
            )
            .await?;
        transaction.commit().await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }

    /// The statements that would give the user the rights that it lacks on this server.
    pub(crate) async fn missing_grants(&mut self, user: &str) -> Result<Vec<String>, PostgresError> {
        let transaction = self.read_only().await?;
        let row =
            transaction.query_one("SELECT pg_has_role(current_user, 'pg_monitor', 'USAGE')", &[]).await?;
        transaction.commit().await?;
        let watches: bool = row.try_get(0)?;
        Ok(if watches { Vec::new() } else { vec![format!("GRANT pg_monitor TO {};", quoted(user))] })
    }

    pub(crate) async fn close(self) {
        self.connected.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_servers_say() {
        let number = |text| Version::parse(text).number;
        assert_eq!(number("15.14 (Debian 15.14-0+deb12u1)"), 150_014);
        assert_eq!(number("18beta1"), 180_000);
        assert_eq!(number("13.22"), 130_022);
        assert_eq!(number(""), 0);
    }
}
