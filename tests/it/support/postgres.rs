//! A throwaway PostgreSQL: its own folder, its own port on 127.0.0.1, gone when it is dropped.
//!
//! It is the newest under `/usr/lib/postgresql`, or the one whose programs lie in the folder that the variable
//! `PGANALYTICS_TEST_POSTGRES_BIN` names. `PGANALYTICS_TEST_POSTGRES_BINS` names more of them, with colons between, for
//! the test that goes through all releases. The superuser is `postgres` and needs no password.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User, chown, geteuid};

use super::wait_for;

pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    /// Where its programs are.
    bin: PathBuf,
    port: u16,
    server: Child,
    settings: Vec<String>,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| Vec::new())
    }

    /// `prepare` gets the data folder before the server starts, and returns settings such as `ssl=on`.
    pub(crate) fn start_with(prepare: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let bin = std::env::var_os("PGANALYTICS_TEST_POSTGRES_BIN").map_or_else(newest, PathBuf::from);
        Self::start_of(bin, prepare)
    }

    /// The release whose programs are in that folder.
    pub(crate) fn start_of(bin: PathBuf, prepare: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        give_away(folder.path());
        let initdb = program(&bin, "initdb")
            .args(["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(initdb.status.success(), "initdb failed: {}", String::from_utf8_lossy(&initdb.stderr));
        let settings = prepare(&data);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = spawn(&bin, folder.path(), port, &settings);
        let postgres = Self { folder, bin, port, server, settings };
        postgres.wait_until_it_answers();
        postgres
    }

    /// A standby that follows the server by a slot of that name, with the same settings.
    pub(crate) fn standby(&self, slot: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        give_away(folder.path());
        self.execute(&format!("SELECT pg_create_physical_replication_slot('{slot}', true)"));
        let copied = program(&self.bin, "pg_basebackup")
            .args(["-h", "127.0.0.1", "-U", "postgres", "-X", "stream", "-R", "--no-sync", "-S", slot, "-p"])
            .arg(self.port.to_string())
            .arg("-D")
            .arg(&data)
            .output()
            .unwrap();
        assert!(copied.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&copied.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = [&self.settings[..], &[format!("cluster_name={slot}")]].concat();
        let bin = self.bin.clone();
        let server = spawn(&bin, folder.path(), port, &settings);
        let standby = Self { folder, bin, port, server, settings };
        standby.wait_until_it_answers();
        standby
    }

    fn wait_until_it_answers(&self) {
        wait_for("PostgreSQL to start", || self.psql("postgres", "SELECT 1").is_ok().then_some(()));
    }

    /// Ends the server at once and in the middle of everything; what it had acknowledged is there when it is
    /// started again.
    pub(crate) fn crash(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.server.id()).unwrap());
        kill(pid, Signal::SIGQUIT).unwrap();
        self.server.wait().unwrap();
    }

    /// Starts the server again, on its folder and port.
    pub(crate) fn restart(&mut self) {
        self.server = spawn(&self.bin, self.folder.path(), self.port, &self.settings);
        self.wait_until_it_answers();
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Runs SQL as the superuser in the database `postgres`.
    #[track_caller]
    pub(crate) fn execute(&self, sql: &str) {
        self.execute_in("postgres", sql);
    }

    #[track_caller]
    pub(crate) fn execute_in(&self, database: &str, sql: &str) {
        self.psql(database, sql).unwrap();
    }

    /// What a query says, as `psql` prints it without decoration.
    #[track_caller]
    pub(crate) fn value(&self, database: &str, sql: &str) -> String {
        self.psql(database, sql).unwrap()
    }

    /// A connection as the superuser, open for as long as it is held.
    pub(crate) async fn client(&self, database: &str) -> tokio_postgres::Client {
        let address = format!("host=127.0.0.1 port={} user=postgres dbname={database}", self.port);
        let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    fn psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = program_file(&self.bin, "psql")
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-d", database])
            .args(["-p", &self.port.to_string()])
            .args(sql.split(";\n").flat_map(|statement| ["-c", statement]))
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

fn spawn(bin: &Path, folder: &Path, port: u16, settings: &[String]) -> Child {
    let log = fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut command = program(bin, "postgres");
    command.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
    command.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c"]);
    command.arg(format!("unix_socket_directories={}", folder.display()));
    for setting in settings {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.server.id()).unwrap());
        // an immediate shutdown: nobody needs the data any more
        let _ = kill(pid, Signal::SIGQUIT);
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(self.folder.path());
    }
}

/// Hands a file to the user that the server runs as.
pub(crate) fn give_away(path: &Path) {
    if let Some((user, group)) = unprivileged() {
        chown(path, Some(user), Some(group)).unwrap();
    }
}

/// PostgreSQL refuses to run as root, so a test that does uses somebody else.
fn unprivileged() -> Option<(Uid, Gid)> {
    if !geteuid().is_root() {
        return None;
    }
    let user = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).unwrap());
    user.map(|user| (user.uid, user.gid))
}

fn program(bin: &Path, name: &str) -> Command {
    let mut command = program_file(bin, name);
    if let Some((user, group)) = unprivileged() {
        command.uid(user.as_raw()).gid(group.as_raw());
    }
    command.current_dir("/");
    command
}

fn program_file(bin: &Path, name: &str) -> Command {
    let named = bin.join(name);
    // some builds of the server come without psql; any version of it will do
    Command::new(if named.exists() { named } else { newest().join(name) })
}

/// Where the programs of all releases are that are at hand, the oldest of the installed ones first.
pub(crate) fn releases() -> Vec<PathBuf> {
    let more = std::env::var_os("PGANALYTICS_TEST_POSTGRES_BINS").unwrap_or_default();
    let more = std::env::split_paths(&more).filter(|folder| !folder.as_os_str().is_empty());
    installed().into_iter().chain(more).collect()
}

fn newest() -> PathBuf {
    installed().pop().expect("a version of PostgreSQL")
}

fn installed() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL's server programs are installed");
    let mut versions: Vec<u32> =
        versions.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable();
    let bin = |version: u32| Path::new("/usr/lib/postgresql").join(version.to_string()).join("bin");
    versions.into_iter().map(bin).collect()
}
