//! Every release of PostgreSQL that is at hand is collected from, with each of the agent's documents. The output says
//! which releases these were.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::agent::Configured;
use crate::support::postgres::{Postgres, releases};

const KINDS: [&str; 8] = [
    "pg_stats",
    "pg_replication",
    "pg_locks",
    "pg_connections",
    "pg_cache",
    "pg_bloat",
    "pg_schema",
    "pg_extensions",
];

fn kinds(push: &Value) -> BTreeSet<&str> {
    push["metrics"].as_array().unwrap().iter().map(|document| document["type"].as_str().unwrap()).collect()
}

/// Some builds of the server come without the extension, and it is preloaded or not there.
fn has_statements(postgres: &Postgres) -> bool {
    postgres
        .value("postgres", "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_stat_statements'")
        == "1"
}

#[test]
fn every_release_at_hand_is_collected_from() {
    let releases = releases();
    for bin in &releases {
        let postgres = Postgres::start_of(bin.clone(), |_| {
            vec!["shared_preload_libraries=pg_stat_statements".to_owned(), "logging_collector=on".to_owned()]
        });
        postgres.execute("CREATE DATABASE app");
        postgres.execute_in("app", "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\nINSERT INTO orders SELECT i, 'x' FROM generate_series(1, 500) i;\nVACUUM ANALYZE orders");
        let mut expected: BTreeSet<&str> = KINDS.into_iter().collect();
        expected.insert("pg_log");
        if has_statements(&postgres) {
            postgres.execute_in("app", "CREATE EXTENSION pg_stat_statements");
            expected.insert("pg_query_stats");
        }
        let port = postgres.port();
        let configured = Configured::with(&format!(
            "[pg_log]\nenabled = true\n[postgres]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"postgres\"\n\
             databases = \"app\"\n"
        ));
        let (status, push) = configured.once();
        assert_eq!((status, &push["failures"]), (Some(0), &Value::Array(Vec::new())), "{push}");
        let version = postgres.value("app", "SHOW server_version");
        let collected = kinds(&push);
        assert!(
            expected.is_subset(&collected),
            "PostgreSQL {version}: of {expected:?} there is {collected:?}"
        );
        let document =
            push["metrics"].as_array().unwrap().iter().find(|it| it["type"] == "pg_stats").unwrap();
        assert_eq!(document["tables"][0]["name"], "orders", "PostgreSQL {version}: {document}");
        println!("collected from PostgreSQL {version}: {collected:?}");
    }
    assert!(!releases.is_empty());
}
