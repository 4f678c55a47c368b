//! `pg_replication`: slots, standbys, subscriptions, write-ahead log and the distance to wraparound of the whole
//! server. Asked once, in whichever database answers first.
//!
//! What the user may not ask is named in `collection_errors`, with the right that is missing.

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;
use tokio_postgres::Transaction;

use super::rows::{Rows, rows};
use crate::clock::Timestamp;
use crate::collector::collection::to_document;
use crate::collector::host::as_f64;
use crate::collector::postgres::{PostgresError, Session};
use crate::limits::{DATABASES, REPLICATION_ROWS};

const MIB: u64 = 1 << 20;

/// The newest position in the log that this server has.
const POSITION: &str =
    "CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                             ELSE pg_current_wal_lsn() END";

/// Remembers the last position in the log, to tell how fast it grows.
#[derive(Default)]
pub(crate) struct PgReplication {
    last: Option<(u64, Instant)>,
}

#[derive(Serialize)]
struct Document {
    r#type: &'static str,
    timestamp: Timestamp,
    is_in_recovery: bool,
    /// Of a standby, since the last transaction that it has replayed.
    replay_delay_seconds: Option<f64>,
    replication_slots: Rows,
    replication_status: Rows,
    logical_subscriptions: Rows,
    wal_status: WalStatus,
    wraparound_risk: Rows,
    collection_errors: Vec<String>,
}

/// What the user may not ask is null, and so is the growth when there is nothing to compare with.
#[derive(Serialize)]
struct WalStatus {
    total_segments: Option<i64>,
    /// What was written since the last checkpoint.
    current_wal_size_mb: Option<f64>,
    wal_directory_size_mb: Option<f64>,
    segments_since_checkpoint: Option<i64>,
    growth_rate_mb_per_hour: Option<f64>,
    position_bytes: Option<u64>,
}

impl PgReplication {
    pub(crate) async fn document(
        &mut self,
        session: &mut Session,
        now: Timestamp,
    ) -> Result<Box<RawValue>, PostgresError> {
        let version = session.version.number;
        let transaction = session.read_only().await?;
        let mut collection_errors = Vec::new();
        let recovery = transaction.query_one(RECOVERY, &[]).await?;
        let document = Document {
            r#type: "pg_replication",
            timestamp: now,
            is_in_recovery: recovery.try_get(0)?,
            replay_delay_seconds: recovery.try_get(1)?,
            replication_slots: rows(&transaction, &slots(version), &[&REPLICATION_ROWS]).await?,
            replication_status: rows(&transaction, &standbys(), &[&REPLICATION_ROWS]).await?,
            logical_subscriptions: rows(&transaction, &subscriptions(version), &[&REPLICATION_ROWS]).await?,
            wal_status: self.wal_status(&transaction, &mut collection_errors).await?,
            wraparound_risk: rows(&transaction, WRAPAROUND, &[&i64::try_from(DATABASES).unwrap_or(i64::MAX)])
                .await?,
            collection_errors,
        };
        transaction.commit().await?;
        Ok(to_document(&document)?)
    }

    async fn wal_status(
        &mut self,
        transaction: &Transaction<'_>,
        errors: &mut Vec<String>,
    ) -> Result<WalStatus, PostgresError> {
        let row = transaction.query_one(&wal_position(), &[]).await?;
        let position = row.try_get::<_, Option<i64>>(0)?.and_then(|position| u64::try_from(position).ok());
        let may_list: bool = row.try_get(2)?;
        let (since_checkpoint, segment_bytes) = if row.try_get(1)? {
            let row = transaction.query_one(&since_checkpoint(), &[]).await?;
            (row.try_get::<_, Option<i64>>(0)?, row.try_get::<_, i64>(1)?)
        } else {
            errors.push(
                "wal_status: the last checkpoint is not shown; needs EXECUTE on pg_control_checkpoint()"
                    .to_owned(),
            );
            (None, 1)
        };
        let (total_segments, directory_bytes) = if may_list {
            let row = transaction.query_one(WAL_FILES, &[]).await?;
            (Some(row.try_get::<_, i64>(0)?), Some(row.try_get::<_, i64>(1)?))
        } else {
            errors.push("wal_status: the files of the log are not shown; needs pg_monitor".to_owned());
            (None, None)
        };
        Ok(WalStatus {
            total_segments,
            current_wal_size_mb: since_checkpoint.map(megabytes),
            wal_directory_size_mb: directory_bytes.map(megabytes),
            segments_since_checkpoint: since_checkpoint.map(|bytes| bytes / segment_bytes.max(1)),
            growth_rate_mb_per_hour: position.and_then(|position| self.growth(position, Instant::now())),
            position_bytes: position,
        })
    }

    /// In MiB an hour since the last time; `None` at first, and after the log has started anew.
    fn growth(&mut self, position: u64, now: Instant) -> Option<f64> {
        let (earlier, at) = self.last.replace((position, now))?;
        let hours = now.duration_since(at).as_secs_f64() / 3600.0;
        let grown = position.checked_sub(earlier)?;
        (hours > 0.0).then(|| as_f64(grown) / as_f64(MIB) / hours)
    }
}

/// With two digits.
fn megabytes(bytes: i64) -> f64 {
    (as_f64(u64::try_from(bytes).unwrap_or(0)) / as_f64(MIB) * 100.0).round() / 100.0
}

const RECOVERY: &str = "
    SELECT pg_is_in_recovery(),
           CASE WHEN NOT pg_is_in_recovery() THEN NULL
                WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
                ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END::float8";

const WAL_FILES: &str = "
    SELECT count(*) FILTER (WHERE name ~ '^[0-9A-F]{24}$'), coalesce(sum(size), 0)::bigint
      FROM pg_ls_waldir()";

fn wal_position() -> String {
    format!(
        "SELECT (({POSITION}) - '0/0')::bigint,
                has_function_privilege('pg_control_checkpoint()', 'EXECUTE'),
                has_function_privilege('pg_ls_waldir()', 'EXECUTE')"
    )
}

fn since_checkpoint() -> String {
    format!(
        "SELECT greatest(({POSITION}) - redo_lsn, 0)::bigint,
                (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size')
           FROM pg_control_checkpoint()"
    )
}

fn slots(version: u32) -> String {
    let mut more = String::new();
    let mut since = |since: u32, columns: &str| {
        if version >= since {
            more.push_str(columns);
        }
    };
    since(140_000, ", s.two_phase");
    since(160_000, ", s.conflicting");
    since(170_000, ", s.invalidation_reason, s.inactive_since, s.synced, s.failover");
    format!(
        "SELECT slot_name::text AS slot_name, slot_type, active, restart_lsn::text AS restart_lsn,
                confirmed_flush_lsn::text AS confirmed_flush_lsn,
                round(greatest(({POSITION}) - restart_lsn, 0) / 1048576.0, 2)::float8 AS wal_retained_mb,
                coalesce(active AND plugin IS NOT NULL, false) AS plugin_active,
                active_pid AS backend_pid,
                greatest(({POSITION}) - restart_lsn, 0)::bigint AS bytes_retained,
                plugin::text AS plugin, database::text AS database, temporary, wal_status, safe_wal_size,
                age(xmin) AS xmin_age, age(catalog_xmin) AS catalog_xmin_age{more}
           FROM pg_replication_slots s
          ORDER BY 1 LIMIT $1"
    )
}

fn standbys() -> String {
    let milliseconds =
        |lag: &str| format!("coalesce(extract(epoch FROM {lag}) * 1000, 0)::bigint AS {lag}_ms");
    let lags = ["write_lag", "flush_lag", "replay_lag"].map(milliseconds).join(", ");
    format!(
        "SELECT pid AS server_pid, usename::text AS usename, application_name, state, sync_state,
                sent_lsn::text AS sent_lsn, write_lsn::text AS write_lsn, flush_lsn::text AS flush_lsn,
                replay_lsn::text AS replay_lsn, {lags},
                round(behind / 1048576.0, 2)::float8 AS behind_by_mb, behind::bigint AS behind_by_bytes,
                coalesce(client_addr::text, '') AS client_addr, backend_start, reply_time
           FROM (SELECT *, CASE WHEN replay_lsn IS NOT NULL THEN greatest(({POSITION}) - replay_lsn, 0) END AS behind
                   FROM pg_stat_replication) AS standby
          ORDER BY application_name, pid LIMIT $1"
    )
}

/// The workers that copy tables at the start count, but the one that follows the log is the one that is shown.
fn subscriptions(version: u32) -> String {
    // before 15 everybody may see a subscription's name, but not its oid
    let same = if version < 150_000 { "s.subname = w.subname" } else { "s.oid = w.subid" };
    format!(
        "SELECT DISTINCT ON (w.subid) w.subname::text AS subscription_name, w.subname::text AS sub_name,
                CASE WHEN NOT o.subenabled THEN 'disabled' WHEN w.pid IS NULL THEN 'stopped'
                     ELSE 'running' END AS sub_state,
                w.received_lsn::text AS received_lsn, w.latest_end_lsn::text AS latest_end_lsn,
                w.last_msg_receipt_time, w.last_msg_send_time, w.pid AS worker_pid,
                count(w.pid) OVER (PARTITION BY w.subid) AS worker_count, o.datname::text AS database
           FROM pg_stat_subscription w
           LEFT JOIN LATERAL (
                SELECT d.datname, s.subenabled
                  FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
                 WHERE {same} ORDER BY d.oid LIMIT 1) AS o ON true
          ORDER BY w.subid, w.relid NULLS FIRST, w.pid LIMIT $1"
    )
}

/// Tables are counted in the database that is asked; of the others it is not known.
const WRAPAROUND: &str = "
    WITH wraparound AS (SELECT 2147483648 AS after, current_setting('autovacuum_freeze_max_age')::bigint AS freeze)
    SELECT datname::text AS database, datfrozenxid::text::bigint AS relfrozenxid,
           (datfrozenxid::text::bigint + age(datfrozenxid)) % 4294967296 AS current_xid,
           w.after - age(datfrozenxid) AS xid_until_wraparound,
           round(100.0 * (w.after - age(datfrozenxid)) / w.after, 2)::float8 AS percent_until_wraparound,
           w.after - age(datfrozenxid) < w.after / 5 AS at_risk,
           CASE WHEN datname = current_database() THEN (
               SELECT count(*) FROM pg_class
                WHERE relkind IN ('r', 'm', 't') AND age(relfrozenxid) > w.freeze) END AS tables_needing_vacuum,
           age(datfrozenxid)::bigint AS oldest_table_age,
           mxid_age(datminmxid)::bigint AS oldest_multixact_age
      FROM pg_database, wraparound w
     ORDER BY age(datfrozenxid) DESC, datname LIMIT $1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_grows_by_the_hour_and_a_new_log_tells_nothing() {
        let mut probe = PgReplication::default();
        let start = Instant::now();
        let half_hours = |number: u32| start + std::time::Duration::from_mins(30) * number;
        assert_eq!(probe.growth(100 * MIB, start), None);
        let grown = probe.growth(150 * MIB, half_hours(1)).unwrap();
        assert!((grown - 100.0).abs() < 1e-9, "{grown}");
        assert_eq!(probe.growth(MIB, half_hours(2)), None);
    }
}
