//! The agent of the demo: a registered collector and its process, the program that every site runs.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::postgres::Postgres;
use super::process::{Process, command};
use crate::audit::{Actor, Origin};
use crate::crypto::Secret;
use crate::files::{self, Access};
use crate::fleet::Registered;
use crate::node::Node;
use crate::postgres::SslMode;
use crate::registry::{Credentials, Environment, Kind, NewCollector};

/// The shortest that an agent knows: a demo is watched while it runs.
const INTERVAL_S: u32 = 10;
const PROGRAM: &str = "pganalytics-collector";

/// What the agent is asked to watch, as an administrator would register it.
pub(super) fn wanted(postgres: Option<&Postgres>) -> NewCollector {
    let hostname = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let hostname = hostname.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".to_owned());
    let watched = postgres.map(Postgres::connection);
    let (name, description) = match watched {
        Some(_) => ("shop", "A throwaway PostgreSQL with a small changing load, and this machine"),
        None => ("this-machine", "This machine, without a database"),
    };
    NewCollector {
        name: name.to_owned(),
        kind: Kind::Postgresql,
        environment: Environment::Development,
        group: Some("Development".to_owned()),
        description: description.to_owned(),
        host: watched.map_or(hostname, |watched| watched.host.to_owned()),
        port: watched.map_or(5432, |watched| watched.port),
        database: watched.map_or("postgres", |watched| watched.database).to_owned(),
        username: watched.map_or("", |watched| watched.user).to_owned(),
        credentials: Credentials {
            password: watched.map_or_else(|| Secret::new(""), |watched| watched.password.clone()),
            ssl_certificate: None,
        },
        ssl_mode: SslMode::Disable,
        tags: vec!["demo".to_owned()],
        collection_interval: INTERVAL_S,
        query_limit: 100,
    }
}

pub(super) fn register(node: &Node, new: NewCollector) -> Result<Registered, String> {
    let origin = Origin::local(Actor::command_line());
    node.registrar.register(&origin, new).map_err(|error| format!("cannot register the agent: {error}"))
}

/// Writes the agent's files, as `pganalytics-collector register` would, and starts it.
pub(super) fn start(
    folder: &Path,
    url: &str,
    registered: &Registered,
    postgres: Option<&Postgres>,
) -> Result<Process, String> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        let written = files::write_whole(&path, text.as_bytes(), Access::Owner);
        written.map(|()| path.clone()).map_err(|error| format!("cannot write {}: {error}", path.display()))
    };
    let token = write("collector.token", registered.token.token.expose())?;
    let mut file = Table::new();
    let interval = Value::from(INTERVAL_S);
    let identity = [
        ("id", registered.collector.id.to_string().into()),
        ("token_file", text(&token)),
        ("interval", interval.clone()),
        ("push_interval", interval.clone()),
        ("heartbeat_interval", interval.clone()),
        ("config_pull_interval", interval),
    ];
    file.insert("collector".to_owned(), section(identity));
    file.insert("backend".to_owned(), section([("url", url.into())]));
    file.insert("spool".to_owned(), section([("directory", text(&folder.join("spool")))]));
    file.insert("log".to_owned(), section([("level", "warn".into())]));
    if let Some(postgres) = postgres {
        let watched = postgres.connection();
        let password = write("postgres.password", watched.password.expose())?;
        let connection = [
            ("host", watched.host.into()),
            ("port", i64::from(watched.port).into()),
            ("user", watched.user.into()),
            ("password_file", text(&password)),
            ("ssl_mode", "disable".into()),
            ("databases", watched.database.into()),
        ];
        file.insert("postgres".to_owned(), section(connection));
    }
    let config = write("collector.toml", &file.to_string())?;
    Process::start("the agent", command(program()?).arg("run").arg("--config").arg(config))
}

fn section<const N: usize>(keys: [(&str, Value); N]) -> Value {
    Value::Table(keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn text(path: &Path) -> Value {
    path.display().to_string().into()
}

/// The agent's program lies beside the daemon's, in a package as in a build.
pub(super) fn program() -> Result<PathBuf, String> {
    let own =
        std::env::current_exe().map_err(|error| format!("cannot tell where this program lies: {error}"))?;
    let program = own.with_file_name(PROGRAM);
    if program.is_file() {
        Ok(program)
    } else {
        Err(format!("there is no agent: {} is missing", program.display()))
    }
}
