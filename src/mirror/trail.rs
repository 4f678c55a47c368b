//! The audit trail: appended to the mirror, entry by entry, in its order.
//!
//! It guarantees: an entry that the mirror has is never changed there. When the appliance was put back to an older
//! state, the entries that it lost stay, and its new ones join them.

use rusqlite::{OptionalExtension, Transaction, params};

use super::exact::fit;
use super::session::Session;
use super::tables::with_times;
use super::{MirrorError, Source};
use crate::limits::MIRROR_ROWS_AT_ONCE;
use crate::storage;

const COLUMNS: &str = "seq, id, time, actor_id, actor_name, actor_role, action, target_kind, target_id,
     target_name, reason, old_values, new_values, ip_address, user_agent, request_id, result, prev_hash, hash";

const SELECT: &str = "SELECT seq, json_object('seq', seq, 'id', substr(id, 5), 'time', {time},
     'actor_id', actor_id, 'actor_name', actor_name, 'actor_role', actor_role, 'action', action,
     'target_kind', target_kind, 'target_id', target_id, 'target_name', target_name, 'reason', reason,
     'old_values', json(old_values), 'new_values', json(new_values), 'ip_address', ip_address,
     'user_agent', user_agent, 'request_id', request_id, 'result', result,
     'prev_hash', lower(hex(prev_hash)), 'hash', lower(hex(hash)))
     FROM audit_log WHERE seq > ?1 ORDER BY seq LIMIT ?2";

impl Session {
    /// Finds where the trail of the mirror ends: at the beginning, when it is not this one.
    pub(super) async fn begin_trail(&mut self, source: &Source) -> Result<(), MirrorError> {
        let sql = "SELECT seq, hash FROM collector_audit_log WHERE site_id = $1 ORDER BY seq DESC LIMIT 1";
        let Some(newest) = self.client.query_opt(sql, &[&self.site_id]).await? else { return Ok(()) };
        let (seq, theirs): (i64, String) = (newest.get(0), newest.get(1));
        let ours = source.db.read(|tx| hash(tx, seq))?;
        self.trail_seq = if ours.as_deref() == Some(&*theirs) { seq } else { 0 };
        Ok(())
    }

    /// Appends entries, at most so many; says how many.
    pub(super) async fn copy_trail(&mut self, source: &Source) -> Result<usize, MirrorError> {
        let entries = source.db.read(|tx| entries(tx, self.trail_seq))?;
        let Some((last, _)) = entries.last() else { return Ok(0) };
        let texts: Vec<&str> = entries.iter().map(|(_, text)| text.as_str()).collect();
        let rows = format!("[{}]", texts.join(","));
        let sql = format!(
            "INSERT INTO collector_audit_log (site_id, {COLUMNS}) SELECT $1::text, {COLUMNS}
                 FROM json_populate_recordset(NULL::collector_audit_log, $2::text::json)
                 ON CONFLICT (id, site_id) DO NOTHING"
        );
        self.client.execute(&sql, &[&self.site_id, &&*fit(&rows).text]).await?;
        self.trail_seq = *last;
        Ok(entries.len())
    }
}

fn hash(tx: &Transaction<'_>, seq: i64) -> storage::Result<Option<String>> {
    let sql = "SELECT lower(hex(hash)) FROM audit_log WHERE seq = ?";
    Ok(tx.query_row(sql, [seq], |row| row.get(0)).optional()?)
}

fn entries(tx: &Transaction<'_>, behind: i64) -> storage::Result<Vec<(i64, String)>> {
    let mut statement = tx.prepare_cached(&with_times(SELECT))?;
    let entries =
        statement.query_map(params![behind, MIRROR_ROWS_AT_ONCE], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(entries.collect::<Result<_, _>>()?)
}
