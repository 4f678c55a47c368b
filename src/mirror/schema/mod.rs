//! The tables of the mirror: numbered steps, run once in each database whichever appliance comes first, and never
//! edited once a release has run them.

use tokio_postgres::Client;

use super::MirrorError;

const MIGRATIONS: &[&str] = &[include_str!("0001_first.sql")];
/// The newest step.
pub(super) const VERSION: i32 = 1;
/// The lock under which tables are made, for all sites: `pgmirror` as a number.
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(8099559863420841842)";

/// Brings the tables up to date. Tables of a newer release are refused.
pub(super) async fn migrate(client: &mut Client, is_partitioned: bool) -> Result<(), MirrorError> {
    if version(client).await? == VERSION {
        return Ok(());
    }
    let tx = client.transaction().await?;
    tx.batch_execute(LOCK).await?;
    let table = "CREATE TABLE IF NOT EXISTS mirror_schema (version integer PRIMARY KEY,
         applied_at timestamptz NOT NULL DEFAULT now())";
    tx.batch_execute(table).await?;
    let found: i32 = tx.query_one("SELECT coalesce(max(version), 0) FROM mirror_schema", &[]).await?.get(0);
    if found > VERSION {
        return Err(MirrorError::Newer { found, known: VERSION });
    }
    for (number, sql) in (1..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
        let partitioned = if is_partitioned { "PARTITION BY RANGE (received_at)" } else { "" };
        tx.batch_execute(&sql.replace("{partitioned}", partitioned)).await?;
        tx.execute("INSERT INTO mirror_schema(version) VALUES ($1)", &[&number]).await?;
    }
    Ok(tx.commit().await?)
}

/// 0 where there is nothing yet.
async fn version(client: &Client) -> Result<i32, MirrorError> {
    let is_there = "SELECT to_regclass('mirror_schema') IS NOT NULL";
    if !client.query_one(is_there, &[]).await?.get::<_, bool>(0) {
        return Ok(0);
    }
    let found = "SELECT coalesce(max(version), 0) FROM mirror_schema";
    Ok(client.query_one(found, &[]).await?.get(0))
}
