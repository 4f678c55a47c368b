//! Metrics that follow their collector: into the archive, back, or away; a bounded step at a time.
//!
//! It guarantees: what is to be moved stands in the mirror itself, so that a move goes on after whatever
//! interrupted it.

use uuid::Uuid;

use super::MirrorError;
use super::session::Session;
use crate::ids::CollectorId;

/// What is moved at once, of one collector: 360 pushes at one a minute.
const STEP: &str = "interval '6 hours'";
const COLUMNS: &str =
    "site_id, collector_id, received_at, first_seq, record_count, metric_data, metric_exact, checksum";
const LIVE: &str = "collector_metrics";
const ARCHIVE: &str = "collector_metrics_archive";

impl Session {
    /// Does a step of one move; says whether there was one.
    pub(super) async fn move_metrics(&mut self) -> Result<bool, MirrorError> {
        let sql = "SELECT id::text, metrics_move FROM collectors
             WHERE site_id = $1 AND metrics_move IS NOT NULL LIMIT 1";
        let Some(row) = self.client.query_opt(sql, &[&self.site_id]).await? else { return Ok(false) };
        let (id, to): (String, String) = (row.get(0), row.get(1));
        let has_more = match to.as_str() {
            "archive" => self.move_step(&id, LIVE, ARCHIVE).await?,
            "live" => self.move_step(&id, ARCHIVE, LIVE).await?,
            _ => self.remove_metrics(&id, i64::MAX).await?,
        };
        if has_more {
            return Ok(true);
        }
        if matches!(to.as_str(), "archive" | "live") {
            let done = "UPDATE collectors SET metrics_move = NULL
                 WHERE site_id = $1 AND id = $2::text::uuid AND metrics_move = $3";
            self.client.execute(done, &[&self.site_id, &id, &to]).await?;
        } else {
            self.remove_collector(&id).await?;
        }
        Ok(true)
    }

    /// Moves the oldest rows; says whether there were any.
    async fn move_step(&mut self, id: &str, from: &str, to: &str) -> Result<bool, MirrorError> {
        let Some(oldest) = self.oldest(id, from, i64::MAX).await? else { return Ok(false) };
        let sql = format!(
            "WITH moved AS (DELETE FROM {from} WHERE collector_id = $1::text::uuid AND site_id = $2
                 AND received_at < $3::text::timestamptz + {STEP} RETURNING {COLUMNS})
             INSERT INTO {to} ({COLUMNS}) SELECT {COLUMNS} FROM moved
             ON CONFLICT (collector_id, received_at, first_seq, site_id) DO NOTHING"
        );
        self.client.execute(&sql, &[&id, &self.site_id, &oldest]).await?;
        Ok(true)
    }

    /// Removes the oldest rows up to a sequence number, wherever they are; says whether there were any.
    pub(super) async fn remove_metrics(&mut self, id: &str, up_to: i64) -> Result<bool, MirrorError> {
        let mut has_any = false;
        for table in [LIVE, ARCHIVE] {
            let Some(oldest) = self.oldest(id, table, up_to).await? else { continue };
            has_any = true;
            let sql = format!(
                "DELETE FROM {table} WHERE collector_id = $1::text::uuid AND site_id = $2 AND first_seq <= $4
                     AND received_at < $3::text::timestamptz + {STEP}"
            );
            self.client.execute(&sql, &[&id, &self.site_id, &oldest, &up_to]).await?;
        }
        Ok(has_any)
    }

    async fn oldest(&self, id: &str, table: &str, up_to: i64) -> Result<Option<String>, MirrorError> {
        let sql = format!(
            "SELECT min(received_at)::text FROM {table}
                 WHERE collector_id = $1::text::uuid AND site_id = $2 AND first_seq <= $3"
        );
        Ok(self.client.query_one(&sql, &[&id, &self.site_id, &up_to]).await?.get(0))
    }

    async fn remove_collector(&mut self, id: &str) -> Result<(), MirrorError> {
        let tx = self.client.transaction().await?;
        for table in ["collector_dashboards", "collector_snapshots", "collector_actions"] {
            let sql = format!("DELETE FROM {table} WHERE collector_id = $1::text::uuid AND site_id = $2");
            tx.execute(&sql, &[&id, &self.site_id]).await?;
        }
        let sql = "DELETE FROM collectors WHERE id = $1::text::uuid AND site_id = $2";
        tx.execute(sql, &[&id, &self.site_id]).await?;
        Ok(tx.commit().await?)
    }

    /// Notes whose metrics belong into the archive.
    pub(super) async fn find_archived(&mut self) -> Result<(), MirrorError> {
        let sql = "SELECT id::text FROM collectors WHERE site_id = $1 AND state = 'archived'";
        let rows = self.client.query(sql, &[&self.site_id]).await?;
        let ids = rows.iter().filter_map(|row| Uuid::try_parse(row.get(0)).ok());
        self.archived = ids.map(CollectorId::from).collect();
        Ok(())
    }
}
