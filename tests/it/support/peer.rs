//! A page of HTTP where an agent expects its daemon: it keeps what came in and answers what it is told to.
//!
//! It is for what a real daemon cannot be made to do on demand, such as being away.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What came in, and the status that it was answered.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// Names are in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) status: u16,
}

#[derive(Clone)]
pub(crate) struct Peer {
    port: u16,
    tls: Option<Arc<rustls::ServerConfig>>,
    /// What everything but a token is answered.
    pub(crate) status: Arc<AtomicU16>,
    /// The body of a good answer to a registration.
    pub(crate) registration: Arc<Mutex<String>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

const TOKEN: &str = r#"{"token": "short", "expires_at": "2999-01-01T00:00:00.000Z"}"#;
const REVOKED: &str = r#"{"type": "about:blank", "title": "no", "status": 401, "detail": "the token was revoked",
    "code": "token_revoked", "error": "", "request_id": "r"}"#;

impl Peer {
    pub(crate) fn start(status: u16) -> Self {
        Self::start_with(status, None)
    }

    pub(crate) fn start_with(status: u16, tls: Option<rustls::ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = Self {
            port: listener.local_addr().unwrap().port(),
            tls: tls.map(Arc::new),
            status: Arc::new(AtomicU16::new(status)),
            registration: Arc::default(),
            requests: Arc::default(),
        };
        let serving = peer.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (peer, stream) = (serving.clone(), stream.unwrap());
                std::thread::spawn(move || match &peer.tls {
                    None => peer.serve(stream),
                    Some(tls) => {
                        let connection = rustls::ServerConnection::new(Arc::clone(tls)).unwrap();
                        peer.serve(rustls::StreamOwned::new(connection, stream))
                    }
                });
            }
        });
        peer
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Answers one connection until it is closed.
    fn serve(&self, stream: impl Read + Write) -> Option<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let path = line.split_whitespace().nth(1)?.to_owned();
            let mut headers = HashMap::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).ok()?;
                let Some((name, value)) = line.trim().split_once(": ") else { break };
                headers.insert(name.to_lowercase(), value.to_owned());
            }
            let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            let is_token = path.ends_with("/refresh-token");
            let status = if is_token { 200 } else { self.status.load(Ordering::SeqCst) };
            let answer = match status {
                200 if is_token => TOKEN.to_owned(),
                200 if path.ends_with("/register") => self.registration.lock().unwrap().clone(),
                401 => REVOKED.to_owned(),
                _ => "{}".to_owned(),
            };
            self.requests.lock().unwrap().push(Request { path, headers, body, status });
            let length = answer.len();
            let out = reader.get_mut();
            write!(out, "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{answer}").ok()?;
            out.flush().ok()?;
        }
    }

    /// The requests to a path that ends so.
    pub(crate) fn requests(&self, end: &str) -> Vec<Request> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|request| request.path.ends_with(end)).cloned().collect()
    }

    /// The pushes that were answered so.
    pub(crate) fn pushes(&self, status: u16) -> Vec<Request> {
        let pushes = self.requests("/api/v1/metrics/push");
        pushes.into_iter().filter(|request| request.status == status).collect()
    }

    /// The messages with this word in the `pg_log` of all pushes that were taken, as a daemon would have stored them: a
    /// batch that is sent again, as one is whose acknowledgement a signal cut off, bears the key that it had.
    pub(crate) fn logged(&self, word: &str) -> Vec<String> {
        let mut messages = Vec::new();
        let mut keys = HashSet::new();
        for push in self.pushes(200) {
            if !keys.insert(push.headers["idempotency-key"].clone()) {
                continue;
            }
            let push: Value =
                serde_json::from_slice(&zstd::decode_all(push.body.as_slice()).unwrap()).unwrap();
            let documents = push["metrics"].as_array().unwrap();
            let logs = documents.iter().filter(|document| document["type"] == "pg_log");
            let entries = logs.flat_map(|document| document["entries"].as_array().unwrap().clone());
            let texts = entries.map(|entry| entry["message"].as_str().unwrap().to_owned());
            messages.extend(texts.filter(|text| text.contains(word)));
        }
        messages
    }

    pub(crate) fn heartbeats(&self) -> Vec<Value> {
        let beats = self.requests("/heartbeat");
        beats.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
    }
}
