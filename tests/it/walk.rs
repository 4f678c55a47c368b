//! The whole way: from an empty folder to a database on a chart, with the real daemon, the real agent and a real
//! PostgreSQL, through a power cut of the daemon.

use nix::sys::statvfs::statvfs;
use serde_json::{Value, json};

use crate::support::agent::{Configured, Running};
use crate::support::appliance::Appliance;
use crate::support::client::Socket;
use crate::support::postgres::Postgres;
use crate::support::wait_for;

const SECRET: &str = "a password for PostgreSQL";

/// A server where passwords count, with a table in a database of its own.
fn database() -> Postgres {
    let postgres = Postgres::start_with(|data| {
        crate::support::agent::write(
            &data.join("pg_hba.conf"),
            "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
        );
        vec!["password_encryption=scram-sha-256".to_owned()]
    });
    postgres.execute(&format!("CREATE ROLE watcher LOGIN PASSWORD '{SECRET}';\nGRANT pg_monitor TO watcher"));
    postgres.execute("CREATE DATABASE app");
    postgres.execute_in(
        "app",
        "CREATE TABLE orders (id bigint PRIMARY KEY);\nINSERT INTO orders SELECT generate_series(1, 1234)",
    );
    // the figures of an insert arrive a moment after its session has ended
    wait_for("the statistics", || {
        let live = postgres.value("app", "SELECT n_live_tup FROM pg_stat_user_tables");
        (live == "1234").then_some(())
    });
    postgres
}

fn connection(postgres: &Postgres) -> Value {
    json!({
        "type": "postgresql", "host": "127.0.0.1", "port": postgres.port(), "database": "app",
        "username": "watcher", "password": SECRET, "ssl_mode": "disable",
    })
}

fn with(mut value: Value, member: &str, to: impl Into<Value>) -> Value {
    value[member] = to.into();
    value
}

fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A form can only mark the field that is named.
#[test]
fn a_connection_that_does_not_work_names_the_field_at_fault() {
    let (appliance, ada) = Appliance::with_admin();
    let postgres = database();
    let (_, operator) = appliance.user(&ada, "olga", "operator");
    let test = |body: &Value| {
        let reply = appliance.client.post("/api/v1/collectors/test-connection", Some(&operator), body);
        assert!(!reply.text.contains(SECRET), "the password is echoed: {}", reply.text);
        reply
    };
    let good = connection(&postgres);
    let reply = test(&good);
    assert_eq!((reply.status, &reply.body["success"]), (200, &json!(true)), "{}", reply.text);
    let version = postgres.value("app", "SHOW server_version");
    assert_eq!(reply.body["database_version"], version.split(' ').next().unwrap());
    assert!(reply.body["latency_ms"].as_f64().unwrap() > 0.0);

    for (member, wrong, field) in [
        ("password", json!("wrong"), "password"),
        ("database", json!("nowhere"), "database"),
        ("host", json!("no-such-host.invalid"), "host"),
        ("port", json!(closed_port()), "port"),
        ("ssl_mode", json!("require"), "ssl_mode"),
        ("host", json!("169.254.169.254"), "host"),
    ] {
        let reply = test(&with(good.clone(), member, wrong));
        assert_eq!(reply.problem(), (400, "connection_failed"));
        assert_eq!((reply.fields(), &reply.body["success"]), (vec![field], &json!(false)), "{}", reply.text);
    }
    let mysql = test(&with(good.clone(), "type", "mysql"));
    assert_eq!((mysql.problem(), mysql.fields()), ((400, "type_not_supported"), vec!["type"]));

    let refused = (0..4).map(|_| test(&good)).find(|reply| reply.status != 200).expect("ten a minute");
    assert_eq!(refused.problem(), (429, "rate_limited"));
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
}

#[test]
fn a_registration_whose_database_is_not_there_leaves_nothing_behind() {
    let (appliance, ada) = Appliance::with_admin();
    let body = json!({
        "name": "db-1", "type": "postgresql", "environment": "production", "host": "127.0.0.1",
        "port": closed_port(), "database": "app", "username": "watcher", "password": SECRET, "ssl_mode": "prefer",
    });
    let refused = appliance.client.post("/api/v1/collectors/register", Some(&ada), &body);
    assert_eq!((refused.problem(), refused.fields()), ((400, "connection_failed"), vec!["port"]));
    let list = appliance.client.get("/api/v1/collectors", Some(&ada));
    assert_eq!(list.body["total"], 0, "{}", list.text);
}

/// The agent of a collector that reports every ten seconds.
fn agent_of(appliance: &Appliance, postgres: &Postgres, id: &str, token: &str) -> (Configured, Running) {
    let configured = Configured::with("");
    let folder = configured.folder.path().display();
    crate::support::agent::write(
        &configured.file,
        &format!(
            "[collector]\ninterval = 10\n[postgres]\ndatabases = \"app\"\n[spool]\ndirectory = \"{folder}/spool\"\n"
        ),
    );
    let port = postgres.port().to_string();
    let environment = [
        ("COLLECTOR_ID", id),
        ("COLLECTOR_JWT_TOKEN", token),
        ("CENTRAL_API_URL", appliance.client.url()),
        ("PGHOST", "127.0.0.1"),
        ("PGPORT", port.as_str()),
        ("PGUSER", "watcher"),
        ("PGPASSWORD", SECRET),
    ];
    let agent = Running::start_with(&configured, &environment);
    (configured, agent)
}

fn seqs(documents: &[Value]) -> Vec<u64> {
    documents.iter().map(|document| document["seq"].as_u64().unwrap()).collect()
}

#[test]
fn from_an_empty_folder_to_a_database_on_a_chart_and_through_a_power_cut() {
    let (mut appliance, ada) = Appliance::with_admin();
    let postgres = database();
    let mut body = connection(&postgres);
    for (member, value) in [("name", "db-1"), ("environment", "production"), ("group", "On-Premises")] {
        body[member] = value.into();
    }
    body["collection_interval"] = 10.into();
    let registered = appliance.client.post("/api/v1/collectors/register", Some(&ada), &body);
    assert_eq!(
        (registered.status, &registered.body["status"]),
        (201, &json!("pending")),
        "{}",
        registered.text
    );
    for pem in ["certificate", "private_key", "ca_certificate"] {
        assert!(registered.string(pem).starts_with("-----BEGIN "), "{pem}");
    }
    let (id, token) = (registered.string("id"), registered.string("jwt_token"));
    let collector = format!("/api/v1/collectors/{id}");
    let shown = appliance.client.get(&collector, Some(&ada));
    assert_eq!(
        (&shown.body["status"], &shown.body["group"]["name"]),
        (&json!("pending"), &json!("On-Premises"))
    );

    let bearer = format!("Bearer {ada}");
    let headers = [("authorization", bearer.as_str())];
    let mut socket = Socket::open(appliance.client.address(), "/api/v1/ws", &headers).unwrap();
    socket.say(&json!({"action": "subscribe", "collector_id": id}));
    let (_configured, agent) = agent_of(&appliance, &postgres, &id, &token);
    let mut missing = vec!["collector:heartbeat", "collector:metrics"];
    socket.hear_until("a heartbeat and metrics", |event| {
        assert_eq!(event["collector_id"], id, "{event}");
        missing.retain(|kind| event["type"] != *kind);
        missing.is_empty()
    });

    wait_for("the collector to be online", || {
        let shown = appliance.client.get(&collector, Some(&ada));
        // a busy machine makes the collections of a debug build slow, and the collector is there all the same
        let is_there = shown.body["status"] == "online" || shown.body["status"] == "slow";
        (is_there && shown.body["metrics_collected"].as_u64() >= Some(3)).then_some(())
    });
    the_documents_say_what_the_machine_says(&appliance, &ada, &id, &postgres);

    let before: Vec<Value> =
        ["pg_stats", "sysstat", "disk_usage"].map(|kind| appliance.documents(&ada, &id, kind)).concat();
    let logged_out = appliance.login("ada");
    assert_eq!(appliance.client.post("/api/v1/auth/logout", Some(&logged_out), &json!({})).status, 204);
    let port = appliance.client.address().to_owned();
    appliance.kill();
    appliance.set_environment(&[("PGANALYTICS_LISTEN", &port)]);
    appliance.restart();

    let after: Vec<Value> =
        ["pg_stats", "sysstat", "disk_usage"].map(|kind| appliance.documents(&ada, &id, kind)).concat();
    for document in &before {
        assert_eq!(after.iter().filter(|again| *again == document).count(), 1, "lost or doubled: {document}");
    }
    let mut numbers = seqs(&after);
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), after.len(), "a document came twice");
    let verified = appliance.client.get("/api/v1/audit/verify", Some(&ada));
    assert_eq!(verified.body["verified"], true, "{}", verified.text);
    assert_eq!(appliance.client.get("/api/v1/auth/me", Some(&logged_out)).problem(), (401, "token_revoked"));
    assert_eq!(appliance.client.get("/api/v1/auth/me", Some(&ada)).status, 200, "nobody else is signed out");

    wait_for("the agent to go on by itself", || {
        let more = appliance.documents(&ada, &id, "pg_stats").len();
        (more > before.iter().filter(|document| document["type"] == "pg_stats").count()).then_some(())
    });
    // the agent learns the version when it collects, and says it with the beat after that
    let version = postgres.value("app", "SHOW server_version");
    let version = version.split(' ').next().unwrap();
    wait_for("the version of the database", || {
        let said = appliance.client.get(&collector, Some(&ada)).body["database_version"].clone();
        said.as_str().is_some_and(|said| said.contains(version)).then_some(())
    });
    assert_eq!(agent.stop(), Some(0));
}

fn the_documents_say_what_the_machine_says(
    appliance: &Appliance,
    token: &str,
    id: &str,
    postgres: &Postgres,
) {
    let last = |kind: &str| {
        let documents = appliance.documents(token, id, kind);
        documents.last().unwrap_or_else(|| panic!("no document of {kind}"))["document"].clone()
    };
    let of = |sql: &str| postgres.value("app", sql).parse::<u64>().unwrap();
    let pg_stats = last("pg_stats");
    assert_eq!((&pg_stats["type"], &pg_stats["database"]), (&json!("pg_stats"), &json!("app")));
    assert_eq!(pg_stats["size_bytes"], of("SELECT pg_database_size('app')"));
    let table = &pg_stats["tables"][0];
    assert_eq!(
        (&table["name"], &table["live_tuples"]),
        (&json!("orders"), &json!(of("SELECT n_live_tup FROM pg_stat_user_tables")))
    );
    assert_eq!(table["size_bytes"], of("SELECT pg_total_relation_size('orders')"));
    assert_eq!(pg_stats["indexes"][0]["name"], "orders_pkey");

    let sysstat = last("sysstat");
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap();
    let total: f64 = meminfo.split_whitespace().nth(1).unwrap().parse().unwrap();
    let told = sysstat["memory"]["total_mb"].as_f64().unwrap();
    assert!((told - total / 1024.0).abs() <= 1.0, "{told} MB of {total} KiB");

    let disk_usage = last("disk_usage");
    let filesystem = &disk_usage["filesystems"][0];
    let stat = statvfs(filesystem["mount"].as_str().unwrap()).unwrap();
    let total = stat.blocks() * stat.fragment_size();
    assert_eq!(filesystem["total_bytes"], total, "{filesystem}");

    let chart = appliance.client.get(
        &format!(
            "/api/v1/collectors/{id}/metrics?match=pg_stats.tables.live_tuples%7Bname%3D%22orders%22%7D"
        ),
        Some(token),
    );
    assert_eq!(chart.status, 200, "{}", chart.text);
    let series = &chart.body["series"][0];
    assert_eq!(series["labels"]["database"], "app", "{}", chart.text);
    assert_eq!(series["points"][0][1], 1234, "{}", chart.text);
}
