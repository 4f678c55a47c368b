//! Which dashboards belong to a collector: a list that operators set as a whole.

use std::sync::Arc;

use rusqlite::{Transaction, params};
use serde_json::{Value, json};

use super::collectors::{Collectors, CollectorsError};
use crate::audit::{Action, AuditLog, Change, Origin};
use crate::ids::CollectorId;
use crate::storage::{self, Sqlite};

/// A dashboard of a collector. Which dashboards there are is not this program's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dashboard {
    pub id: String,
    pub name: String,
    /// Whether it was given by a rule and not by hand.
    pub auto_assign: bool,
}

/// The dashboards of all collectors.
#[derive(Clone)]
pub struct Dashboards {
    db: Arc<Sqlite>,
    audit: AuditLog,
    collectors: Collectors,
}

impl Dashboards {
    pub fn new(db: Arc<Sqlite>, audit: AuditLog, collectors: Collectors) -> Self {
        Self { db, audit, collectors }
    }

    /// In the order in which they were given.
    pub fn of(&self, id: CollectorId) -> Result<Vec<Dashboard>, CollectorsError> {
        self.db.read(|tx| {
            self.collectors.get_in(tx, id)?;
            Ok(select(tx, id)?)
        })
    }

    /// Puts a list in the place of the one that is there. No dashboard may stand in it twice.
    pub fn replace(
        &self,
        origin: &Origin,
        id: CollectorId,
        dashboards: &[Dashboard],
    ) -> Result<(), CollectorsError> {
        self.db.write(|tx| {
            let collector = self.collectors.get_in(tx, id)?;
            let before = select(tx, id)?;
            tx.prepare_cached("DELETE FROM collector_dashboards WHERE collector_id = ?")
                .and_then(|mut statement| statement.execute([id]))
                .map_err(storage::StoreError::from)?;
            for (dashboard, position) in dashboards.iter().zip(0..) {
                insert(tx, id, position, dashboard)?;
            }
            let entry = Change::new(Action::CollectorAssignDashboards, collector.target())
                .from_to(&audited(&before), &audited(dashboards));
            Ok(self.audit.append(tx, origin, entry)?)
        })
    }
}

fn audited(dashboards: &[Dashboard]) -> Value {
    let one = |dashboard: &Dashboard| {
        let Dashboard { id, name, auto_assign } = dashboard;
        json!({ "dashboard_id": id, "dashboard_name": name, "auto_assign": auto_assign })
    };
    json!({ "dashboards": dashboards.iter().map(one).collect::<Vec<_>>() })
}

// -- rows

fn select(tx: &Transaction<'_>, id: CollectorId) -> storage::Result<Vec<Dashboard>> {
    let sql = "SELECT dashboard_id, dashboard_name, auto_assign FROM collector_dashboards
         WHERE collector_id = ? ORDER BY position";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map([id], |row| {
        Ok(Dashboard { id: row.get(0)?, name: row.get(1)?, auto_assign: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn insert(
    tx: &Transaction<'_>,
    id: CollectorId,
    position: i64,
    dashboard: &Dashboard,
) -> storage::Result<()> {
    let sql =
        "INSERT INTO collector_dashboards(collector_id, position, dashboard_id, dashboard_name, auto_assign)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    let Dashboard { id: dashboard_id, name, auto_assign } = dashboard;
    tx.prepare_cached(sql)?.execute(params![id, position, dashboard_id, name, auto_assign])?;
    Ok(())
}
