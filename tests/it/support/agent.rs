//! The agent's program, run as a user would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::wait_for;

pub(crate) const COLLECTOR_ID: &str = "col_01939b3c-5a00-7000-8000-000000000001";

/// The program with an environment of its own.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pganalytics-collector"));
    command.env_clear().env("HOME", "/nonexistent");
    command
}

/// A configuration file in a folder that lives as long as the test.
pub(crate) struct Configured {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) file: PathBuf,
}

impl Configured {
    pub(crate) fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("collector.toml");
        write(&file, text);
        Self { folder, file }
    }

    pub(crate) fn run(&self, command: &str, more: &[&str]) -> Output {
        program().arg(command).arg("--config").arg(&self.file).args(more).output().unwrap()
    }

    /// One collection, with its exit status.
    pub(crate) fn once(&self) -> (Option<i32>, serde_json::Value) {
        let output = self.run("once", &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
        (output.status.code(), json)
    }

    /// The findings of `check`, with its exit status.
    pub(crate) fn check(&self) -> (Option<i32>, serde_json::Value) {
        let output = self.run("check", &["--output", "json"]);
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
    }
}

/// An agent that is registered with a daemon, and watches its machine every ten seconds.
pub(crate) fn reporting_to(url: &str, more: &str) -> Configured {
    let configured = Configured::with("");
    let folder = configured.folder.path().display();
    write(&configured.folder.path().join("token"), "long\n");
    write(
        &configured.file,
        &format!(
            "[collector]\nid = \"{COLLECTOR_ID}\"\ntoken_file = \"{folder}/token\"\ninterval = 10\n\
             [backend]\nurl = \"{url}\"\n[spool]\ndirectory = \"{folder}/spool\"\n{more}"
        ),
    );
    configured
}

/// A running agent, killed when it is dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(configured: &Configured) -> Self {
        Self::start_with(configured, &[])
    }

    /// With more in its environment.
    pub(crate) fn start_with(configured: &Configured, environment: &[(&str, &str)]) -> Self {
        let log = fs::File::create(configured.folder.path().join("log")).unwrap();
        let mut agent = program();
        agent.arg("run").arg("--config").arg(&configured.file).stderr(log).stdout(Stdio::null());
        agent.envs(environment.iter().copied());
        Self(agent.spawn().unwrap())
    }

    pub(crate) fn id(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    /// The worker's process, once there is one.
    pub(crate) fn worker(&self) -> i32 {
        let children = format!("/proc/{0}/task/{0}/children", self.id());
        wait_for("a worker", || fs::read_to_string(&children).ok()?.split_whitespace().next()?.parse().ok())
    }

    /// Asks it to stop and returns its exit status.
    pub(crate) fn stop(mut self) -> Option<i32> {
        kill(Pid::from_raw(self.id()), Signal::SIGTERM).unwrap();
        wait_for("the agent to stop", || self.0.try_wait().unwrap()).code()
    }

    /// What a power cut would do.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn write(path: &Path, text: &str) {
    super::appliance::write(path, text.as_bytes());
}
