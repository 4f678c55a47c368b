//! `pganalytics demo`: what a newcomer runs first. It shows real tables soon, and leaves nothing behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::wait_for;

/// A demo whose temporary folders lie in a folder of the test.
struct Demo {
    process: Child,
    lines: Receiver<String>,
    temporary: tempfile::TempDir,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        // the user that PostgreSQL runs as has to get through
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pganalytics"));
        command.arg("demo").args(arguments).env_clear().env("TMPDIR", temporary.path());
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { process, lines, temporary }
    }

    /// What stands behind `name:` in a line of its output.
    fn said(&self, name: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if let Some(value) = line.strip_prefix(name) {
                return value.trim_start_matches(':').trim().to_owned();
            }
        }
        panic!("the demo did not say its {name}");
    }

    /// The processes that it started, and those that they started.
    fn children(&self) -> Vec<i32> {
        let mut found = vec![i32::try_from(self.process.id()).unwrap()];
        let mut at = 0;
        while let Some(parent) = found.get(at) {
            let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
            let children =
                threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
            let children: Vec<i32> = children
                .flat_map(|list| list.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>())
                .collect();
            found.extend(children);
            at += 1;
        }
        found.split_off(1)
    }

    fn stop(&mut self, signal: Signal) -> Option<i32> {
        kill(Pid::from_raw(i32::try_from(self.process.id()).unwrap()), signal).unwrap();
        wait_for("the demo to end", || self.process.try_wait().unwrap()).code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if self.process.try_wait().unwrap().is_none() {
            let _ = self.stop(Signal::SIGTERM);
        }
    }
}

fn entries(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn within_half_a_minute_it_shows_real_tables_and_then_it_is_gone() {
    let mut demo = Demo::start(&["--listen", "127.0.0.1:0"]);
    let url = demo.said("address");
    let (user, password) = (demo.said("user"), demo.said("password"));
    let told = Instant::now();
    assert!(demo.said("One agent watches").contains("PostgreSQL"));

    let http = reqwest::Client::new();
    let login =
        http.post(format!("{url}/api/v1/auth/login")).json(&json!({"username": user, "password": password}));
    let login: Value = login.send().await.unwrap().json().await.unwrap();
    assert_eq!(login["user"]["role"], "admin", "{login}");
    let get = async |path: &str| -> Value {
        let request = http.get(format!("{url}/api/v1{path}")).bearer_auth(login["token"].as_str().unwrap());
        request.send().await.unwrap().json().await.unwrap()
    };
    loop {
        assert!(told.elapsed() < Duration::from_secs(30), "no online collector with a table named orders");
        let list = get("/collectors").await;
        let collector = &list["collectors"][0];
        if collector["status"] == "online" {
            let series = get(&format!("/collectors/{}/series", collector["id"].as_str().unwrap())).await;
            let is_orders = |series: &Value| series["labels"]["name"] == "orders";
            if series["series"].as_array().unwrap().iter().any(is_orders) {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let children = demo.children();
    assert!(children.len() >= 4, "agent, worker, PostgreSQL and its processes: {children:?}");
    assert_eq!(demo.stop(Signal::SIGINT), Some(0));
    for child in children {
        assert!(!fs::exists(format!("/proc/{child}")).unwrap(), "process {child} was left behind");
    }
    assert_eq!(entries(demo.temporary.path()), [""; 0]);
}

#[test]
fn a_folder_that_it_was_given_is_emptied_also_when_it_is_told_to_end_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let stores = folder.path().join("stores");
    let place = stores.to_str().unwrap();
    let mut demo = Demo::start(&["--listen", "127.0.0.1:0", "--data-dir", place, "--output", "json"]);
    let door = demo.lines.recv_timeout(Duration::from_secs(20)).unwrap();
    let door: Value = serde_json::from_str(&door).unwrap();
    assert!(door["address"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{door}");
    assert!(door["user"] == "admin" && door["password"].is_string(), "{door}");
    assert!(entries(&stores).contains(&"registry.sqlite".to_owned()));
    assert_eq!(demo.stop(Signal::SIGTERM), Some(0));
    assert_eq!(entries(folder.path()), [""; 0]);
    assert_eq!(entries(demo.temporary.path()), [""; 0]);
}

#[test]
fn it_takes_no_address_that_others_reach_or_have() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (address, reason) in [("0.0.0.0:8080", "this machine only"), (taken.as_str(), "cannot listen on")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pganalytics"));
        let output = command.args(["demo", "--listen", address]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(reason), "{address}: {said}");
    }
}
