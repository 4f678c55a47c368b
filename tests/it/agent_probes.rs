//! The agent's probes against a real PostgreSQL: they say what the database itself shows, under the names that
//! collectors of the last generation use in the field.

use serde_json::Value;
use tokio_postgres::Client;

use crate::support::agent::Configured;
use crate::support::postgres::Postgres;
use crate::support::wait_for;

/// One push of a collector of the last generation, with one object of each list.
const FIELD_SAMPLE: &str = include_str!("data/v3-push.json");

fn watching(postgres: &Postgres, user: &str, databases: &str, more: &str) -> Configured {
    let port = postgres.port();
    Configured::with(&format!(
        "[postgres]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{user}\"\ndatabases = \"{databases}\"\n{more}"
    ))
}

/// With the extension loaded, and a database `app` that has a bit of everything.
fn populated() -> Postgres {
    let postgres = Postgres::start_with(|_| vec!["shared_preload_libraries=pg_stat_statements".to_owned()]);
    postgres.execute("CREATE DATABASE app");
    postgres.execute_in(
        "app",
        "CREATE SCHEMA tools;\nCREATE EXTENSION pg_stat_statements SCHEMA tools;\n\
         CREATE TABLE customers (id bigint PRIMARY KEY, name varchar(40) NOT NULL DEFAULT 'nobody');\n\
         CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint REFERENCES customers ON DELETE CASCADE,\n\
                              note text, amount numeric(10,2) CHECK (amount > 0));\n\
         CREATE INDEX orders_customer ON orders (customer, (lower(note)));\n\
         CREATE VIEW large AS SELECT * FROM orders WHERE amount > 10;\n\
         CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n\
         CREATE TRIGGER stays BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stay();\n\
         INSERT INTO customers SELECT i, 'c' || i FROM generate_series(1, 50) i;\n\
         INSERT INTO orders SELECT i, 1 + i % 50, repeat('x', 60), 5 FROM generate_series(1, 4000) i;\n\
         VACUUM ANALYZE customers;\nVACUUM ANALYZE orders",
    );
    postgres
}

fn document<'a>(push: &'a Value, kind: &str) -> &'a Value {
    let metrics = push["metrics"].as_array().unwrap();
    metrics.iter().find(|document| document["type"] == kind).unwrap_or_else(|| panic!("no {kind}: {push}"))
}

/// The part of the database `app` in a document with parts.
fn app<'a>(push: &'a Value, kind: &str) -> &'a Value {
    &document(push, kind)["databases"]["app"]
}

fn named<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    let list = list.as_array().unwrap();
    list.iter().find(|object| object[key] == name).unwrap_or_else(|| panic!("no {key} {name}: {list:?}"))
}

fn number(postgres: &Postgres, sql: &str) -> i64 {
    postgres.value("app", sql).parse().unwrap()
}

fn run(runtime: &tokio::runtime::Runtime, client: &Client, sql: &str) {
    runtime.block_on(client.batch_execute(sql)).unwrap();
}

#[test]
fn every_object_has_the_names_that_collectors_in_the_field_send() {
    let postgres = populated();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = runtime.block_on(postgres.client("app"));
    run(&runtime, &client, "BEGIN; SELECT count(*) FROM orders");
    let (status, push) = watching(&postgres, "postgres", "app", "").once();
    assert_eq!((status, &push["failures"]), (Some(0), &Value::Array(Vec::new())), "{push}");
    let field: Value = serde_json::from_str(FIELD_SAMPLE).unwrap();
    for theirs in field["metrics"].as_array().unwrap() {
        let kind = theirs["type"].as_str().unwrap();
        if kind != "pg_log" {
            assert_has_names_of(kind, theirs, document(&push, kind));
        }
    }
}

/// Each object of ours has at least the members of theirs, at every depth.
#[track_caller]
fn assert_has_names_of(place: &str, theirs: &Value, ours: &Value) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (name, value) in theirs {
                let place = format!("{place}.{name}");
                assert_has_names_of(&place, value, ours.get(name).unwrap_or_else(|| panic!("no {place}")));
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            for theirs in theirs {
                assert!(!ours.is_empty(), "{place} is empty");
                for ours in ours {
                    assert_has_names_of(place, theirs, ours);
                }
            }
        }
        (Value::Object(_) | Value::Array(_), other) => panic!("{place} is {other}"),
        _ => {}
    }
}

#[test]
fn pg_query_stats_holds_the_figures_of_the_extension_with_passwords_hidden() {
    let postgres = populated();
    postgres.execute_in("app", "SELECT tools.pg_stat_statements_reset()");
    let sums: Vec<String> = (0..5).map(|i| format!("SELECT sum(amount + {i}) FROM orders")).collect();
    postgres.execute_in("app", &sums.join(";\n"));
    postgres.execute_in("app", "CREATE ROLE somebody LOGIN PASSWORD 'canary-secret'");
    let (_, push) = watching(&postgres, "postgres", "app", "").once();
    let queries = &document(&push, "pg_query_stats")["queries"];
    let sum = named(queries, "text", "SELECT sum(amount + $1) FROM orders");
    let shown = |column: &str| {
        let sql =
            format!("SELECT {column} FROM tools.pg_stat_statements WHERE query LIKE 'SELECT sum(amount%'");
        postgres.value("app", &sql)
    };
    assert_eq!((&sum["calls"], &sum["rows"]), (&Value::from(5), &Value::from(5)));
    assert_eq!(sum["hash"].as_i64().unwrap().to_string(), shown("queryid"));
    for (ours, theirs) in [("total_time", "total_exec_time"), ("stddev_time", "stddev_exec_time")] {
        let theirs: f64 = shown(theirs).parse().unwrap();
        assert!((sum[ours].as_f64().unwrap() - theirs).abs() < 1e-6, "{ours}: {sum} {theirs}");
    }
    for (ours, theirs) in [("min_time", "min_exec_time"), ("max_time", "max_exec_time")] {
        assert_eq!(sum[ours], shown(theirs).parse::<f64>().unwrap(), "{ours}");
    }
    assert_eq!(sum["shared_blks_hit"].as_i64().unwrap().to_string(), shown("shared_blks_hit"));
    assert!(!push.to_string().contains("canary-secret"), "{push}");
    assert!(push.to_string().contains("PASSWORD ***"), "{push}");

    let (_, push) = watching(&postgres, "postgres", "app", "[pg_query_stats]\nlimit = 1\n").once();
    assert_eq!(document(&push, "pg_query_stats")["queries"].as_array().unwrap().len(), 1);
}

#[test]
fn without_the_extension_the_probe_is_skipped_and_check_says_what_to_do() {
    let bare = Postgres::start();
    let agent = watching(&bare, "postgres", "postgres", "");
    assert_eq!(statements(&agent), ["ALTER SYSTEM SET shared_preload_libraries = pg_stat_statements;"]);
    let (status, push) = agent.once();
    assert_eq!((status, &push["failures"]), (Some(0), &Value::Array(Vec::new())));
    assert!(!push["metrics"].to_string().contains("\"pg_query_stats\""));
    bare.execute("ALTER SYSTEM SET shared_preload_libraries = pg_stat_statements");

    let loaded = Postgres::start_with(|_| vec!["shared_preload_libraries=pg_stat_statements".to_owned()]);
    let agent = watching(&loaded, "postgres", "postgres", "");
    assert_eq!(statements(&agent), ["CREATE EXTENSION pg_stat_statements;"]);
    loaded.execute("CREATE EXTENSION pg_stat_statements VERSION '1.7'");
    assert_eq!(statements(&agent), ["ALTER EXTENSION pg_stat_statements UPDATE;"]);
    loaded.execute("ALTER EXTENSION pg_stat_statements UPDATE");
    assert!(statements(&agent).is_empty());
}

/// What `check` would have an administrator run, where nothing has failed.
#[track_caller]
fn statements(agent: &Configured) -> Vec<String> {
    let (status, findings) = agent.check();
    assert_eq!(status, Some(0), "{findings}");
    let sources = findings["sources"].as_array().unwrap();
    sources.iter().filter_map(|finding| finding["statement"].as_str()).map(str::to_owned).collect()
}

#[test]
fn pg_connections_counts_sessions_by_state_and_lists_transactions_that_stand_open() {
    let postgres = populated();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let idle = runtime.block_on(postgres.client("app"));
    let open = runtime.block_on(postgres.client("app"));
    let elsewhere = runtime.block_on(postgres.client("postgres"));
    run(&runtime, &idle, "SELECT 1");
    run(&runtime, &elsewhere, "SELECT 1");
    run(&runtime, &open, "SET application_name = 'forgetful'; BEGIN; SELECT 'password=canary-secret'");
    wait_for("the transaction to be a second old", || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'
                      AND state_change < now() - interval '1.1 s'";
        (number(&postgres, sql) == 1).then_some(())
    });
    let more = "[pg_connections]\nidle_transaction = 1\n";
    let (_, push) = watching(&postgres, "postgres", "app", more).once();
    let part = app(&push, "pg_connections");
    let stats = &part["connection_stats"];
    assert_eq!(stats["total_connections"], 2, "{stats}");
    assert_eq!(stats["server_connections"], 3, "{stats}");
    assert_eq!(stats["max_connections"], number(&postgres, "SELECT current_setting('max_connections')"));
    for state in ["idle", "idle in transaction"] {
        let of_state = named(&stats["by_state"], "state", state);
        assert_eq!((&of_state["count"], &of_state["database"]), (&Value::from(1), &Value::from("app")));
    }
    let [forgotten] = &part["idle_transactions"].as_array().unwrap()[..] else { panic!("{part}") };
    assert_eq!(forgotten["application_name"], "forgetful");
    assert_eq!(forgotten["client_address"], "127.0.0.1/32");
    assert!(forgotten["idle_time_seconds"].as_f64().unwrap() > 1.0);
    assert_eq!(part["long_running_transactions"], Value::Array(Vec::new()));
    assert!(!push.to_string().contains("canary-secret"), "{push}");
}

#[test]
fn pg_locks_tells_who_waits_for_whom_and_does_not_wait_itself() {
    let postgres = populated();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let holder = runtime.block_on(postgres.client("app"));
    let waiter = runtime.block_on(postgres.client("app"));
    run(&runtime, &holder, "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    runtime.spawn(async move { waiter.batch_execute("SELECT count(*) FROM orders").await });
    wait_for("somebody to wait", || {
        (number(&postgres, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 1).then_some(())
    });
    let (status, push) = watching(&postgres, "postgres", "app", "").once();
    assert_eq!((status, &push["failures"]), (Some(0), &Value::Array(Vec::new())), "{push}");
    let part = app(&push, "pg_locks");
    let [chain] = &part["lock_wait_chains"].as_array().unwrap()[..] else { panic!("{part}") };
    let pid = |granted: bool| {
        let sql = "SELECT pid FROM pg_locks WHERE relation = 'orders'::regclass AND granted =";
        number(&postgres, &format!("{sql} {granted}"))
    };
    assert_eq!(
        (&chain["blocked_pid"], &chain["blocking_pid"]),
        (&Value::from(pid(false)), &Value::from(pid(true)))
    );
    assert_eq!(chain["blocked_query"], "SELECT count(*) FROM orders");
    assert_eq!((&chain["table"], &chain["mode"]), (&Value::from("orders"), &Value::from("AccessShareLock")));
    assert!(chain["wait_time_seconds"].as_f64().unwrap() >= 0.0);
    let [blocker] = &part["blocking_queries"].as_array().unwrap()[..] else { panic!("{part}") };
    assert_eq!(
        (&blocker["pid"], &blocker["state"]),
        (&chain["blocking_pid"], &Value::from("idle in transaction"))
    );
    let waited_for = named(&part["by_mode"], "mode", "AccessShareLock");
    assert_eq!(waited_for["waiting"], 1, "{part}");
    assert_eq!(named(&part["by_mode"], "mode", "AccessExclusiveLock")["waiting"], 0, "{part}");
    let first = &part["active_locks"][0];
    assert_eq!((&first["granted"], &first["table"]), (&Value::from(false), &Value::from("orders")));
    // what is locked is left out, and what is free is there
    let tables = app(&push, "pg_schema")["tables"].as_array().unwrap().clone();
    let names: Vec<_> = tables.iter().map(|table| table["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"customers") && !names.contains(&"orders"), "{names:?}");
}

#[test]
fn pg_replication_shows_slots_the_log_and_the_distance_to_wraparound() {
    let postgres = populated();
    postgres.execute("SELECT pg_create_physical_replication_slot('spare', true)");
    postgres.execute_in("app", "INSERT INTO customers SELECT i FROM generate_series(100, 3000) i");
    let agent = watching(&postgres, "postgres", "postgres, app", "");
    let (_, push) = agent.once();
    let found = push["metrics"].as_array().unwrap();
    assert_eq!(
        found.iter().filter(|found| found["type"] == "pg_replication").count(),
        1,
        "once for the server"
    );
    let document = document(&push, "pg_replication");
    let slot = named(&document["replication_slots"], "slot_name", "spare");
    assert_eq!((&slot["slot_type"], &slot["active"]), (&Value::from("physical"), &Value::from(false)));
    let restart = "SELECT restart_lsn FROM pg_replication_slots";
    assert_eq!(slot["restart_lsn"], postgres.value("app", restart));
    assert!(slot["bytes_retained"].as_i64().unwrap() > 100_000, "{slot}");
    let wal = &document["wal_status"];
    let segments = "SELECT count(*) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'";
    assert_eq!(wal["total_segments"], number(&postgres, segments), "{wal}");
    assert_eq!(
        (&document["is_in_recovery"], &document["collection_errors"]),
        (&false.into(), &Value::Array(vec![]))
    );
    let risk = named(&document["wraparound_risk"], "database", "app");
    let age = number(&postgres, "SELECT age(datfrozenxid) FROM pg_database WHERE datname = 'app'");
    assert!((risk["oldest_table_age"].as_i64().unwrap() - age).abs() <= 3, "{risk} {age}");
    assert_eq!((&risk["at_risk"], &risk["percent_until_wraparound"]), (&false.into(), &100.0.into()));
}

#[test]
fn a_subscription_and_its_standby_are_seen_from_both_sides() {
    let publisher = Postgres::start_with(|_| vec!["wal_level=logical".to_owned()]);
    publisher
        .execute("CREATE TABLE copied (id int PRIMARY KEY);\nCREATE PUBLICATION all_of_it FOR ALL TABLES");
    let subscriber = Postgres::start();
    let port = publisher.port();
    subscriber.execute("CREATE TABLE copied (id int PRIMARY KEY);\nCREATE ROLE watcher LOGIN");
    subscriber.execute("GRANT pg_monitor TO watcher");
    subscriber.execute(&format!(
        "CREATE SUBSCRIPTION follower CONNECTION 'host=127.0.0.1 port={port} user=postgres dbname=postgres'
         PUBLICATION all_of_it"
    ));
    wait_for("the subscription to stream", || {
        let sql = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name = 'follower'";
        (publisher.value("postgres", sql) == "1").then_some(())
    });
    let (_, push) = watching(&publisher, "postgres", "postgres", "").once();
    let document_there = document(&push, "pg_replication");
    let standby = named(&document_there["replication_status"], "application_name", "follower");
    assert_eq!((&standby["state"], &standby["client_addr"]), (&"streaming".into(), &"127.0.0.1/32".into()));
    let slot = named(&document_there["replication_slots"], "slot_name", "follower");
    assert_eq!((&slot["plugin_active"], &slot["database"]), (&true.into(), &"postgres".into()));

    // a user without further rights sees it too
    let (status, push) = watching(&subscriber, "watcher", "postgres", "").once();
    assert_eq!((status, &push["failures"]), (Some(0), &Value::Array(vec![])));
    let subscriptions = &document(&push, "pg_replication")["logical_subscriptions"];
    let follower = named(subscriptions, "subscription_name", "follower");
    assert_eq!((&follower["sub_state"], &follower["database"]), (&"running".into(), &"postgres".into()));
}

#[test]
fn pg_cache_and_pg_extensions_hold_what_the_database_shows() {
    let postgres = populated();
    postgres.execute_in(
        "app",
        "SELECT count(*) FROM orders;\nSET enable_seqscan = off;\nSELECT * FROM orders WHERE id = 7",
    );
    let hits = "SELECT heap_blks_hit FROM pg_statio_user_tables WHERE relname = 'orders'";
    let settled = wait_for("the statistics to settle", || {
        let before = number(&postgres, hits);
        std::thread::park_timeout(std::time::Duration::from_millis(300));
        (before > 0 && before == number(&postgres, hits)).then_some(before)
    });
    let (_, push) = watching(&postgres, "postgres", "app", "").once();
    let part = app(&push, "pg_cache");
    let orders = named(&part["table_cache_hit"], "table", "orders");
    assert_eq!(orders["heap_blks_hit"], settled);
    let ratio = orders["heap_cache_hit_ratio"].as_f64().unwrap();
    let read = orders["heap_blks_read"].as_f64().unwrap();
    let hit = orders["heap_blks_hit"].as_f64().unwrap();
    assert!((ratio - 100.0 * hit / (hit + read)).abs() < 0.01, "{orders}");
    let index = named(&part["index_cache_hit"], "index", "orders_pkey");
    assert_eq!((&index["schema"], &index["table"]), (&"public".into(), &"orders".into()));
    assert!(part["database_cache_hit"]["cache_hit_ratio"].as_f64().unwrap() > 50.0);

    let extension = named(&app(&push, "pg_extensions")["extensions"], "name", "pg_stat_statements");
    assert_eq!((&extension["schema"], &extension["owner"]), (&"tools".into(), &"postgres".into()));
    let version = "SELECT extversion FROM pg_extension WHERE extname = 'pg_stat_statements'";
    assert_eq!(extension["version"], postgres.value("app", version));
    assert_eq!(extension["default_version"], extension["version"]);
}

#[test]
fn pg_bloat_finds_the_half_of_a_table_that_is_empty() {
    let postgres = populated();
    postgres.execute_in("app", "DELETE FROM orders WHERE id % 2 = 0;\nVACUUM ANALYZE orders");
    let (_, push) = watching(&postgres, "postgres", "app", "").once();
    let part = app(&push, "pg_bloat");
    let orders = named(&part["table_bloat"], "table", "orders");
    let wasted = orders["space_wasted_percent"].as_f64().unwrap();
    assert!((40.0..60.0).contains(&wasted), "{orders}");
    let pages = number(&postgres, "SELECT pg_relation_size('orders')");
    assert_eq!(orders["table_size_bytes"], pages);
    let customers = named(&part["table_bloat"], "table", "customers");
    assert_eq!((&customers["bloat_bytes"], &customers["dead_tuples"]), (&0.into(), &0.into()));
    let index = named(&part["index_bloat"], "index_name", "orders_pkey");
    assert!(index["space_wasted_percent"].as_f64().unwrap() > 30.0, "{index}");
    let with_expression = named(&part["index_bloat"], "index_name", "orders_customer");
    assert!(with_expression["bloat_bytes"].is_i64(), "{with_expression}");
}

#[test]
fn pg_schema_describes_the_database_to_users_who_own_nothing_of_it() {
    let postgres = populated();
    postgres.execute("CREATE ROLE watcher LOGIN;\nGRANT pg_monitor TO watcher");
    let (status, push) = watching(&postgres, "watcher", "app", "").once();
    assert_eq!((status, &push["failures"]), (Some(0), &Value::Array(vec![])), "{push}");
    let part = app(&push, "pg_schema");
    let orders = named(&part["tables"], "name", "orders");
    assert_eq!((&orders["type"], &orders["row_count"]), (&"BASE TABLE".into(), &4000.into()));
    assert_eq!(orders["table_oid"], number(&postgres, "SELECT 'orders'::regclass::oid"));
    assert_eq!(named(&part["tables"], "name", "large")["type"], "VIEW");
    let amount = named(&part["columns"], "name", "amount");
    assert_eq!((&amount["data_type"], &amount["position"]), (&"numeric".into(), &4.into()));
    assert_eq!((&amount["numeric_precision"], &amount["numeric_scale"]), (&10.into(), &2.into()));
    let columns = part["columns"].as_array().unwrap();
    let name =
        columns.iter().find(|column| column["table"] == "customers" && column["name"] == "name").unwrap();
    assert_eq!((&name["is_nullable"], &name["max_length"]), (&false.into(), &40.into()));
    assert_eq!(name["default"], "'nobody'::character varying");
    let checked = named(&part["constraints"], "type", "CHECK");
    assert_eq!((&checked["table"], &checked["columns"]), (&"orders".into(), &"amount".into()));
    let [key] = &part["foreign_keys"].as_array().unwrap()[..] else { panic!("{part}") };
    assert_eq!((&key["column"], &key["referenced_table"]), (&"customer".into(), &"customers".into()));
    assert_eq!((&key["delete_rule"], &key["update_rule"]), (&"CASCADE".into(), &"NO ACTION".into()));
    let index = named(&part["indexes"], "name", "orders_customer");
    let definition = "SELECT pg_get_indexdef('orders_customer'::regclass)";
    assert_eq!(index["definition"], postgres.value("app", definition));
    let triggers = part["triggers"].as_array().unwrap();
    let events: Vec<_> = triggers.iter().map(|trigger| &trigger["event"]).collect();
    assert_eq!(events, ["INSERT", "UPDATE"]);
    assert_eq!((&triggers[0]["timing"], &triggers[0]["orientation"]), (&"BEFORE".into(), &"ROW".into()));
    assert_eq!(triggers[0]["statement"], "EXECUTE FUNCTION public.stay()");
    // statistics of columns that the user may not read are not his, dead rows are
    let bloat = named(&app(&push, "pg_bloat")["table_bloat"], "table", "orders");
    let live = number(&postgres, "SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'orders'");
    assert_eq!((&bloat["bloat_bytes"], &bloat["live_tuples"]), (&Value::Null, &live.into()));
}

#[test]
fn a_user_without_rights_gets_what_is_public_and_is_told_what_is_missing() {
    let postgres = populated();
    postgres.execute("CREATE ROLE nobody_special LOGIN");
    let (status, push) = watching(&postgres, "nobody_special", "app", "").once();
    assert_eq!((status, &push["failures"]), (Some(0), &Value::Array(vec![])), "{push}");
    let errors = document(&push, "pg_replication")["collection_errors"].to_string();
    assert!(errors.contains("needs pg_monitor"), "{errors}");
    let (_, findings) = watching(&postgres, "nobody_special", "app", "").check();
    let sources = findings["sources"].as_array().unwrap();
    let grants: Vec<_> = sources.iter().filter_map(|finding| finding["grant"].as_str()).collect();
    assert_eq!(
        grants,
        ["GRANT pg_monitor TO \"nobody_special\";", "GRANT USAGE ON SCHEMA \"tools\" TO \"nobody_special\";"]
    );
    postgres.execute_in("app", &grants.join("\n"));
    let (status, push) = watching(&postgres, "nobody_special", "app", "").once();
    assert_eq!(status, Some(0), "{push}");
    assert!(!document(&push, "pg_query_stats")["queries"].as_array().unwrap().is_empty());
}
