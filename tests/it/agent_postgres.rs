//! The agent against a real PostgreSQL: what it says is what the database itself shows.

use serde_json::Value;

use crate::support::agent::Configured;
use crate::support::postgres::Postgres;
use crate::support::wait_for;

fn watching(postgres: &Postgres, user: &str, databases: &str) -> Configured {
    let port = postgres.port();
    Configured::with(&format!(
        "[postgres]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{user}\"\ndatabases = \"{databases}\"\n"
    ))
}

fn documents<'a>(push: &'a Value, kind: &str) -> Vec<&'a Value> {
    push["metrics"].as_array().unwrap().iter().filter(|document| document["type"] == kind).collect()
}

fn databases(push: &Value) -> Vec<&str> {
    documents(push, "pg_stats").iter().map(|document| document["database"].as_str().unwrap()).collect()
}

fn number(postgres: &Postgres, sql: &str) -> i64 {
    postgres.value("app", sql).parse().unwrap()
}

#[test]
fn pg_stats_holds_the_figures_that_the_database_itself_shows() {
    let postgres = Postgres::start();
    postgres.execute("CREATE DATABASE app");
    postgres.execute_in(
        "app",
        "CREATE TABLE orders (id bigint PRIMARY KEY, text text);\n\
         CREATE INDEX orders_text ON orders (text);\n\
         INSERT INTO orders SELECT i, repeat('x', 50) FROM generate_series(1, 3000) i;\n\
         DELETE FROM orders WHERE id <= 100;\n\
         SET enable_seqscan = off; SELECT text FROM orders WHERE id = 500;\n\
         ANALYZE orders;\n\
         CREATE TABLE \"Odd \"\"name\" ()",
    );
    // the statistics of a session are complete when it has ended
    wait_for("the statistics", || {
        (number(&postgres, "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'orders'") == 100
            && number(
                &postgres,
                "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'orders_pkey'",
            ) > 0)
            .then_some(())
    });
    let (status, push) = watching(&postgres, "postgres", "app").once();
    assert_eq!(status, Some(0), "{push}");

    let [document] = documents(&push, "pg_stats")[..] else {
        panic!("one document for one database: {push}")
    };
    assert_eq!(document["size_bytes"], number(&postgres, "SELECT pg_database_size('app')"));
    let tables = document["tables"].as_array().unwrap();
    assert_eq!(tables.iter().map(|table| &table["name"]).collect::<Vec<_>>(), ["Odd \"name", "orders"]);
    let orders = &tables[1];
    let of_orders = |column: &str| {
        number(&postgres, &format!("SELECT {column} FROM pg_stat_user_tables WHERE relname = 'orders'"))
    };
    assert_eq!(orders["schema"], "public");
    assert_eq!(orders["live_tuples"], of_orders("n_live_tup"));
    assert_eq!(orders["dead_tuples"], 100);
    assert_eq!(orders["modified_since_analyze"], of_orders("n_mod_since_analyze"));
    assert_eq!(orders["size_bytes"], number(&postgres, "SELECT pg_total_relation_size('orders')"));
    assert_eq!((&orders["last_vacuum"], &orders["vacuum_count"]), (&Value::from(""), &Value::from(0)));
    let analyzed_at = "SELECT to_char(last_analyze AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')
                         FROM pg_stat_user_tables WHERE relname = 'orders'";
    assert_eq!(orders["last_analyze"], postgres.value("app", analyzed_at));

    let indexes = document["indexes"].as_array().unwrap();
    let names: Vec<_> = indexes.iter().map(|index| (&index["name"], &index["status"])).collect();
    assert_eq!(names[0], (&Value::from("orders_pkey"), &Value::from("USED")));
    assert_eq!(names[1], (&Value::from("orders_text"), &Value::from("UNUSED")));
    assert_eq!(indexes[1]["table"], "orders");
    assert_eq!(indexes[1]["size_bytes"], number(&postgres, "SELECT pg_relation_size('orders_text')"));
}

#[test]
fn every_database_that_the_user_may_connect_to_is_collected_and_no_other() {
    let postgres = Postgres::start();
    postgres.execute(
        "CREATE DATABASE app;\nCREATE DATABASE closed;\nREVOKE CONNECT ON DATABASE closed FROM PUBLIC;\n\
         CREATE ROLE watcher LOGIN",
    );
    let (status, push) = watching(&postgres, "watcher", "*").once();
    assert_eq!((status, databases(&push)), (Some(0), vec!["app", "postgres"]));
    let (status, push) = watching(&postgres, "watcher", "postgres, closed, app").once();
    assert_eq!((status, databases(&push)), (Some(3), vec!["postgres", "app"]));
    assert_eq!(push["failures"][0]["source"], "postgres/closed");
}

#[test]
fn check_names_the_grants_that_are_missing_and_is_content_when_they_are_given() {
    let postgres = Postgres::start();
    postgres.execute(
        "CREATE DATABASE closed;\nREVOKE CONNECT ON DATABASE closed FROM PUBLIC;\nCREATE ROLE \"wat\"\"cher\" LOGIN",
    );
    let agent = watching(&postgres, "wat\\\"cher", "postgres, closed");
    let (status, findings) = agent.check();
    assert_eq!(status, Some(3), "{findings}");
    let grants: Vec<&str> =
        findings["sources"].as_array().unwrap().iter().filter_map(|f| f["grant"].as_str()).collect();
    assert_eq!(
        grants,
        ["GRANT pg_monitor TO \"wat\"\"cher\";", "GRANT CONNECT ON DATABASE \"closed\" TO \"wat\"\"cher\";"]
    );
    for grant in grants {
        postgres.execute(grant);
    }
    let (status, findings) = agent.check();
    assert_eq!((status, &findings["ok"]), (Some(0), &Value::from(true)), "{findings}");
}

#[test]
fn a_table_that_is_locked_exclusively_is_neither_waited_for_nor_left_out() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let postgres = Postgres::start();
    postgres.execute("CREATE TABLE busy (id int PRIMARY KEY);\nCREATE TABLE idle (id int PRIMARY KEY)");
    let client = runtime.block_on(postgres.client("postgres"));
    runtime.block_on(client.batch_execute("BEGIN; LOCK TABLE busy IN ACCESS EXCLUSIVE MODE")).unwrap();
    let (status, push) = watching(&postgres, "postgres", "postgres").once();
    assert_eq!(status, Some(0), "{push}");
    let tables = documents(&push, "pg_stats")[0]["tables"].as_array().unwrap().clone();
    assert_eq!((&tables[0]["name"], &tables[0]["size_bytes"]), (&Value::from("busy"), &Value::Null));
    assert!(tables[1]["size_bytes"].is_i64());
}

#[test]
fn watching_leaves_no_rollback_and_no_session_behind() {
    let postgres = Postgres::start();
    let agent = watching(&postgres, "postgres", "*");
    for _ in 0..3 {
        assert_eq!(agent.once().0, Some(0));
    }
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pganalytics-collector'";
    wait_for("the sessions to end", || (postgres.value("postgres", sessions) == "0").then_some(()));
    let rollbacks = "SELECT xact_rollback FROM pg_stat_database WHERE datname = 'postgres'";
    assert_eq!(postgres.value("postgres", rollbacks), "0");
}

#[test]
fn a_server_that_does_not_answer_is_given_up_in_time() {
    // the kernel takes connections that nobody looks at
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let agent = Configured::with(&format!(
        "[postgres]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"ann\"\ndatabases = \"one, two\"\n"
    ));
    let started = std::time::Instant::now();
    let (status, push) = agent.once();
    assert!(started.elapsed().as_secs() < 8, "took {:?}", started.elapsed());
    assert_eq!((status, documents(&push, "sysstat").len()), (Some(3), 1));
    let failures = push["failures"].as_array().unwrap();
    assert!(failures[0]["message"].as_str().unwrap().contains("no answer within 5 s"), "{push}");
    assert!(failures[1]["message"].as_str().unwrap().starts_with("skipped"), "{push}");
}

#[test]
fn a_server_that_is_away_is_said_once_for_all_databases_and_the_machine_is_still_measured() {
    let postgres = Postgres::start();
    let agent = watching(&postgres, "postgres", "one, two");
    drop(postgres);
    let (status, push) = agent.once();
    assert_eq!(status, Some(3));
    let failures = push["failures"].as_array().unwrap();
    assert!(failures[0]["message"].as_str().unwrap().contains("cannot reach 127.0.0.1"), "{push}");
    assert!(failures[1]["message"].as_str().unwrap().starts_with("skipped"), "{push}");
    let sysstat = documents(&push, "sysstat")[0];
    let cpu = &sysstat["cpu"];
    let whole: f64 =
        ["user", "system", "idle", "iowait", "steal"].iter().map(|part| cpu[part].as_f64().unwrap()).sum();
    assert!((whole - 100.0).abs() < 0.01, "the shares of the processor make a whole: {cpu}");
    assert_eq!(documents(&push, "disk_usage").len(), 1);
}

#[test]
fn a_password_comes_from_the_file_or_from_libpqs_variables() {
    let postgres = Postgres::start_with(|data| {
        crate::support::agent::write(
            &data.join("pg_hba.conf"),
            "local all postgres trust\nhost all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
        );
        // PostgreSQL 13 would store it as MD5
        vec!["password_encryption=scram-sha-256".to_owned()]
    });
    postgres.execute("CREATE ROLE watcher LOGIN PASSWORD 'right'");
    let agent = watching(&postgres, "watcher", "postgres");
    let (status, push) = agent.once();
    assert_eq!(status, Some(3), "no password at all: {push}");

    let by_variable = |password: &str| {
        let port = postgres.port().to_string();
        let variables = [
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", port.as_str()),
            ("PGUSER", "watcher"),
            ("PGDATABASE", "postgres"),
        ];
        let mut program = crate::support::agent::program();
        program.arg("once").envs(variables).env("PGPASSWORD", password).output().unwrap()
    };
    assert_eq!(by_variable("right").status.code(), Some(0));
    let wrong = by_variable("canary-secret");
    assert_eq!(wrong.status.code(), Some(3));
    let said = [wrong.stdout, wrong.stderr].concat();
    assert!(!String::from_utf8_lossy(&said).contains("canary-secret"), "a password is never said");

    let file = agent.folder.path().join("password");
    crate::support::agent::write(&file, "right\n");
    let text =
        std::fs::read_to_string(&agent.file).unwrap() + &format!("password_file = \"{}\"\n", file.display());
    crate::support::agent::write(&agent.file, &text);
    assert_eq!(agent.once().0, Some(0));
}
