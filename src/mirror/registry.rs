//! The registry's rows: what its notes say has changed is read, written to the mirror, and then forgotten.
//!
//! It guarantees: a change is noted in its own transaction, and its note goes only when the mirror has the row as it
//! was then, or newer.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};

use super::exact::fit;
use super::session::Session;
use super::tables::{COLLECTORS, TABLES, Table};
use super::{MirrorError, Source};
use crate::limits::MIRROR_ROWS_AT_ONCE;
use crate::storage::{self, Sqlite, StoreError};

/// A row that changed.
struct Note {
    n: i64,
    kind: String,
    key: String,
}

/// Ends the notes when no mirror is wanted any more: there is no use in them, and they would grow.
pub fn forget(db: &Sqlite) -> storage::Result<()> {
    let is_noting = db.read(|tx| Ok::<_, StoreError>(link(tx)?.is_some()))?;
    if !is_noting {
        return Ok(());
    }
    db.write(|tx| Ok(tx.execute_batch("DELETE FROM mirror_link; DELETE FROM mirror_changes")?))
}

fn link(tx: &Transaction<'_>) -> storage::Result<Option<String>> {
    Ok(tx.query_row("SELECT link FROM mirror_link", [], |row| row.get(0)).optional()?)
}

/// The id of this appliance, which it keeps.
pub(super) fn appliance_id(db: &Sqlite) -> storage::Result<String> {
    db.write(|tx| {
        let new = {
            let mut bytes = [0; 16];
            crate::crypto::fill_random(&mut bytes);
            uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
        };
        tx.execute("INSERT INTO appliance(one, id) VALUES (1, ?) ON CONFLICT DO NOTHING", [new])?;
        Ok(tx.query_row("SELECT id FROM appliance", [], |row| row.get(0))?)
    })
}

impl Session {
    /// Notes everything, where this copy is not the one that the notes are for, or went back in time. Rows that the
    /// registry does not have any more go from the mirror.
    pub(super) async fn begin_registry(
        &mut self,
        source: &Source,
        name: &str,
        is_known: bool,
    ) -> Result<(), MirrorError> {
        let noted_for = source.db.read(link)?;
        if is_known && noted_for.as_deref() == Some(name) {
            return Ok(());
        }
        source.db.write(|tx| {
            tx.execute_batch(
                "DELETE FROM mirror_link; DELETE FROM mirror_changes;
                 INSERT INTO mirror_changes(kind, key) SELECT 'group', id FROM groups;
                 INSERT INTO mirror_changes(kind, key) SELECT 'collector', id FROM collectors;
                 INSERT INTO mirror_changes(kind, key) SELECT DISTINCT 'dashboards', collector_id
                     FROM collector_dashboards;
                 INSERT INTO mirror_changes(kind, key) SELECT DISTINCT 'snapshots', collector_id
                     FROM config_versions;
                 INSERT INTO mirror_changes(kind, key) SELECT 'action', id FROM actions;",
            )?;
            // notes are written from here on; they are for this copy when the rest was done as well
            tx.execute("INSERT INTO mirror_link(one, link) VALUES (1, '')", [])?;
            Ok::<_, StoreError>(())
        })?;
        // what changes from here on is noted, so what is read now is no older than that
        let ids = |sql: &str| {
            source.db.read(|tx| Ok::<String, StoreError>(tx.query_row(sql, [], |row| row.get(0))?))
        };
        let collectors = ids("SELECT json_group_array(substr(id, 5)) FROM collectors")?;
        let groups = ids("SELECT json_group_array(substr(id, 5)) FROM groups")?;
        let among = "id NOT IN (SELECT value::uuid FROM json_array_elements_text($2::text::json) AS value)";
        let gone =
            format!("UPDATE collectors SET metrics_move = 'gone' WHERE site_id = $1::text AND {among}");
        self.client.execute(&gone, &[&self.site_id, &collectors]).await?;
        let gone = format!("DELETE FROM collector_groups WHERE site_id = $1::text AND {among}");
        self.client.execute(&gone, &[&self.site_id, &groups]).await?;
        source.db.write(|tx| Ok::<_, StoreError>(tx.execute("UPDATE mirror_link SET link = ?", [name])?))?;
        Ok(())
    }

    /// Copies rows that have changed, at most so many; says how many.
    pub(super) async fn copy_registry(&mut self, source: &Source) -> Result<usize, MirrorError> {
        let notes = source.db.read(|tx| notes(tx, MIRROR_ROWS_AT_ONCE))?;
        if notes.is_empty() {
            return Ok(0);
        }
        for table in &TABLES {
            let keys: Vec<&str> =
                notes.iter().filter(|note| note.kind == table.kind).map(|note| note.key.as_str()).collect();
            if !keys.is_empty() {
                let rows = source.db.read(|tx| rows(tx, table, &keys))?;
                self.write_rows(table, &rows).await?;
            }
        }
        for note in notes.iter().filter(|note| note.kind == COLLECTORS.kind) {
            if let Ok(collector) = note.key.parse() {
                self.forget_standing(collector);
            }
        }
        if notes.iter().any(|note| note.kind == COLLECTORS.kind) {
            self.find_archived().await?;
        }
        source.db.write(|tx| {
            let mut delete = tx.prepare_cached("DELETE FROM mirror_changes WHERE n = ?")?;
            notes.iter().try_for_each(|note| delete.execute([note.n]).map(|_| ()))?;
            Ok::<_, StoreError>(())
        })?;
        Ok(notes.len())
    }

    async fn write_rows(&mut self, table: &Table, rows: &Rows) -> Result<(), MirrorError> {
        let tx = self.client.transaction().await?;
        let absent: Vec<&str> = rows
            .iter()
            .filter(|(_, rows)| rows.is_empty() || table.is_list)
            .map(|(key, _)| bare(key))
            .collect();
        if !absent.is_empty() {
            let absent = serde_json::json!(absent).to_string();
            let sql = remove(table);
            tx.execute(&sql, &[&self.site_id, &absent]).await?;
        }
        let texts: Vec<&str> = rows.values().flatten().map(String::as_str).collect();
        if !texts.is_empty() {
            let list = format!("[{}]", texts.join(","));
            tx.execute(&table.upsert(), &[&self.site_id, &&*fit(&list).text]).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// What happens to rows that the registry does not have. Those of a collector go when its metrics are gone.
fn remove(table: &Table) -> String {
    let these = format!(
        "WHERE site_id = $1::text AND {} IN
             (SELECT value::uuid FROM json_array_elements_text($2::text::json) AS value)",
        table.noted
    );
    if table.name == COLLECTORS.name {
        format!("UPDATE collectors SET metrics_move = 'gone' {these}")
    } else {
        format!("DELETE FROM {} {these}", table.name)
    }
}

/// The rows of each key, as JSON objects.
type Rows = BTreeMap<String, Vec<String>>;

fn rows(tx: &Transaction<'_>, table: &Table, keys: &[&str]) -> storage::Result<Rows> {
    let mut statement = tx.prepare_cached(&table.select())?;
    let mut found = Rows::new();
    for key in keys {
        let rows = statement.query_map([key], |row| row.get(0))?;
        found.insert((*key).to_owned(), rows.collect::<Result<_, _>>()?);
    }
    Ok(found)
}

fn notes(tx: &Transaction<'_>, most: usize) -> storage::Result<Vec<Note>> {
    let mut statement = tx.prepare_cached("SELECT n, kind, key FROM mirror_changes ORDER BY n LIMIT ?")?;
    let notes = statement
        .query_map(params![most], |row| Ok(Note { n: row.get(0)?, kind: row.get(1)?, key: row.get(2)? }))?;
    Ok(notes.collect::<Result<_, _>>()?)
}

/// An id without its prefix.
fn bare(id: &str) -> &str {
    id.split_once('_').map_or(id, |(_, uuid)| uuid)
}
