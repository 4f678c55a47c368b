//! A real Prometheus on a folder and a port of its own, filled before it starts.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::Method;
use serde_json::Value;

use super::appliance::write;
use super::client::{Client, Reply};
use super::wait_for;

pub(crate) struct Prometheus {
    server: Child,
    client: Client,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// With the samples of a text in the form of `OpenMetrics`.
    pub(crate) fn with(samples: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (text, data) = (folder.path().join("samples"), folder.path().join("data"));
        write(&text, samples.as_bytes());
        let filled = command("promtool", folder.path())
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&text, &data])
            .output()
            .unwrap();
        assert!(filled.status.success(), "promtool: {}", String::from_utf8_lossy(&filled.stderr));
        let config = folder.path().join("config");
        write(&config, b"global: {}\n");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let server = command("prometheus", folder.path())
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .args(["--storage.tsdb.retention.time=100y", "--web.listen-address"])
            .arg(format!("127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let client = Client::of(&format!("http://127.0.0.1:{port}"));
        let prometheus = Self { server, client, _folder: folder };
        wait_for("Prometheus to be ready", || {
            let reply = prometheus.client.try_send(Method::GET, "/-/ready", &[], Vec::new());
            reply.is_ok_and(|reply| reply.status == 200).then_some(())
        });
        prometheus
    }

    /// Calls with a form, such as `query` with `[("query", "1+1")]`.
    pub(crate) fn call(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.client.send(Method::POST, &format!("/api/v1/{path}"), &headers, form_of(form).into_bytes())
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.client.get(&format!("/api/v1/{path}"), None).body
    }
}

/// Pairs as the body of a form, or behind the `?` of a path.
pub(crate) fn form_of(pairs: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let escape = |byte: u8| {
            if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
        };
        text.bytes().map(escape).collect()
    };
    let pair = |(name, value): &(&str, &str)| format!("{}={}", escaped(name), escaped(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    // it keeps a file of active queries where it runs
    command.current_dir(folder);
    command
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
