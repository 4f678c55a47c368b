//! An appliance with its mirror in a throwaway PostgreSQL, and the comparison of both.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::appliance::Appliance;
use super::postgres::Postgres;
use super::wait_for;

/// A folder's worth of settings for a mirror that is looked at every second.
pub(crate) fn settings(postgres: &Postgres, site: &str) -> String {
    format!(
        "[mirror]\nurl = 'postgresql://postgres@127.0.0.1:{}/postgres?sslmode=disable'\nsite_id = '{site}'\n\
         interval = 1\n",
        postgres.port()
    )
}

/// What `/api/v1/system` says of the mirror.
pub(crate) fn status(appliance: &Appliance, admin: &str) -> Value {
    let reply = appliance.client.get("/api/v1/system", Some(admin));
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body["mirror"].clone()
}

/// Waits until the mirror has everything, as long as what it has not becomes less within a minute.
#[track_caller]
pub(crate) fn wait_until_mirrored(appliance: &Appliance, admin: &str) {
    let minute = Duration::from_secs(60);
    let (mut deadline, mut least_behind, mut before) = (Instant::now() + minute, u64::MAX, 0);
    loop {
        let status = status(appliance, admin);
        let behind = status["documents_behind"].as_u64().unwrap();
        if behind < least_behind {
            (deadline, least_behind) = (Instant::now() + minute, behind);
        }
        let is_done = status["connected"] == true
            && status["documents_behind"] == 0
            && status["filling"] == false
            && status["last_error"].is_null();
        // the registry's rows have no figure: two rounds after everything else is there, they are there, too
        before = if is_done { before + 1 } else { 0 };
        if before > 40 {
            return;
        }
        assert!(Instant::now() < deadline, "waited a minute in vain for the mirror: {status}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// The documents of a collector in a table of the mirror, by their sequence number; none is there twice.
pub(crate) fn mirrored(
    postgres: &Postgres,
    table: &str,
    site: &str,
    collector: &str,
) -> BTreeMap<u64, Value> {
    let sql = format!(
        "SELECT first_seq, record_count, coalesce(metric_exact, metric_data::text) FROM {table}
             WHERE site_id = '{site}' AND collector_id = '{}' ORDER BY first_seq",
        collector.strip_prefix("col_").unwrap()
    );
    let mut found = BTreeMap::new();
    for line in postgres.value("postgres", &sql).lines() {
        let mut parts = line.splitn(3, '|');
        let mut part = || parts.next().unwrap();
        let (first, count): (u64, usize) = (part().parse().unwrap(), part().parse().unwrap());
        let push: Value = serde_json::from_str(part()).unwrap();
        let documents = push["metrics"].as_array().unwrap();
        assert_eq!(documents.len(), count, "{push}");
        for (seq, document) in (first..).zip(documents) {
            let before = found.insert(seq, document.clone());
            assert!(before.is_none(), "document {seq} of {collector} is in the mirror twice");
        }
    }
    found
}

/// The same as the daemon holds them.
pub(crate) fn held(appliance: &Appliance, admin: &str, collector: &str) -> BTreeMap<u64, Value> {
    let documents = appliance.documents(admin, collector, "probe").into_iter();
    documents.map(|one| (one["seq"].as_u64().unwrap(), one["document"].clone())).collect()
}

/// Compares the documents of a collector in service.
#[track_caller]
pub(crate) fn assert_mirrored(
    appliance: &Appliance,
    admin: &str,
    postgres: &Postgres,
    site: &str,
    collector: &str,
) {
    let ours = held(appliance, admin, collector);
    let theirs = mirrored(postgres, "collector_metrics", site, collector);
    let missing: Vec<_> = ours.keys().filter(|seq| !theirs.contains_key(seq)).collect();
    let invented: Vec<_> = theirs.keys().filter(|seq| !ours.contains_key(seq)).collect();
    assert!(missing.is_empty() && invented.is_empty(), "missing {missing:?}, invented {invented:?}");
    assert_eq!(ours, theirs);
}

/// Compares what each collector is and how it is configured, with all versions of that.
#[track_caller]
pub(crate) fn assert_registry(appliance: &Appliance, admin: &str, postgres: &Postgres) {
    let reply = appliance.client.get("/api/v1/collectors?limit=1000", Some(admin));
    assert_eq!(reply.status, 200, "{}", reply.text);
    let mut ours: Vec<String> = reply.body["collectors"].as_array().unwrap().iter().map(configured).collect();
    ours.sort();
    let sql = "SELECT 'col_' || id, name, collection_interval, config_version, config_version
         FROM collectors WHERE state <> 'archived' ORDER BY id";
    let versions = "SELECT 'col_' || collector_id, count(*), max(config_version) FROM collector_snapshots
         GROUP BY 1 ORDER BY 1";
    let theirs = wait_for("the registry", || {
        let rows: Vec<String> = postgres.value("postgres", sql).lines().map(str::to_owned).collect();
        (rows == ours).then_some(rows)
    });
    for (row, versions) in theirs.iter().zip(postgres.value("postgres", versions).lines()) {
        let (of, version) = (row.split('|').next().unwrap(), row.rsplit('|').next().unwrap());
        assert_eq!(versions, format!("{of}|{version}|{version}"), "each version stands there once");
    }
}

fn configured(collector: &Value) -> String {
    let text = |member: &str| collector[member].to_string().trim_matches('"').to_owned();
    ["id", "name", "collection_interval", "config_version", "config_version"].map(text).join("|")
}

/// Each entry of the trail is in the mirror, with its hash.
#[track_caller]
pub(crate) fn assert_trail(appliance: &Appliance, admin: &str, postgres: &Postgres) {
    let ours = trail(appliance, admin);
    // reading the trail is an entry, too
    let theirs = wait_for("the trail", || {
        let rows = postgres.value("postgres", "SELECT seq, hash FROM collector_audit_log ORDER BY seq");
        let rows: Vec<_> = rows.lines().map(|line| line.split_once('|').unwrap()).collect();
        let rows: Vec<_> =
            rows.iter().map(|(seq, hash)| (seq.parse().unwrap(), (*hash).to_owned())).collect();
        (rows.len() >= ours.len()).then_some(rows)
    });
    assert_eq!(theirs[..ours.len()], ours);
}

/// Number and hash of each entry of the audit log, from the first on.
fn trail(appliance: &Appliance, admin: &str) -> Vec<(u64, String)> {
    let mut entries: Vec<_> = appliance.audited(admin, "").iter().map(entry).collect();
    entries.reverse();
    entries
}

fn entry(entry: &Value) -> (u64, String) {
    (entry["seq"].as_u64().unwrap(), entry["hash"].as_str().unwrap().to_owned())
}
