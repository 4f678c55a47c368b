//! The daemon's program, run as a user would: on a folder and a port of its own, killed and started again.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::wait_for;

pub(crate) const ADMIN: &str = "ada";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The program with an environment of its own: the one that was built beside the tests, or the one that the variable
/// `PGANALYTICS_TEST_PROGRAM` names, such as that of a release, where a test measures.
pub(crate) fn program() -> Command {
    let built = || env!("CARGO_BIN_EXE_pganalytics").into();
    let mut command = Command::new(std::env::var_os("PGANALYTICS_TEST_PROGRAM").unwrap_or_else(built));
    command.env_clear().env("HOME", "/nonexistent");
    command
}

/// A data directory and the daemon on it, which is killed when this is dropped.
pub(crate) struct Appliance {
    folder: tempfile::TempDir,
    /// More of the daemon's environment.
    environment: Vec<(String, String)>,
    /// Whether there is a configuration file.
    is_configured: bool,
    daemon: Option<Child>,
    /// Bytes that earlier daemons on the directory have printed.
    said_before: usize,
    pub(crate) client: Client,
}

impl Appliance {
    /// A daemon without users.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(environment: &[(&str, &str)]) -> Self {
        let mut appliance = Self::prepare();
        appliance.set_environment(environment);
        appliance.restart();
        appliance
    }

    /// A daemon with the administrator `ada`, and her token.
    pub(crate) fn with_admin() -> (Self, String) {
        let appliance = Self::start();
        appliance.set_up();
        let token = appliance.login(ADMIN);
        (appliance, token)
    }

    /// The folder alone.
    pub(crate) fn prepare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let client = Client::of("http://127.0.0.1:9");
        Self { folder, environment: Vec::new(), is_configured: false, daemon: None, said_before: 0, client }
    }

    pub(crate) fn set_environment(&mut self, environment: &[(&str, &str)]) {
        let owned = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.environment = owned.collect();
    }

    /// A configuration file from the next start on, or none.
    pub(crate) fn set_config(&mut self, text: Option<&str>) {
        self.is_configured = text.is_some();
        write(&self.config(), text.unwrap_or_default().as_bytes());
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("pganalytics.toml")
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the daemon on the directory, and waits until it listens.
    pub(crate) fn restart(&mut self) {
        assert!(self.try_restart(), "the daemon ended: {}", self.said());
    }

    /// The same, and false when it has ended instead.
    pub(crate) fn try_restart(&mut self) -> bool {
        self.spawn();
        let address = self.wait_until_it_listens();
        address.map(|address| self.client.move_to(&address)).is_some()
    }

    /// Starts the daemon, which may end before it listens.
    pub(crate) fn spawn(&mut self) {
        self.spawn_with(&[]);
    }

    /// Starts the daemon with further arguments, which name a configuration, and waits until it listens.
    pub(crate) fn serve_with(&mut self, arguments: &[&str]) {
        self.spawn_with(arguments);
        let address = self.wait_until_it_listens().unwrap_or_else(|| panic!("it ended: {}", self.said()));
        self.client.move_to(&address);
    }

    /// Starts the daemon with a socket that it is handed as systemd does it, `count` times, and waits until it listens;
    /// false when it has ended instead.
    pub(crate) fn serve_on(&mut self, socket: OwnedFd, count: usize, arguments: &[&str]) -> bool {
        let mut command = Command::new("/bin/sh");
        let own = self.command();
        // descriptors are handed over from the third on; what a shell gets is its standard input
        let handed = ["", " 3<&0", " 3<&0 4<&0"][count];
        let start = format!("exec{handed} 0</dev/null; LISTEN_PID=$$ LISTEN_FDS={count} exec \"$0\" \"$@\"");
        command.arg("-c").arg(start).arg(own.get_program()).env_clear().stdin(Stdio::from(socket));
        command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.spawn_as(command, arguments);
        let address = self.wait_until_it_listens();
        address.map(|address| self.client.move_to(&address)).is_some()
    }

    fn spawn_with(&mut self, arguments: &[&str]) {
        self.spawn_as(self.command(), arguments);
    }

    fn spawn_as(&mut self, mut command: Command, arguments: &[&str]) {
        assert!(self.daemon.is_none(), "the last daemon has ended");
        self.said_before = self.said().len();
        let path = self.folder.path().join("said");
        let said = OpenOptions::new().create(true).append(true).open(path).unwrap();
        command.arg("serve").args(arguments);
        if self.is_configured {
            command.arg("--config").arg(self.config());
        }
        command.stdout(said.try_clone().unwrap()).stderr(said);
        self.daemon = Some(command.spawn().unwrap());
    }

    /// Its address, or nothing when it has ended.
    fn wait_until_it_listens(&mut self) -> Option<String> {
        let mut daemon = self.daemon.take().unwrap();
        let found = wait_for("the daemon to listen", || {
            let said = self.said();
            let lines = said[self.said_before..].split_inclusive('\n');
            // only a whole line has the whole port
            let mut whole = lines.filter_map(|line| line.strip_suffix('\n'));
            let address = whole.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
            let ended = || daemon.try_wait().unwrap().map(|_| None);
            address.map(Some).or_else(ended)
        });
        self.daemon = Some(daemon);
        found
    }

    /// The program with this directory, for a command such as `user list`.
    pub(crate) fn command(&self) -> Command {
        let mut command = program();
        command.env("PGANALYTICS_DATA_DIR", self.data_dir());
        command.env("PGANALYTICS_LISTEN", "127.0.0.1:0");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command, with a text on its standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // a program that refuses its arguments does not read
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    pub(crate) fn id(&self) -> i32 {
        i32::try_from(self.daemon.as_ref().unwrap().id()).unwrap()
    }

    /// What a power cut would do to the process.
    pub(crate) fn kill(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    /// Asks it to stop, and waits for its exit status.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.wait()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id()), signal).unwrap();
    }

    /// Waits for its exit status.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let mut daemon = self.daemon.take().unwrap();
        wait_for("the daemon to end", || daemon.try_wait().unwrap()).code()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.daemon.as_mut().is_none_or(|daemon| daemon.try_wait().unwrap().is_some())
    }

    /// Everything that this daemon and those before it on the directory have printed.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("said")).unwrap_or_default()
    }

    /// The most memory that the daemon has held, in bytes.
    pub(crate) fn peak_memory_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Makes the first administrator with the setup code.
    pub(crate) fn set_up(&self) {
        let code = fs::read_to_string(self.data_dir().join("setup-code")).unwrap();
        let body = json!({"code": code.trim(), "username": ADMIN, "password": PASSWORD});
        let made = self.client.post("/api/v1/setup", None, &body);
        assert_eq!(made.status, 201, "{}", made.text);
    }

    pub(crate) fn try_login(&self, username: &str, password: &str) -> Reply {
        let body = json!({"username": username, "password": password});
        self.client.post("/api/v1/auth/login", None, &body)
    }

    /// The token of a session.
    pub(crate) fn login(&self, username: &str) -> String {
        let reply = self.try_login(username, PASSWORD);
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.string("token")
    }

    /// A new user with a session; its id and token.
    pub(crate) fn user(&self, admin: &str, username: &str, role: &str) -> (String, String) {
        let body = json!({"username": username, "password": PASSWORD, "role": role});
        let made = self.client.post("/api/v1/users", Some(admin), &body);
        assert_eq!(made.status, 201, "{}", made.text);
        (made.string("id"), self.login(username))
    }

    /// A new collector, whose database nobody looks at; its id and token.
    pub(crate) fn collector(&self, admin: &str, name: &str) -> (String, String) {
        let reply = self.client.post("/api/v1/collectors/register", Some(admin), &registration(name));
        assert_eq!(reply.status, 201, "{}", reply.text);
        (reply.string("id"), reply.string("jwt_token"))
    }

    /// All entries of the audit log that a filter (`&action=...`) leaves, the newest first.
    pub(crate) fn audited(&self, token: &str, filter: &str) -> Vec<Value> {
        let (mut entries, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/audit?limit=1000{filter}{cursor}");
            let mut page = self.client.get(&path, Some(token));
            assert_eq!(page.status, 200, "{}", page.text);
            entries.append(page.body["entries"].as_array_mut().unwrap());
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return entries,
            }
        }
    }

    /// All documents of a collector, page by page, as `{seq, type, timestamp, received_at, document}`.
    pub(crate) fn documents(&self, token: &str, collector: &str, kind: &str) -> Vec<Value> {
        let mut documents = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/collectors/{collector}/documents?type={kind}&limit=1000{cursor}");
            let page = self.client.get(&path, Some(token));
            assert_eq!(page.status, 200, "{}", page.text);
            documents.extend(page.body["documents"].as_array().unwrap().iter().cloned());
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return documents,
            }
        }
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// A registration that is not tried first.
pub(crate) fn registration(name: &str) -> Value {
    json!({
        "name": name, "type": "postgresql", "environment": "production", "host": "db.example", "port": 5432,
        "database": "app", "username": "watcher", "password": "hunter2 hunter2", "ssl_mode": "prefer",
        "test_connection": false,
    })
}

/// The present time as documents have it.
pub(crate) fn now() -> String {
    pganalytics::clock::Clock::System.now().to_string()
}

pub(crate) fn write(path: &Path, bytes: &[u8]) {
    // a copy of a key is for its owner alone, as the key is
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.unwrap().write_all(bytes).unwrap();
}
