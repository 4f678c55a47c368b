//! The statements over the mirror: what they all begin with, and what a chart asks.

use super::description::{Dashboard, Sql};

/// Types whose documents have a part for each database.
const BY_DATABASE: [&str; 4] = ["pg_bloat", "pg_cache", "pg_connections", "pg_locks"];
/// Types with a document for each database.
const OF_DATABASE: [&str; 2] = ["pg_query_stats", "pg_stats"];

/// The collectors that are chosen. A group that is none is a choice as well.
const FLEET: &str = "\
WITH fleet AS (
    SELECT c.*, coalesce(g.name, 'none') AS \"group\"
      FROM collectors c LEFT JOIN collector_groups g ON g.site_id = c.site_id AND g.id = c.group_id
     WHERE c.archived_at IS NULL AND c.site_id = ANY (ARRAY[${site:sqlstring}]::text[])
       AND c.environment = ANY (ARRAY[${environment:sqlstring}]::text[])
       AND coalesce(g.name, 'none') = ANY (ARRAY[${group:sqlstring}]::text[])
       AND c.name = ANY (ARRAY[${collector:sqlstring}]::text[]))";

/// Documents have their own times. A push arrives soon, or within a day of an outage: by when it arrived, the
/// partitions are found.
const DOCUMENTS: &str = ", pushed AS (
    SELECT f.name AS collector, coalesce(d->>'timestamp', m.metric_data->>'timestamp')::timestamptz AS at, d AS document
      FROM fleet f JOIN collector_metrics m ON m.site_id = f.site_id AND m.collector_id = f.id
     CROSS JOIN LATERAL jsonb_path_query(m.metric_data, '$.metrics[*] ? (@.type == \"TYPE\")') AS d
     WHERE m.received_at >= $__timeFrom()::timestamptz - interval '1 hour'
       AND m.received_at < $__timeTo()::timestamptz + interval '1 day'), documents AS (
    COLUMNS
     WHERE $__timeFilter(at)CHOSEN), newest AS (
    SELECT DISTINCT ON (collector, database) * FROM documents ORDER BY collector, database, at DESC)";

const CHOSEN: &str = " AND DATABASE = ANY (ARRAY[${database:sqlstring}]::text[])";

/// The statement of a target, and its format.
pub(crate) fn statement(dashboard: &Dashboard, sql: &Sql) -> (String, String) {
    let (body, format) = match &sql.statement {
        Some(text) => (text.trim().to_owned(), sql.format.as_deref().unwrap_or("table")),
        None => (chart(sql), "time_series"),
    };
    let needs = |name: &str| body.contains(name);
    if !["fleet", "documents", "newest"].into_iter().any(needs) {
        return (body, format.to_owned());
    }
    let mut begin = FLEET.to_owned();
    if let Some(kind) = &sql.r#type {
        begin.push_str(&documents(dashboard, kind));
    }
    let between = if body.starts_with(',') { "" } else { "\n" };
    (begin + between + &body, format.to_owned())
}

fn documents(dashboard: &Dashboard, kind: &str) -> String {
    let (columns, database) = if BY_DATABASE.contains(&kind) {
        let columns = "SELECT collector, at, part.key AS database, part.value AS document\n      \
                       FROM pushed CROSS JOIN LATERAL jsonb_each(document->'databases') AS part";
        (columns, "part.key")
    } else {
        let columns = "SELECT collector, at, document->>'database' AS database, document\n      FROM pushed";
        (columns, "document->>'database'")
    };
    let has_database = BY_DATABASE.contains(&kind) || OF_DATABASE.contains(&kind);
    let chosen = if dashboard.databases && has_database {
        CHOSEN.replace("DATABASE", database)
    } else {
        String::new()
    };
    DOCUMENTS.replace("TYPE", kind).replace("COLUMNS", columns).replace("CHOSEN", &chosen)
}

/// Samples of each counter, then their growth, then one value for each interval and series.
fn chart(sql: &Sql) -> String {
    let (samples, points) = (samples(sql), points(sql));
    let top = sql.top.map_or_else(String::new, |top| {
        format!(
            ", top AS (\n    SELECT metric FROM points GROUP BY 1 ORDER BY max(value) DESC NULLS LAST LIMIT {top})"
        )
    });
    // a counter that began again has no growth
    let is_grown = if growth(sql).is_some() { " AND value >= 0" } else { "" };
    let is_top = if sql.top.is_some() { " AND metric IN (SELECT metric FROM top)" } else { "" };
    let together = sql.together.as_deref().unwrap_or(if sql.of.is_some() { "avg" } else { "sum" });
    format!(
        "{samples}{points}{top}\nSELECT \"time\", metric, {together}(value) AS value\n  FROM (\n    \
         SELECT $__timeGroupAlias(at, $__interval), metric, key, avg(value) AS value\n      \
         FROM points WHERE value IS NOT NULL{is_grown}{is_top} GROUP BY 1, 2, 3) AS steps\n \
         GROUP BY 1, 2 ORDER BY 1, 2"
    )
}

fn samples(sql: &Sql) -> String {
    let key = sql.key.as_ref().map_or_else(|| "''".to_owned(), |key| format!("concat_ws('/', {key})"));
    let from = sql.from.as_ref().map_or_else(String::new, |from| format!(", {from}"));
    let total = sql.of.as_deref().unwrap_or("NULL::float8");
    format!(
        ", samples AS (\n    SELECT collector, at, {} AS metric, {key} AS key, {} AS value, {total} AS total\n      \
         FROM documents{from})",
        sql.series, sql.value
    )
}

fn points(sql: &Sql) -> String {
    let Some(growth) = growth(sql) else {
        return ", points AS (\n    SELECT at, metric, key, value FROM samples)".to_owned();
    };
    format!(
        ", points AS (\n    SELECT at, metric, key, (value - lag(value) OVER earlier) / {growth} AS value\n      \
         FROM samples WINDOW earlier AS (PARTITION BY collector, metric, key ORDER BY at))"
    )
}

/// What the growth of a value is measured by.
fn growth(sql: &Sql) -> Option<&'static str> {
    if sql.of.is_some() {
        Some("nullif(total - lag(total) OVER earlier, 0)")
    } else {
        sql.rate.then_some("nullif(extract(epoch FROM at - lag(at) OVER earlier), 0)::float8")
    }
}
