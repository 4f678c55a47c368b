//! The worker as a child process: how it is started, listened to and ended.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::collector::NAME;
use crate::collector::pipe::{self, Message};

/// Messages that are read ahead. A worker that is faster than the disk waits.
const MESSAGES_AHEAD: usize = 2;

pub(super) struct WorkerProcess {
    child: Child,
    /// Held open for as long as the worker shall live.
    _line: Option<ChildStdin>,
    messages: mpsc::Receiver<io::Result<Message>>,
}

impl WorkerProcess {
    pub(super) fn start(arguments: &[OsString]) -> io::Result<Self> {
        // the file that runs now, also when an upgrade has replaced it on disk meanwhile
        let mut child = Command::new("/proc/self/exe")
            .arg0(NAME)
            .args(arguments)
            .env_remove("COLLECTOR_JWT_TOKEN")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("the worker has no output"))?;
        let line = child.stdin.take();
        let (sender, messages) = mpsc::channel(MESSAGES_AHEAD);
        tokio::spawn(async move {
            let mut stdout = stdout;
            while let Some(message) = pipe::read(&mut stdout).await.transpose() {
                let is_broken = message.is_err();
                if sender.send(message).await.is_err() || is_broken {
                    break;
                }
            }
        });
        Ok(Self { child, _line: line, messages })
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The next message; `None` when the worker has closed its end, and so is ending.
    pub(super) async fn message(&mut self) -> Option<io::Result<Message>> {
        self.messages.recv().await
    }

    /// Waits for a worker that is ending by itself; one that does not is ended.
    pub(super) async fn ended(&mut self, grace: Duration) -> String {
        match timeout(grace, self.child.wait()).await {
            Ok(status) => describe(status),
            Err(_) => self.stop(Duration::ZERO, drop).await,
        }
    }

    /// SIGTERM, the time to follow it, then SIGKILL; `say` hears of each step. Returns how it ended.
    pub(super) async fn stop(&mut self, grace: Duration, say: impl Fn(String)) -> String {
        if let Some(pid) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            tracing::info!(pid, signal = "SIGTERM", grace_s = grace.as_secs(), "asking the worker to stop");
            say(format!("SIGTERM sent to process {pid}, which has {} s to end", grace.as_secs()));
            if let Err(error) = kill(Pid::from_raw(pid), Signal::SIGTERM) {
                tracing::warn!(pid, %error, "cannot send SIGTERM to the worker");
            }
        }
        // what it still says on its way out is kept: reading goes on beside, up to the bound
        if let Ok(status) = timeout(grace, self.child.wait()).await {
            return describe(status);
        }
        tracing::warn!(signal = "SIGKILL", "the worker has not stopped in time");
        say("SIGKILL sent: the worker has not stopped in time".to_owned());
        match self.child.kill().await {
            Ok(()) => "ended by SIGKILL".to_owned(),
            Err(error) => format!("cannot be killed: {error}"),
        }
    }
}

fn describe(status: io::Result<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("ended with status {code}"),
            (None, Some(number)) => {
                let name = Signal::try_from(number).map_or("an unknown signal", Signal::as_str);
                format!("ended by {name}")
            }
            (None, None) => "ended".to_owned(),
        },
        Err(error) => format!("cannot be waited for: {error}"),
    }
}
