//! A primary and its standby at work, each with an agent, a daemon that has heard of both several times, and its mirror.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::agent::{Configured, Running, write};
use crate::support::appliance::{ADMIN, Appliance, registration};
use crate::support::mirrored::settings;
use crate::support::postgres::Postgres;

/// So many figures are needed for a speed, and one more for its change.
const COLLECTIONS: usize = 3;
/// Agents collect every ten seconds, on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_secs(180);

pub(super) struct Watched {
    pub(super) appliance: Appliance,
    pub(super) admin: String,
    /// An API token of a viewer.
    pub(super) token: String,
    pub(super) mirror: Postgres,
    _agents: Vec<(Running, Configured)>,
    /// While it holds a row, another session waits.
    _holder: tokio_postgres::Client,
    _servers: [Postgres; 2],
    /// Runs the sessions that wait and work.
    _runtime: Runtime,
}

impl Watched {
    pub(super) fn start() -> Self {
        let primary = populated();
        let standby = primary.standby("standby");
        primary.execute("SELECT pg_create_physical_replication_slot('forgotten', true)");
        let runtime = Runtime::new().unwrap();
        let holder = runtime.block_on(quarrel(&primary));
        let mirror = Postgres::start();
        let mut appliance = Appliance::prepare();
        appliance.set_config(Some(&settings(&mirror, "hamburg")));
        appliance.restart();
        appliance.set_up();
        let admin = appliance.login(ADMIN);
        let made = json!({"name": "grafana", "role": "viewer"});
        let token = appliance.client.post("/api/v1/api-tokens", Some(&admin), &made).string("token");
        let mut agents = Vec::new();
        let mut ids = Vec::new();
        for (name, more, server) in [
            ("db-1", json!({"environment": "production", "group": "Production"}), &primary),
            ("db-2", json!({"environment": "staging"}), &standby),
        ] {
            let (id, agent) = watching(&appliance, &admin, name, &more, server);
            ids.push(id);
            agents.push(agent);
        }
        work_until(&primary, || {
            let heard = |id: &String| appliance.documents(&admin, id, "pg_stats").len() >= 2 * COLLECTIONS;
            ids.iter().all(heard)
        });
        Self {
            appliance,
            admin,
            token,
            mirror,
            _agents: agents,
            _holder: holder,
            _servers: [primary, standby],
            _runtime: runtime,
        }
    }
}

/// A bit of everything, with statements that are counted.
fn populated() -> Postgres {
    let settings = ["shared_preload_libraries=pg_stat_statements", "track_io_timing=on", "work_mem=64kB"];
    let postgres = Postgres::start_with(|_| settings.map(str::to_owned).to_vec());
    postgres.execute("CREATE DATABASE app");
    postgres.execute_in(
        "app",
        "CREATE EXTENSION pg_stat_statements;\n\
         CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, note text);\n\
         CREATE INDEX orders_customer ON orders (customer);\n\
         CREATE INDEX orders_note ON orders (note);\n\
         INSERT INTO orders SELECT i, i % 50, repeat('x', 60) FROM generate_series(1, 8000) i;\n\
         DELETE FROM orders WHERE id % 4 = 0;\n\
         ANALYZE orders",
    );
    postgres
}

/// One session holds a row and does nothing, one waits for the row, one works for long. They last as long as the
/// first one is held.
async fn quarrel(postgres: &Postgres) -> tokio_postgres::Client {
    let holder = postgres.client("app").await;
    holder.batch_execute("BEGIN; UPDATE orders SET customer = 1 WHERE id = 1").await.unwrap();
    for statement in ["UPDATE orders SET customer = 2 WHERE id = 1", "SELECT pg_sleep(600)"] {
        let client = postgres.client("app").await;
        tokio::spawn(async move { client.batch_execute(statement).await });
    }
    holder
}

fn watching(
    appliance: &Appliance,
    admin: &str,
    name: &str,
    more: &Value,
    server: &Postgres,
) -> (String, (Running, Configured)) {
    let mut body = registration(name);
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = appliance.client.post("/api/v1/collectors/register", Some(admin), &body);
    assert_eq!(made.status, 201, "{}", made.text);
    let configured = Configured::with("");
    let folder = configured.folder.path().display().to_string();
    write(&configured.folder.path().join("token"), &made.string("jwt_token"));
    let (id, url, port) = (made.string("id"), appliance.client.url(), server.port());
    write(
        &configured.file,
        &format!(
            "[collector]\nid = \"{id}\"\ntoken_file = \"{folder}/token\"\ninterval = 10\n\
             [backend]\nurl = \"{url}\"\n[spool]\ndirectory = \"{folder}/spool\"\n\
             [postgres]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"postgres\"\n\
             databases = \"app, postgres\"\n\
             [pg_connections]\nlong_transaction = 1\nidle_transaction = 1\n"
        ),
    );
    let agent = Running::start(&configured);
    (id, (agent, configured))
}

/// Keeps the server busy until agents have seen enough of it.
fn work_until(postgres: &Postgres, is_enough: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_enough() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for collections");
        postgres.execute_in(
            "app",
            "SELECT count(*) FROM orders WHERE customer = 3;\n\
             SELECT count(*) FROM (SELECT note FROM orders ORDER BY note, customer) AS sorted;\n\
             UPDATE orders SET note = note || 'y' WHERE id IN (5, 6, 7);\n\
             INSERT INTO orders SELECT max(id) + 1, 1, 'new' FROM orders;\n\
             DELETE FROM orders WHERE id = (SELECT max(id) FROM orders)",
        );
        std::thread::park_timeout(Duration::from_millis(500));
    }
}
