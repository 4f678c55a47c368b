//! A process of the demo: started without the user's environment, ended by the demo and never left behind.

use std::ffi::OsStr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

/// A command in a group of its own: Ctrl-C at the terminal reaches the demo alone, which ends the others in
/// their order.
pub(super) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").current_dir("/").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    command
}

/// Killed when it is dropped.
pub(super) struct Process {
    name: &'static str,
    child: Child,
    has_ended: bool,
}

impl Process {
    pub(super) fn start(name: &'static str, command: &mut Command) -> Result<Self, String> {
        let child = command.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        Ok(Self { name, child, has_ended: false })
    }

    /// Waits until it ends by itself, and tells how. Once it was told, this waits for ever.
    pub(super) async fn ended(&mut self) -> String {
        if self.has_ended {
            return std::future::pending().await;
        }
        let status = self.child.wait().await;
        self.has_ended = true;
        let how = status.map_or_else(|error| error.to_string(), how);
        format!("{} ended unexpectedly ({how})", self.name)
    }

    /// Asks it to end, and kills it when it takes longer.
    pub(super) async fn stop(&mut self, signal: Signal, grace: Duration) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            // it may have ended in this moment, which is what is wanted
            let _ = kill(Pid::from_raw(pid), signal);
        }
        if tokio::time::timeout(grace, self.child.wait()).await.is_err() {
            tracing::warn!(process = self.name, grace_s = grace.as_secs(), "killed, as it did not end");
            // waits as well, so that nothing of it is left
            let _ = self.child.kill().await;
        }
        self.has_ended = true;
    }
}

fn how(status: ExitStatus) -> String {
    status.to_string().replace(": ", " ")
}
