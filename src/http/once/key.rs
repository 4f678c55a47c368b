//! The key of a request, its caller, and the request that it stands for.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use crate::access::Identity;
use crate::crypto::{Hash, sha256};
use crate::http::caller::{Caller, registration_secret};
use crate::http::problem::Problem;
use crate::limits::{IDEMPOTENCY_KEY_BYTES, KEPT_REPLY_RETRY, KEPT_REPLY_WAIT};
use crate::node::Node;
use crate::replies::{ReplyError, ReplyKey};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The keys whose requests are being answered, each with what ends when its place is given back.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct InFlight(Arc<Mutex<HashMap<ReplyKey, watch::Receiver<()>>>>);

impl InFlight {
    /// The place of a key, or what to wait for until it is free.
    fn take(&self, key: &ReplyKey) -> Result<Place, watch::Receiver<()>> {
        match self.0.lock().entry(key.clone()) {
            Entry::Occupied(taken) => Err(taken.get().clone()),
            Entry::Vacant(free) => {
                let (held, until) = watch::channel(());
                free.insert(until);
                Ok(Place { key: key.clone(), of: self.clone(), _held: held })
            }
        }
    }
}

/// A key's place among them, given back when the last share in it is dropped.
#[derive(Debug)]
struct Place {
    key: ReplyKey,
    of: InFlight,
    /// Dropped after the place was given back, and tells those who wait for it.
    _held: watch::Sender<()>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.0.lock().remove(&self.key);
    }
}

/// A request with its key. While it lives, no other request with this key of this caller is answered.
#[derive(Clone, Debug)]
pub(in crate::http) struct Keyed {
    place: Arc<Place>,
    request: Hash,
}

impl Keyed {
    pub(in crate::http) fn is_asked(request: &HttpRequest) -> bool {
        request.headers().contains_key(IDEMPOTENCY_KEY)
    }

    /// Waits for the request that has the same key, if there is one: it gets the same answer.
    pub(in crate::http) async fn of(request: &HttpRequest, body: &[u8]) -> Result<Self, Problem> {
        let caller = caller(request)?;
        let key = ReplyKey { caller, key: key(request)? };
        let missing = || Problem::internal(&"the keys in flight are not part of the application");
        let in_flight = request.app_data::<Data<InFlight>>().ok_or_else(missing)?;
        let latest = Instant::now() + KEPT_REPLY_WAIT;
        loop {
            let mut until = match in_flight.take(&key) {
                Ok(place) => return Ok(Self { place: Arc::new(place), request: hash(request, body) }),
                Err(until) => until,
            };
            if timeout_at(latest, until.changed()).await.is_err() {
                let detail = "a request with this idempotency key is being answered";
                return Err(Problem::unavailable(detail, KEPT_REPLY_RETRY));
            }
        }
    }

    /// Whether another reply to the caller can be kept.
    pub(in crate::http) fn admit(&self, node: &Node) -> Result<(), ReplyError> {
        node.replies.admit(&self.place.key.caller)
    }

    /// The reply that this request, or a part of it, had.
    pub(in crate::http) fn find(
        &self,
        node: &Node,
        part: usize,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ReplyError> {
        node.replies.find(&self.place.key, part, &self.request)
    }

    pub(in crate::http) fn keep(&self, node: &Node, part: usize, reply: &[u8]) -> Result<(), ReplyError> {
        node.replies.keep(&self.place.key, part, &self.request, reply)
    }
}

fn key(request: &HttpRequest) -> Result<String, Problem> {
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY);
    let (first, more) = (keys.next(), keys.next());
    let key = first.and_then(|key| key.to_str().ok()).unwrap_or_default();
    if more.is_none() && (1..=IDEMPOTENCY_KEY_BYTES).contains(&key.len()) {
        return Ok(key.to_owned());
    }
    let rule = format!("must have 1 to {IDEMPOTENCY_KEY_BYTES} printable characters");
    Err(Problem::invalid_field("Idempotency-Key", "format", rule))
}

/// Whose key it is. An agent that registers itself is known by its secret only, of which the hash is kept anyway.
fn caller(request: &HttpRequest) -> Result<String, Problem> {
    let identity = request.extensions().get::<Caller>().and_then(|caller| caller.identity.clone());
    match identity {
        Some(Identity::User(user)) => Ok(user.id.to_string()),
        Some(Identity::Collector { id, .. }) => Ok(id.to_string()),
        None => {
            let secret = registration_secret(request.headers());
            let secret = secret.ok_or_else(|| Problem::internal(&"a change by nobody"))?;
            Ok(format!("registration-secret {}", hex::encode(sha256(secret.expose().as_bytes()))))
        }
    }
}

/// Of all that says what is asked for, each with its length.
fn hash(request: &HttpRequest, body: &[u8]) -> Hash {
    let uri = request.uri();
    let head = [request.method().as_str(), uri.path(), uri.query().unwrap_or_default()];
    let mut bytes = Zeroizing::new(Vec::with_capacity(body.len() + 256));
    for part in head.map(str::as_bytes).into_iter().chain([body]) {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    sha256(&bytes)
}
