//! Requests to the daemon, signed with an access token that is exchanged for the long one in time.
//!
//! It never prints a token, and it follows no redirect: a token goes to the configured address or nowhere.

use std::io;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use parking_lot::RwLock;
use reqwest::header::{
    CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{Certificate, Identity, Response, StatusCode};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::long_token::LongToken;
use super::verdict::{Verdict, judge};
use crate::clock::{Clock, Timestamp};
use crate::collector::certificate::OwnCertificate;
use crate::collector::config::{Backend, Uplink};
use crate::crypto::Secret;
use crate::ids::CollectorId;
use crate::limits;
use crate::wire::{AccessToken, CertificateRequest, Problem, RenewedCertificate};

#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("cannot use {file}: {cause}")]
    File { file: String, cause: String },
    #[error("cannot prepare TLS: {0}")]
    Tls(String),
    #[error("cannot reach the daemon: {0}")]
    Unreachable(String),
    #[error("the daemon asks to wait: {reason}")]
    Later { reason: String, retry_after: Option<Duration> },
    #[error("the daemon will never take this: {0}")]
    Never(String),
    #[error("the daemon refuses this agent: {0}")]
    Refused(String),
    #[error("the daemon's answer cannot be understood: {0}")]
    Answer(String),
}

/// An answer, read whole and bounded.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    /// The version of the configuration, where the answer is one.
    pub(crate) config_version: Option<u64>,
    pub(crate) body: Vec<u8>,
}

struct Access {
    token: Secret,
    renew_at: Instant,
}

pub(crate) struct Client {
    /// Another one after each renewal of the certificate.
    http: RwLock<reqwest::Client>,
    base: reqwest::Url,
    backend: Backend,
    /// Absent where the token alone says who the agent is.
    own: Option<OwnCertificate>,
    pub(crate) id: CollectorId,
    token: LongToken,
    access: Mutex<Option<Access>>,
    clock: Clock,
}

/// A client that believes the given authority, or the system's where none is given. What proves who the agent is are
/// its certificate and its key. All of it is text in PEM form.
pub(crate) fn http_client(
    url: &reqwest::Url,
    authority: Option<&[u8]>,
    identity: Option<&[u8]>,
) -> Result<reqwest::Client, ClientError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("pganalytics-collector/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits::DAEMON_CONNECT_TIME)
        .pool_max_idle_per_host(2)
        .redirect(reqwest::redirect::Policy::none());
    let unusable = |file: &str, error: &reqwest::Error| unusable(file.to_owned(), error);
    if let Some(pem) = authority {
        let authorities = Certificate::from_pem_bundle(pem);
        let authorities = authorities.map_err(|error| unusable("the authority's certificate", &error))?;
        builder = builder.tls_certs_only(authorities);
    } else if url.scheme() == "http" {
        // loopback without TLS: the system's authorities need not take memory
        builder = builder.tls_certs_only([]);
    }
    if let Some(pem) = identity {
        let identity = Identity::from_pem(pem);
        let identity = identity.map_err(|error| unusable("the own certificate with its key", &error))?;
        builder = builder.identity(identity);
    }
    builder.build().map_err(|error| ClientError::Tls(chain(&error)))
}

pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, ClientError> {
    let text = crate::collector::config::read_bounded(path, limits::SECRET_FILE_BYTES);
    text.map(String::into_bytes).map_err(|error| unusable(path.display().to_string(), &error))
}

fn unusable(file: String, cause: &dyn std::error::Error) -> ClientError {
    ClientError::File { file, cause: chain(cause) }
}

/// With the certificate as it stands now. One that has ended is not shown: where the token alone is enough, the agent
/// gets in and has it renewed.
fn client_of(
    backend: &Backend,
    own: Option<&OwnCertificate>,
    clock: &Clock,
) -> Result<reqwest::Client, ClientError> {
    let authority = backend.ca_file.as_deref().map(read_file).transpose()?;
    let mut identity = None;
    if let Some(own) = own {
        let standing = own.standing(clock.now()).map_err(|error| unusable(own.file(), &error))?;
        if standing.has_ended {
            tracing::warn!(
                not_after = %standing.not_after,
                file = own.file(),
                "the agent's own certificate has ended and is not shown: where the daemon takes a token alone, another one \
                 is fetched now; where it does not, have an administrator issue one, put it and its key in their places, \
                 and restart the agent"
            );
        } else {
            identity = Some(own.identity().map_err(|error| unusable(own.file(), &error))?);
        }
    }
    http_client(&backend.url, authority.as_deref(), identity.as_ref().map(|pem| pem.as_slice()))
}

impl Client {
    /// `folder` is where a rotated token and a renewed certificate may be kept.
    pub(crate) fn new(uplink: &Uplink, folder: &Path, clock: Clock) -> Result<Self, ClientError> {
        let backend = uplink.backend.clone();
        let own = backend.client_certificate.clone();
        let own = own.map(|(certificate, key)| OwnCertificate::new(certificate, key, folder.to_owned()));
        Ok(Self {
            http: RwLock::new(client_of(&backend, own.as_ref(), &clock)?),
            base: backend.url.clone(),
            backend,
            own,
            id: uplink.id,
            token: LongToken::new(uplink.token.clone(), folder.to_owned()),
            access: Mutex::new(None),
            clock,
        })
    }

    fn http(&self) -> reqwest::Client {
        self.http.read().clone()
    }

    /// Asks the daemon for the next certificate when the own one is about to end, or has; says until when the new one
    /// counts. From then on new connections show it.
    pub(crate) async fn renew_certificate(&self) -> Result<Option<Timestamp>, ClientError> {
        let Some(own) = &self.own else { return Ok(None) };
        let failed = |error: io::Error| unusable(own.file(), &error);
        if !own.standing(self.clock.now()).map_err(failed)?.is_ending {
            return Ok(None);
        }
        let request = CertificateRequest { csr: own.request().map_err(failed)? };
        let understood = |error: serde_json::Error| ClientError::Answer(error.to_string());
        let body = serde_json::to_vec(&request).map_err(understood)?;
        let path = format!("collectors/{}/certificate", self.id);
        let headers = [(CONTENT_TYPE, "application/json".to_owned())];
        let reply = self.post(&path, &headers, body, limits::REQUEST_TIME).await?;
        let renewed: RenewedCertificate = serde_json::from_slice(&reply.body).map_err(understood)?;
        own.replace(&renewed.certificate).map_err(failed)?;
        *self.http.write() = client_of(&self.backend, Some(own), &self.clock)?;
        Ok(Some(renewed.expires_at))
    }

    /// Posts with an access token; when that has ended before its time, once more with a new one.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(HeaderName, String)],
        body: impl Into<bytes::Bytes>,
        limit: Duration,
    ) -> Result<Reply, ClientError> {
        let body = body.into();
        let token = self.access_token().await?;
        match self.post_with(&token, path, headers, body.clone(), limit).await {
            Err(Stale) => {
                self.forget(&token).await;
                let token = self.access_token().await?;
                let again = self.post_with(&token, path, headers, body, limit).await;
                again.unwrap_or_else(|Stale| {
                    Err(ClientError::Refused("its access tokens are not accepted".to_owned()))
                })
            }
            Ok(result) => result,
        }
    }

    /// Puts another long token in the place of the one in use, once the daemon has accepted it.
    pub(crate) async fn adopt(&self, long: Secret) -> Result<(), ClientError> {
        let adopted = self.exchange_for(&long).await?;
        self.token.replace(&long).map_err(|error| ClientError::File {
            file: "the new token".to_owned(),
            cause: error.to_string(),
        })?;
        *self.access.lock().await = Some(adopted);
        Ok(())
    }

    /// Fetches with an access token.
    pub(crate) async fn get(&self, path: &str, limit: Duration) -> Result<Reply, ClientError> {
        let token = self.access_token().await?;
        let url = self.base.join(path).map_err(|error| ClientError::Answer(error.to_string()))?;
        let reply = reply_of(self.http().get(url).bearer_auth(token.expose()).timeout(limit)).await?;
        match reply.verdict() {
            Verdict::Done => Ok(reply),
            verdict => {
                // the daemon answers 403 here whatever is wrong with the token
                self.forget(&token).await;
                Err(reply.into_error(&verdict))
            }
        }
    }

    /// Opens the channel down which commands come.
    pub(crate) async fn open_channel(&self) -> Result<WebSocketStream<reqwest::Upgraded>, ClientError> {
        let token = self.access_token().await?;
        let mut nonce = [0; 16];
        crate::crypto::fill_random(&mut nonce);
        let key = BASE64_STANDARD.encode(nonce);
        let path = format!("collectors/{}/channel", self.id);
        let url = self.base.join(&path).map_err(|error| ClientError::Answer(error.to_string()))?;
        let request = self
            .http()
            .get(url)
            .bearer_auth(token.expose())
            .header(CONNECTION, "upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key);
        let late = |_| ClientError::Unreachable("the channel did not open in time".to_owned());
        let response = tokio::time::timeout(limits::REQUEST_TIME, request.send()).await.map_err(late)?;
        let response = response.map_err(|error| ClientError::Unreachable(chain(&error.without_url())))?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let reply = read_reply(response).await?;
            if reply.verdict() == Verdict::StaleToken {
                self.forget(&token).await;
                return Err(ClientError::Later { reason: reply.reason(), retry_after: None });
            }
            let verdict = reply.verdict();
            return Err(reply.into_error(&verdict));
        }
        let accepted = response.headers().get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
        if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err(ClientError::Answer("the channel was accepted with a wrong key".to_owned()));
        }
        let upgraded = response.upgrade().await.map_err(|error| ClientError::Unreachable(chain(&error)))?;
        let bounds = WebSocketConfig::default()
            .max_message_size(Some(limits::REPLY_BYTES))
            .max_frame_size(Some(limits::REPLY_BYTES));
        Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(bounds)).await)
    }

    async fn post_with(
        &self,
        token: &Secret,
        path: &str,
        headers: &[(HeaderName, String)],
        body: bytes::Bytes,
        limit: Duration,
    ) -> Result<Result<Reply, ClientError>, Stale> {
        let reply = match self.send(token, path, headers, body, limit).await {
            Ok(reply) => reply,
            Err(error) => return Ok(Err(error)),
        };
        match reply.verdict() {
            Verdict::Done => Ok(Ok(reply)),
            Verdict::StaleToken => Err(Stale),
            verdict => Ok(Err(reply.into_error(&verdict))),
        }
    }

    async fn send(
        &self,
        token: &Secret,
        path: &str,
        headers: &[(HeaderName, String)],
        body: bytes::Bytes,
        limit: Duration,
    ) -> Result<Reply, ClientError> {
        let url = self.base.join(path).map_err(|error| ClientError::Answer(error.to_string()))?;
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let value =
                HeaderValue::from_str(value).map_err(|error| ClientError::Answer(error.to_string()))?;
            all.insert(name.clone(), value);
        }
        let request =
            self.http().post(url).headers(all).bearer_auth(token.expose()).timeout(limit).body(body);
        reply_of(request).await
    }

    /// The access token in use, or a new one when it is about to end.
    async fn access_token(&self) -> Result<Secret, ClientError> {
        let mut access = self.access.lock().await;
        if let Some(access) = access.as_ref().filter(|access| Instant::now() < access.renew_at) {
            return Ok(access.token.clone());
        }
        let renewed = self.exchange().await?;
        let token = renewed.token.clone();
        *access = Some(renewed);
        Ok(token)
    }

    async fn exchange(&self) -> Result<Access, ClientError> {
        let long = self.token.read().map_err(|error| ClientError::File {
            file: "the token file".to_owned(),
            cause: error.to_string(),
        })?;
        self.exchange_for(&long).await
    }

    async fn exchange_for(&self, long: &Secret) -> Result<Access, ClientError> {
        let reply = self
            .send(long, "collectors/refresh-token", &[], bytes::Bytes::new(), limits::REQUEST_TIME)
            .await?;
        match reply.verdict() {
            Verdict::Done => {}
            // the long token itself is not accepted, so there is nothing to renew it with
            Verdict::StaleToken | Verdict::Never => return Err(reply.into_error(&Verdict::Refused)),
            verdict => return Err(reply.into_error(&verdict)),
        }
        let access: AccessToken =
            serde_json::from_slice(&reply.body).map_err(|error| ClientError::Answer(error.to_string()))?;
        let lifetime = access.expires_at.since(self.clock.now()).saturating_sub(limits::ACCESS_TOKEN_MARGIN);
        let renew_at = Instant::now() + lifetime.max(limits::ACCESS_TOKEN_LEAST_USE);
        Ok(Access { token: access.token, renew_at })
    }

    /// Only the token that failed: another request may have renewed it meanwhile.
    async fn forget(&self, token: &Secret) {
        let mut access = self.access.lock().await;
        if access.as_ref().is_some_and(|access| access.token.expose() == token.expose()) {
            *access = None;
        }
    }

    /// Tries whether the daemon lets this agent in, as the collector that it takes itself for.
    pub(crate) async fn try_access(&self) -> Result<(), ClientError> {
        self.get(&format!("config/{}", self.id), limits::REQUEST_TIME).await.map(|_| ())
    }
}

/// The access token was not accepted.
struct Stale;

/// Sends a request and reads its answer, up to a limit.
pub(crate) async fn reply_of(request: reqwest::RequestBuilder) -> Result<Reply, ClientError> {
    let response = request.send().await;
    read_reply(response.map_err(|error| ClientError::Unreachable(chain(&error.without_url())))?).await
}

async fn read_reply(mut response: Response) -> Result<Reply, ClientError> {
    let unreachable = |error: reqwest::Error| ClientError::Unreachable(chain(&error.without_url()));
    let (status, retry_after) = (response.status(), retry_after(&response));
    let config_version = response.headers().get("x-config-version");
    let config_version = config_version.and_then(|version| version.to_str().ok()?.parse().ok());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > limits::REPLY_BYTES {
            return Err(ClientError::Answer(format!("longer than {} bytes", limits::REPLY_BYTES)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, retry_after, config_version, body })
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl Reply {
    fn problem(&self) -> Option<Problem> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let problem = self.problem();
        judge(self.status.as_u16(), problem.as_ref().map(|problem| problem.code.as_str()), self.retry_after)
    }

    /// What the answer says, for people.
    pub(crate) fn reason(&self) -> String {
        let status = self.status.as_u16();
        match self.problem() {
            Some(problem) => {
                let fields =
                    problem.errors.iter().map(|error| format!("; {}: {}", error.field, error.message));
                format!("{} ({status} {}){}", problem.detail, problem.code, fields.collect::<String>())
            }
            None => format!("status {status}"),
        }
    }

    pub(crate) fn into_error(self, verdict: &Verdict) -> ClientError {
        let reason = self.reason();
        match verdict {
            Verdict::Later(retry_after) => ClientError::Later { reason, retry_after: *retry_after },
            Verdict::Never => ClientError::Never(reason),
            Verdict::Refused | Verdict::StaleToken => ClientError::Refused(reason),
            Verdict::Done => ClientError::Answer(reason),
        }
    }
}

/// An error with all its causes, for the cause is where the reason stands.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl From<io::Error> for ClientError {
    fn from(error: io::Error) -> Self {
        Self::Answer(error.to_string())
    }
}
