//! Groups of collectors, with a color and an icon.

use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::json;

use crate::audit::{Action, AuditLog, Change, Origin, Target};
use crate::clock::{Clock, Timestamp};
use crate::ids::{GroupId, IdSource};
use crate::storage::{self, Sqlite, StoreError};

/// The groups that exist from the start: name, color, icon.
const FIRST_GROUPS: [(&str, &str, &str); 7] = [
    ("AWS RDS", "#FF9900", "cloud"),
    ("On-Premises", "#146EB4", "server"),
    ("GCP Cloud SQL", "#4285F4", "cloud"),
    ("Azure Database", "#0078D4", "cloud"),
    ("Development", "#28A745", "code"),
    ("Staging", "#FFC107", "flask"),
    ("Production", "#DC3545", "shield"),
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    pub description: String,
    /// `#RRGGBB`.
    pub color: String,
    pub icon: String,
    pub display_order: i64,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

/// A checked request to create a group.
#[derive(Clone, Debug)]
pub struct NewGroup {
    pub name: String,
    pub description: String,
    pub color: String,
    pub icon: String,
    /// At the end where it is not given.
    pub display_order: Option<i64>,
}

/// A checked request to change a group; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct GroupChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub color: Option<String>,
    pub icon: Option<String>,
    pub display_order: Option<i64>,
}

#[derive(Debug, thiserror::Error)]
pub enum GroupsError {
    #[error("a group named {0} exists already")]
    NameTaken(String),
    #[error("there is no group {0}")]
    NotFound(GroupId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The groups in the registry.
#[derive(Clone)]
pub struct Groups {
    db: Arc<Sqlite>,
    audit: AuditLog,
    clock: Clock,
    ids: IdSource,
}

impl Groups {
    pub fn new(db: Arc<Sqlite>, audit: AuditLog, clock: Clock, ids: IdSource) -> Self {
        Self { db, audit, clock, ids }
    }

    /// Creates the first groups in a registry that has never had any.
    pub fn create_first(&self) -> Result<(), GroupsError> {
        let origin = Origin::system();
        self.db.write(|tx| {
            if was_ever_filled(tx)? {
                return Ok(());
            }
            for (name, color, icon) in FIRST_GROUPS {
                let new = NewGroup {
                    name: name.to_owned(),
                    description: String::new(),
                    color: color.to_owned(),
                    icon: icon.to_owned(),
                    display_order: None,
                };
                self.create_in(tx, &origin, new)?;
            }
            Ok(())
        })
    }

    pub fn list(&self) -> Result<Vec<Group>, GroupsError> {
        self.db.read(|tx| Ok(all(tx)?))
    }

    pub fn create(&self, origin: &Origin, new: NewGroup) -> Result<Group, GroupsError> {
        self.db.write(|tx| self.create_in(tx, origin, new))
    }

    fn create_in(&self, tx: &Transaction<'_>, origin: &Origin, new: NewGroup) -> Result<Group, GroupsError> {
        let now = self.clock.now();
        let group = Group {
            id: self.ids.next(now),
            name: new.name,
            description: new.description,
            color: new.color,
            icon: new.icon,
            display_order: new.display_order.map_or_else(|| next_display_order(tx), Ok)?,
            created_at: now,
            modified_at: now,
        };
        insert(tx, &group).map_err(|error| name_taken(error, &group.name))?;
        let change = Change::new(Action::GroupCreate, target(&group)).from_to(&json!({}), &audited(&group));
        self.audit.append(tx, origin, change)?;
        Ok(group)
    }

    /// Changes a group's fields.
    pub fn update(&self, origin: &Origin, id: GroupId, change: GroupChange) -> Result<Group, GroupsError> {
        self.db.write(|tx| {
            let old = by_id(tx, id)?.ok_or(GroupsError::NotFound(id))?;
            let before = old.clone();
            let group = Group {
                name: change.name.unwrap_or(before.name),
                description: change.description.unwrap_or(before.description),
                color: change.color.unwrap_or(before.color),
                icon: change.icon.unwrap_or(before.icon),
                display_order: change.display_order.unwrap_or(before.display_order),
                modified_at: self.clock.now(),
                ..before
            };
            update(tx, &group).map_err(|error| name_taken(error, &group.name))?;
            let change =
                Change::new(Action::GroupUpdate, target(&group)).from_to(&audited(&old), &audited(&group));
            self.audit.append(tx, origin, change)?;
            Ok(group)
        })
    }

    /// Deletes a group; its collectors stay, without a group.
    pub fn delete(&self, origin: &Origin, id: GroupId) -> Result<(), GroupsError> {
        self.db.write(|tx| {
            let old = by_id(tx, id)?.ok_or(GroupsError::NotFound(id))?;
            tx.execute("DELETE FROM groups WHERE id = ?", [id]).map_err(StoreError::from)?;
            let change = Change::new(Action::GroupDelete, target(&old)).from_to(&audited(&old), &json!({}));
            Ok(self.audit.append(tx, origin, change)?)
        })
    }
}

fn target(group: &Group) -> Target {
    Target::new("group", group.id, &group.name)
}

fn audited(group: &Group) -> serde_json::Value {
    json!({
        "name": group.name,
        "description": group.description,
        "color": group.color,
        "icon": group.icon,
        "display_order": group.display_order,
    })
}

fn name_taken(error: StoreError, name: &str) -> GroupsError {
    if error.is_duplicate() { GroupsError::NameTaken(name.to_owned()) } else { error.into() }
}

// -- rows

const COLUMNS: &str = "id, name, description, color, icon, display_order, created_at, modified_at";

fn was_ever_filled(tx: &Transaction<'_>) -> storage::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM audit_log WHERE action = 'group.create')";
    Ok(tx.query_row(sql, [], |row| row.get(0))?)
}

fn next_display_order(tx: &Transaction<'_>) -> storage::Result<i64> {
    let sql = "SELECT coalesce(max(display_order), 0) + 1 FROM groups";
    Ok(tx.query_row(sql, [], |row| row.get(0))?)
}

fn insert(tx: &Transaction<'_>, group: &Group) -> storage::Result<()> {
    let sql = format!("INSERT INTO groups({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    let Group { id, name, description, color, icon, display_order, created_at, modified_at } = group;
    tx.execute(&sql, params![id, name, description, color, icon, display_order, created_at, modified_at])?;
    Ok(())
}

fn update(tx: &Transaction<'_>, group: &Group) -> storage::Result<()> {
    let Group { id, name, description, color, icon, display_order, modified_at, .. } = group;
    tx.execute(
        "UPDATE groups SET name = ?2, description = ?3, color = ?4, icon = ?5, display_order = ?6,
             modified_at = ?7 WHERE id = ?1",
        params![id, name, description, color, icon, display_order, modified_at],
    )?;
    Ok(())
}

fn all(tx: &Transaction<'_>) -> storage::Result<Vec<Group>> {
    let sql = format!("SELECT {COLUMNS} FROM groups ORDER BY display_order, name");
    let mut statement = tx.prepare_cached(&sql)?;
    let groups = statement.query_map([], from_row)?;
    Ok(groups.collect::<Result<_, _>>()?)
}

fn by_id(tx: &Transaction<'_>, id: GroupId) -> storage::Result<Option<Group>> {
    let sql = format!("SELECT {COLUMNS} FROM groups WHERE id = ?");
    Ok(tx.prepare_cached(&sql)?.query_row([id], from_row).optional()?)
}

/// The group of that id or name.
pub(super) fn find(tx: &Transaction<'_>, id_or_name: &str) -> storage::Result<Option<Group>> {
    let sql = format!("SELECT {COLUMNS} FROM groups WHERE id = ?1 OR name = ?1");
    Ok(tx.prepare_cached(&sql)?.query_row([id_or_name], from_row).optional()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group {
        id: row.get(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        color: row.get(3)?,
        icon: row.get(4)?,
        display_order: row.get(5)?,
        created_at: row.get(6)?,
        modified_at: row.get(7)?,
    })
}
