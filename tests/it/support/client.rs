//! A client of the daemon's HTTP interface, one request at a time, and of its WebSocket.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

pub(crate) struct Client {
    url: String,
    tls: Option<Tls>,
    http: reqwest::Client,
    runtime: Runtime,
    /// Every answer so far, headers and body, for those who look for what must be in none.
    answers: Arc<Mutex<Vec<String>>>,
}

/// What a client trusts, and what it proves itself with, in PEM form.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) ca: String,
    /// Certificate and key.
    pub(crate) own: Option<(String, String)>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null where the body is not JSON.
    pub(crate) body: Value,
}

impl Reply {
    #[track_caller]
    pub(crate) fn string(&self, member: &str) -> String {
        let string = self.body[member].as_str();
        string.unwrap_or_else(|| panic!("no {member} in: {} {}", self.status, self.text)).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of a problem, whose document is whole.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, &str) {
        let said = || format!("{} {}", self.status, self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", said());
        for member in ["type", "title", "detail", "error", "code"] {
            assert!(self.body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {}", said());
        }
        assert_eq!(self.body["status"], self.status, "{}", said());
        assert_eq!(self.body["error"], self.body["detail"], "{}", said());
        assert_eq!(self.body["request_id"], self.header("x-request-id"), "{}", said());
        (self.status, self.body["code"].as_str().unwrap())
    }

    /// The fields at fault.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map_or(&[][..], Vec::as_slice);
        errors.iter().map(|error| error["field"].as_str().unwrap()).collect()
    }
}

impl Client {
    pub(crate) fn of(url: &str) -> Self {
        Self::with(url, None)
    }

    pub(crate) fn with(url: &str, tls: Option<Tls>) -> Self {
        Self {
            url: url.to_owned(),
            http: http(tls.as_ref()),
            tls,
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            answers: Arc::default(),
        }
    }

    /// The same, for another thread.
    pub(crate) fn another(&self) -> Self {
        Self { answers: Arc::clone(&self.answers), ..Self::with(&self.url, self.tls.clone()) }
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// `127.0.0.1:port`
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    pub(crate) fn move_to(&mut self, url: &str) {
        url.clone_into(&mut self.url);
        // connections to a daemon that is gone
        self.http = http(self.tls.as_ref());
    }

    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> Reply {
        self.call(Method::GET, path, token, None)
    }

    pub(crate) fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Reply {
        self.call(Method::POST, path, token, Some(body))
    }

    #[track_caller]
    pub(crate) fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Reply {
        let mut headers = Vec::new();
        let bearer = token.map(|token| format!("Bearer {token}"));
        if let Some(bearer) = &bearer {
            headers.push((AUTHORIZATION.as_str(), bearer.as_str()));
        }
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, path, &headers, body.map(|body| body.to_string().into_bytes()).unwrap_or_default())
    }

    /// A request that must be answered.
    #[track_caller]
    pub(crate) fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
        let what = format!("{method} {path}");
        self.try_send(method, path, headers, body).unwrap_or_else(|error| panic!("{what}: {error:?}"))
    }

    /// A request to a daemon that may be killed meanwhile.
    pub(crate) fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Reply, reqwest::Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = self.runtime.block_on(async {
            let response = request.send().await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let text = response.text().await?;
            let body = serde_json::from_str(&text).unwrap_or(Value::Null);
            Ok::<_, reqwest::Error>(Reply { status, headers, text, body })
        })?;
        self.answers.lock().unwrap().push(format!("{:?} {}", reply.headers, reply.text));
        Ok(reply)
    }

    /// Pushes documents as a collector.
    #[track_caller]
    pub(crate) fn push(&self, token: &str, key: &str, documents: &[Value]) -> Reply {
        let body = json!({"metrics": documents});
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
        self.send(Method::POST, "/api/v1/metrics/push", &headers, body.to_string().into_bytes())
    }

    pub(crate) fn answers(&self) -> Vec<String> {
        self.answers.lock().unwrap().clone()
    }
}

fn http(tls: Option<&Tls>) -> reqwest::Client {
    let mut client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60));
    if let Some(Tls { ca, own }) = tls {
        client = client.tls_certs_only([reqwest::Certificate::from_pem(ca.as_bytes()).unwrap()]);
        if let Some((certificate, key)) = own {
            let pem = format!("{certificate}\n{key}");
            client = client.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap());
        }
    }
    client.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A browser's socket for events.
pub(crate) struct Socket(WebSocket<TcpStream>);

impl Socket {
    /// Opens `/api/v1/ws` with a query such as `?ticket=...`; otherwise the status of the refusal.
    pub(crate) fn open(address: &str, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                Err(response.status().as_u16())
            }
            Err(error) => panic!("no WebSocket and no refusal: {error}"),
        }
    }

    pub(crate) fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).unwrap();
    }

    /// The next message that is text; `None` when the other side closed.
    pub(crate) fn hear(&mut self) -> Option<Value> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(tungstenite::Error::ConnectionClosed) => return None,
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() != std::io::ErrorKind::WouldBlock => {
                    return None;
                }
                Err(error) => panic!("waited 20 s in vain for a message: {error}"),
            }
        }
    }

    /// Reads until a message fits, and returns it.
    #[track_caller]
    pub(crate) fn hear_until(&mut self, what: &str, mut fits: impl FnMut(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            let message = self.hear().unwrap_or_else(|| panic!("the socket ended before {what}"));
            if fits(&message) {
                return message;
            }
        }
        panic!("waited 20 s in vain for {what}")
    }
}
