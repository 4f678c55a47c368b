//! The small tables: how a row is read from the registry, and how it is written to the mirror.
//!
//! It guarantees: only the columns that are named here leave the registry, and none of them holds a secret.

/// A table of the mirror and what fills it.
pub(super) struct Table {
    /// What the registry's notes call its rows.
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    /// The columns by which a row is found, but for `site_id`.
    pub(super) key: &'static [&'static str],
    pub(super) columns: &'static [&'static str],
    /// Each row as a JSON object, of the thing whose key is the parameter.
    pub(super) select: &'static str,
    /// The column that has the key of a note.
    pub(super) noted: &'static str,
    /// The rows of a note are replaced by those that there are.
    pub(super) is_list: bool,
}

/// In the order in which they are written.
pub(super) const TABLES: [Table; 5] = [GROUPS, COLLECTORS, DASHBOARDS, SNAPSHOTS, ACTIONS];

const GROUPS: Table = Table {
    kind: "group",
    name: "collector_groups",
    key: &["id"],
    columns: &[
        "id",
        "name",
        "description",
        "color",
        "icon",
        "display_order",
        "created_at",
        "last_modified_at",
    ],
    select:
        "SELECT json_object('id', substr(id, 5), 'name', name, 'description', description, 'color', color,
         'icon', icon, 'display_order', display_order, 'created_at', {created_at},
         'last_modified_at', {modified_at}) FROM groups WHERE id = ?1",
    noted: "id",
    is_list: false,
};

pub(super) const COLLECTORS: Table = Table {
    kind: "collector",
    name: "collectors",
    key: &["id"],
    columns: &[
        "id",
        "name",
        "type",
        "environment",
        "group_id",
        "description",
        "host",
        "port",
        "database",
        "username",
        "ssl_mode",
        "tags",
        "collection_interval",
        "query_limit",
        "enabled_types",
        "log_level",
        "state",
        "under_way",
        "stop_reason",
        "stopped_until",
        "last_restart_at",
        "restart_count",
        "config_version",
        "config_error",
        "registered_by",
        "registered_at",
        "last_modified_at",
        "archived_at",
        "archived_by",
        "archive_reason",
        "archive_notes",
        "archive_metrics_count",
        "archive_expires_at",
    ],
    select: "SELECT json_object('id', substr(id, 5), 'name', name, 'type', type, 'environment', environment,
         'group_id', substr(group_id, 5), 'description', description, 'host', host, 'port', port,
         'database', database, 'username', username, 'ssl_mode', ssl_mode,
         'tags', json((SELECT json_group_array(tag ORDER BY position) FROM collector_tags
             WHERE collector_id = collectors.id)),
         'collection_interval', collection_interval, 'query_limit', query_limit,
         'enabled_types', json(enabled_types), 'log_level', log_level, 'state', state, 'under_way', under_way,
         'stop_reason', stop_reason, 'stopped_until', {stopped_until}, 'last_restart_at', {last_restart_at},
         'restart_count', restart_count, 'config_version', config_version, 'config_error', config_error,
         'registered_by', registered_by, 'registered_at', {registered_at},
         'last_modified_at', {last_modified_at}, 'archived_at', {archived_at}, 'archived_by', archived_by,
         'archive_reason', reason, 'archive_notes', notes, 'archive_metrics_count', metrics_count,
         'archive_expires_at', {expires_at})
         FROM collectors LEFT JOIN archives ON archives.collector_id = collectors.id WHERE id = ?1",
    noted: "id",
    is_list: false,
};

const DASHBOARDS: Table = Table {
    kind: "dashboards",
    name: "collector_dashboards",
    key: &["collector_id", "dashboard_id"],
    columns: &["collector_id", "dashboard_id", "dashboard_name", "position", "auto_assign"],
    select: "SELECT json_object('collector_id', substr(collector_id, 5), 'dashboard_id', dashboard_id,
         'dashboard_name', dashboard_name, 'position', position, 'auto_assign', auto_assign)
         FROM collector_dashboards WHERE collector_id = ?1 ORDER BY position",
    noted: "collector_id",
    is_list: true,
};

const SNAPSHOTS: Table = Table {
    kind: "snapshots",
    name: "collector_snapshots",
    key: &["collector_id", "config_version"],
    columns: &[
        "collector_id",
        "config_version",
        "taken_at",
        "taken_by",
        "snapshot",
        "applied_at",
        "refused_at",
        "refused_because",
    ],
    select: "SELECT json_object('collector_id', substr(collector_id, 5), 'config_version', version,
         'taken_at', {created_at}, 'taken_by', created_by, 'snapshot', json(config),
         'applied_at', {applied_at}, 'refused_at', {refused_at}, 'refused_because', refused_because)
         FROM config_versions WHERE collector_id = ?1 ORDER BY version",
    noted: "collector_id",
    is_list: false,
};

const ACTIONS: Table = Table {
    kind: "action",
    name: "collector_actions",
    key: &["id"],
    columns: &[
        "id",
        "collector_id",
        "action",
        "initiated_by",
        "reason",
        "stopped_until",
        "status",
        "requested_at",
        "started_at",
        "completed_at",
        "error_message",
        "detail",
        "operation_id",
    ],
    select: "SELECT json_object('id', substr(id, 5), 'collector_id', substr(collector_id, 5), 'action', kind,
         'initiated_by', actor_name, 'reason', reason, 'stopped_until', {stopped_until}, 'status', status,
         'requested_at', {requested_at}, 'started_at', {started_at}, 'completed_at', {completed_at},
         'error_message', error_message, 'detail', detail, 'operation_id', substr(operation_id, 4))
         FROM actions WHERE id = ?1",
    noted: "id",
    is_list: false,
};

impl Table {
    /// The statement that reads the rows of one thing.
    pub(super) fn select(&self) -> String {
        with_times(self.select)
    }

    /// The statement that writes rows: the site, and a JSON list of objects.
    pub(super) fn upsert(&self) -> String {
        let columns = self.columns.join(", ");
        let is_key = |column: &&&str| self.key.contains(*column);
        let set: Vec<_> = self
            .columns
            .iter()
            .filter(|column| !is_key(column))
            .map(|column| format!("{column} = excluded.{column}"))
            .chain((self.name == COLLECTORS.name).then(|| MOVE.to_owned()))
            .collect();
        format!(
            "INSERT INTO {0} (site_id, {columns})
                 SELECT $1::text, {columns} FROM json_populate_recordset(NULL::{0}, $2::text::json)
                 ON CONFLICT ({1}, site_id) DO UPDATE SET {2}",
            self.name,
            self.key.join(", "),
            set.join(", ")
        )
    }
}

/// A collector that leaves or returns takes its metrics along.
const MOVE: &str = "metrics_move = CASE
         WHEN (collectors.state = 'archived') = (excluded.state = 'archived') THEN collectors.metrics_move
         WHEN excluded.state = 'archived' THEN 'archive' ELSE 'live' END";

/// Writes `{column}`, which is a time in milliseconds, as a text that PostgreSQL reads.
pub(super) fn with_times(select: &str) -> String {
    let mut sql = String::new();
    for (number, part) in select.split(['{', '}']).enumerate() {
        if number % 2 == 0 {
            sql.push_str(part);
        } else {
            let _ = std::fmt::Write::write_fmt(
                &mut sql,
                format_args!("strftime('%Y-%m-%dT%H:%M:%fZ', {part} / 1000.0, 'unixepoch')"),
            );
        }
    }
    sql
}
