//! Handlers over a real listener and a real node in a temporary folder.

mod access;
mod agents;
mod archive;
mod changes;
mod control;
mod dashboards;
mod downloads;
mod fleet;
mod gaps;
mod groups;
mod import;
mod logs;
mod once;
mod open;
mod operations;
mod presence;

use std::net::TcpListener;
use std::time::Duration;

use actix_web::rt;
use actix_web::web::Data;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Options, serve};
use crate::access::{HashCost, NewPassword, Role, Username};
use crate::audit::Origin;
use crate::clock::Clock;
use crate::crypto::Secret;
use crate::ids::IdSource;
use crate::node::{self, Node};

pub(super) const PASSWORD: &str = "purple mountain lamp";

/// A daemon that serves on a port of its own until it is dropped.
pub(super) struct Daemon {
    folder: tempfile::TempDir,
    pub clock: Clock,
    pub node: Data<Node>,
    pub address: String,
    client: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

/// What came back.
pub(super) struct Reply {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

/// How a request says who sends it.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    Nobody,
    Token(&'a str),
    Cookie(&'a str),
    /// The cookie with the value for `X-CSRF-Token`.
    Page(&'a str, &'a str),
}

impl Daemon {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual("2026-11-20T14:00:00Z".parse().unwrap());
        let mut options = node::Options::on(folder.path());
        options.hash_cost = HashCost { memory_kib: 8, passes: 1 };
        options.downloads = folder.path().join("downloads");
        let node = Data::new(Node::open(&options, clock.clone(), IdSource::Random).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = serve(
            listener,
            node.clone(),
            Options { workers: 1, oldest_tls: super::TlsVersion::V1_3 },
            async {
                // a dropped sender stops it as well
                let _ = stopped.await;
            },
        );
        rt::spawn(serving);
        Self { folder, clock, node, address, client: reqwest::Client::new(), _stop: stop }
    }

    /// With an administrator named ada.
    pub(super) fn with_admin() -> Self {
        let daemon = Self::start();
        daemon.add_user("ada", Role::Admin);
        daemon
    }

    pub(super) fn add_user(&self, name: &str, role: Role) -> String {
        let username = Username::new(name).unwrap();
        let password = NewPassword::new(Secret::new(PASSWORD), &username).unwrap();
        let user = self.node.access.create_user(&Origin::system(), &username, &password, role);
        user.unwrap().id.to_string()
    }

    /// Puts a package into the folder that is handed out.
    pub(super) fn add_package(&self, name: &str, bytes: &[u8]) {
        let folder = self.folder.path().join("downloads");
        std::fs::create_dir_all(&folder).unwrap();
        crate::files::write_whole(&folder.join(name), bytes, crate::files::Access::Group).unwrap();
    }

    pub(super) fn setup_code(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("setup-code")).unwrap().trim().to_owned()
    }

    pub(super) async fn call(&self, method: Method, path: &str, by: By<'_>, body: Option<Value>) -> Reply {
        let mut request = self.client.request(method, format!("http://{}/api/v1{path}", self.address));
        request = match by {
            By::Nobody => request,
            By::Token(token) => request.bearer_auth(token),
            By::Cookie(cookie) => request.header("cookie", cookie),
            By::Page(cookie, csrf) => request.header("cookie", cookie).header("x-csrf-token", csrf),
        };
        if let Some(body) = body {
            request = request.json(&body);
        }
        Reply::of(request.send().await.unwrap()).await
    }

    pub(super) async fn get(&self, path: &str, token: &str) -> Reply {
        self.call(Method::GET, path, By::Token(token), None).await
    }

    pub(super) async fn post(&self, path: &str, token: &str, body: Value) -> Reply {
        self.call(Method::POST, path, By::Token(token), Some(body)).await
    }

    pub(super) async fn put(&self, path: &str, token: &str, body: Value) -> Reply {
        self.call(Method::PUT, path, By::Token(token), Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str, token: &str) -> Reply {
        self.call(Method::DELETE, path, By::Token(token), None).await
    }

    pub(super) async fn try_login(&self, name: &str, password: &str) -> Reply {
        let body = json!({"username": name, "password": password});
        self.call(Method::POST, "/auth/login", By::Nobody, Some(body)).await
    }

    pub(super) async fn login(&self, name: &str) -> Reply {
        let reply = self.try_login(name, PASSWORD).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply
    }

    /// A bearer token of a new session.
    pub(super) async fn token(&self, name: &str) -> String {
        self.login(name).await.text("token").to_owned()
    }
}

impl Reply {
    pub(super) async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Self { status, headers, body }
    }

    pub(super) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_else(|| panic!("no text {field} in {}", self.body))
    }

    /// Status and code of a problem.
    pub(super) fn problem(&self) -> (u16, &str) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.body);
        assert_eq!(self.body["error"], self.body["detail"]);
        (self.status.as_u16(), self.text("code"))
    }

    /// The fields that a problem complains about.
    pub(super) fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap_or_default()).collect()
    }

    /// The session cookie as a browser would send it back.
    pub(super) fn cookie(&self) -> String {
        let cookie = self.headers["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

/// The wait that a reply asks for.
pub(super) fn retry_after(reply: &Reply) -> Duration {
    Duration::from_secs(reply.headers["retry-after"].to_str().unwrap().parse().unwrap())
}
