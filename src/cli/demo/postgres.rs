//! A throwaway PostgreSQL: its own folder, its own port on 127.0.0.1, and only those who know a password of it
//! get in.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::{User, chown, geteuid};
use tempfile::TempDir;
use tokio::process::Command;
use tokio_postgres::{Client, Config, NoTls};

use super::folder;
use super::process::{Process, command};
use crate::crypto::{Secret, random_hex};
use crate::files::{self, Access};

/// Where packages put the server's programs, one folder for each version.
const PLACES: [(&str, &str); 2] = [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];
const HOST: &str = "127.0.0.1";
const SUPERUSER: &str = "postgres";
const MONITOR: &str = "pganalytics";
pub(super) const DATABASE: &str = "shop";
/// A slow machine creates a cluster in ten seconds.
const START_TIME: Duration = Duration::from_secs(60);
const STOP_TIME: Duration = Duration::from_secs(3);
/// Nothing here has to survive anything, and the machine belongs to others.
const SETTINGS: [&str; 8] = [
    "fsync=off",
    "shared_buffers=32MB",
    "max_connections=40",
    "autovacuum_naptime=15s",
    "track_io_timing=on",
    "unix_socket_directories=",
    "listen_addresses=127.0.0.1",
    "dynamic_shared_memory_type=mmap",
];

/// The programs of an installed server.
pub(super) struct Installed {
    programs: PathBuf,
    pub(super) version: u32,
}

/// How the agent reaches the server.
#[derive(Clone, Copy)]
pub(super) struct Connection<'a> {
    pub(super) host: &'static str,
    pub(super) port: u16,
    pub(super) user: &'static str,
    pub(super) password: &'a Secret,
    pub(super) database: &'static str,
}

/// A running server. Field by field it goes: first the process, then its folder.
pub(super) struct Postgres {
    process: Process,
    port: u16,
    superuser_password: Secret,
    monitor_password: Secret,
    _folder: TempDir,
}

impl Installed {
    /// The newest version on this machine.
    pub(super) fn find() -> Option<Self> {
        let versions = PLACES.iter().flat_map(|(place, prefix)| {
            let entries = fs::read_dir(place).into_iter().flatten().flatten();
            entries.filter_map(move |entry| {
                let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
                Some(Self { programs: entry.path().join("bin"), version })
            })
        });
        let usable = versions.filter(|installed| {
            ["initdb", "postgres"].iter().all(|program| installed.programs.join(program).is_file())
        });
        usable.max_by_key(|installed| installed.version)
    }

    fn command(&self, program: &str, owner: Option<&User>) -> Command {
        let mut command = command(self.programs.join(program));
        if let Some(owner) = owner {
            command.uid(owner.uid.as_raw()).gid(owner.gid.as_raw());
        }
        command
    }

    fn has_statement_statistics(&self) -> bool {
        self.programs.with_file_name("lib").join("pg_stat_statements.so").is_file()
    }

    /// Creates a cluster, starts it, and makes the role that the agent uses.
    pub(super) async fn start(&self) -> Result<Postgres, String> {
        let folder = folder::temporary()?;
        let owner = owner()?;
        give(folder.path(), owner.as_ref())?;
        let superuser_password = Secret::new(random_hex::<16>());
        let data = folder.path().join("data");
        self.create_cluster(folder.path(), &data, owner.as_ref(), &superuser_password).await?;

        let port = free_port()?;
        let log = folder.path().join("log");
        let log_file =
            fs::File::create(&log).map_err(|error| format!("cannot create {}: {error}", log.display()))?;
        let mut server = self.command("postgres", owner.as_ref());
        server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        server.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        if self.has_statement_statistics() {
            server.args(["-c", "shared_preload_libraries=pg_stat_statements"]);
        }
        let process = Process::start("PostgreSQL", server.stderr(log_file))?;
        let monitor_password = Secret::new(random_hex::<16>());
        let mut postgres = Postgres { process, port, superuser_password, monitor_password, _folder: folder };
        let ready = tokio::time::timeout(START_TIME, postgres.ready()).await;
        let said =
            || fs::read_to_string(&log).unwrap_or_default().lines().last().unwrap_or_default().to_owned();
        match ready {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(format!("{error}: {}", said())),
            Err(_) => return Err(format!("it did not answer within {} s: {}", START_TIME.as_secs(), said())),
        }
        let prepared = postgres.prepare(self.has_statement_statistics()).await;
        prepared.map_err(|error| format!("cannot prepare the server: {error}"))?;
        Ok(postgres)
    }

    async fn create_cluster(
        &self,
        folder: &Path,
        data: &Path,
        owner: Option<&User>,
        password: &Secret,
    ) -> Result<(), String> {
        let password_file = folder.join("password");
        files::write_whole(&password_file, password.expose().as_bytes(), Access::Owner)
            .map_err(|error| format!("cannot write {}: {error}", password_file.display()))?;
        give(&password_file, owner)?;
        let mut initdb = self.command("initdb", owner);
        initdb.args(["--auth=scram-sha-256", "--username", SUPERUSER, "--encoding=UTF8", "--locale=C"]);
        initdb.args(["--no-sync", "--pwfile"]).arg(&password_file).arg("-D").arg(data);
        let output = initdb.stderr(Stdio::piped()).output().await;
        let output = output.map_err(|error| format!("cannot run initdb: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("initdb failed: {}", said.lines().last().unwrap_or_default()))
    }
}

impl Postgres {
    pub(super) fn connection(&self) -> Connection<'_> {
        Connection {
            host: HOST,
            port: self.port,
            user: MONITOR,
            password: &self.monitor_password,
            database: DATABASE,
        }
    }

    /// A session as the owner of everything.
    pub(super) fn session(&self, database: &str) -> Config {
        let mut config = Config::new();
        config.host(HOST).port(self.port).user(SUPERUSER).password(self.superuser_password.expose());
        config.dbname(database).application_name("shop").connect_timeout(START_TIME);
        config
    }

    pub(super) async fn ended(&mut self) -> String {
        self.process.ended().await
    }

    pub(super) async fn stop(&mut self) {
        // a fast shutdown: sessions are ended, nobody is waited for
        self.process.stop(Signal::SIGINT, STOP_TIME).await;
    }

    /// Waits until the server takes connections.
    async fn ready(&mut self) -> Result<(), String> {
        let config = self.session("postgres");
        loop {
            if connect(&config).await.is_ok() {
                return Ok(());
            }
            tokio::select! {
                ended = self.process.ended() => return Err(ended),
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        }
    }

    async fn prepare(&self, with_statistics: bool) -> Result<(), tokio_postgres::Error> {
        let client = connect(&self.session("postgres")).await?;
        // the password is hexadecimal, so it needs no quoting
        let role = format!("CREATE ROLE {MONITOR} LOGIN PASSWORD '{}'", self.monitor_password.expose());
        client.batch_execute(&role).await?;
        client.batch_execute(&format!("GRANT pg_monitor TO {MONITOR}")).await?;
        client.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await?;
        if with_statistics {
            let client = connect(&self.session(DATABASE)).await?;
            client.batch_execute("CREATE EXTENSION pg_stat_statements").await?;
        }
        Ok(())
    }
}

/// Connects; the connection ends with its client.
pub(super) async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    actix_web::rt::spawn(async move {
        // what went wrong is told to whoever uses the client
        let _ = connection.await;
    });
    Ok(client)
}

/// PostgreSQL refuses to run as root: then it runs as somebody else.
fn owner() -> Result<Option<User>, String> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let known = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
    known.map(Some).ok_or_else(|| "PostgreSQL does not run as root, and there is no user nobody".to_owned())
}

fn give(path: &Path, owner: Option<&User>) -> Result<(), String> {
    let Some(owner) = owner else { return Ok(()) };
    chown(path, Some(owner.uid), Some(owner.gid))
        .map_err(|error| format!("cannot give {} to {}: {error}", path.display(), owner.name))
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((HOST, 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("there is no free port: {error}"))
}
