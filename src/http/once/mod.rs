//! Idempotency keys: a change that is asked for twice under one key is made once, and answered twice alike.
//!
//! It stands between `admit` and the handlers, which know nothing of it. For a request with a key it begins a
//! session: one blocking thread on which everything runs that the handler takes into the domain (`on_disk`). What
//! that writes is one unit of work, which commits with the reply once the handler has made it. A request that is
//! refused keeps no reply and may be sent again; what it wrote down, as that it was refused, stays.

mod kept;
mod key;
mod session;

use actix_web::body::{BoxBody, MessageBody, to_bytes_limited};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpResponse, web};
use futures_util::Stream;
use zeroize::Zeroizing;

use super::problem::Problem;
use super::{body, import, on_disk, prometheus};
use crate::limits::{self, KEPT_REPLY_BYTES};
use crate::node::Node;
use crate::replies::ReplyError;
use kept::Kept;
pub(super) use key::{InFlight, Keyed};
pub(super) use session::Session;

/// The parts of what is kept of a request.
const REPLY: usize = 0;
const WORD: usize = 1;

/// What changes nothing that a second time could change again, or sees to that itself. Signing in and out and the
/// short-lived tokens are of the moment: an old answer would be of no use.
const WITHOUT: [&str; 12] = [
    "/api/v1/setup",
    "/api/v1/auth/login",
    "/api/v1/auth/refresh",
    "/api/v1/auth/logout",
    "/api/v1/ws/ticket",
    "/api/v1/collectors/refresh-token",
    // a push is known again by the metric store, lines by that of logs; an import keeps its answer part by part
    "/api/v1/metrics/push",
    "/api/v1/collectors/{id}/logs",
    import::PATH,
    // a test changes nothing, and waits for others
    "/api/v1/collectors/test-connection",
    "/api/v1/collectors/{id}/test-connection",
    "/api/v1/collectors/{id}/heartbeat",
];

/// Whether a route answers a key with the reply that it had.
pub(super) fn is_kept(method: &Method, path: &str) -> bool {
    !method.is_safe() && !WITHOUT.contains(&path) && !prometheus::is_its(path)
}

pub(super) async fn answer_once(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_kept = request.match_pattern().is_some_and(|path| is_kept(request.method(), &path));
    if !is_kept || !Keyed::is_asked(request.request()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    match begin(&mut request).await {
        Ok((node, keyed)) => answer(node, keyed, request, next).await,
        Err(problem) => Ok(request.error_response(problem).map_into_boxed_body()),
    }
}

/// Reads the whole request, as the key stands for all of it, and puts the body back for the handler.
async fn begin(request: &mut ServiceRequest) -> Result<(Data<Node>, Keyed), Problem> {
    let missing = || Problem::internal(&"the node is not part of the application");
    let node = request.app_data::<Data<Node>>().cloned().ok_or_else(missing)?;
    let payload = request.extract::<web::Payload>().await.map_err(|error| Problem::internal(&error))?;
    let bytes = body::whole(request.headers(), payload, limits::BODY_BYTES, limits::BODY_TIME).await?;
    let keyed = Keyed::of(request.request(), &bytes).await?;
    request.set_payload(read_again(bytes));
    Ok((node, keyed))
}

fn read_again(bytes: Bytes) -> Payload {
    let stream: std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> =
        Box::pin(futures_util::stream::iter([Ok(bytes)]));
    Payload::from(stream)
}

async fn answer(
    node: Data<Node>,
    keyed: Keyed,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let word = match on_disk(&node, known(keyed.clone())).await {
        Ok(Known::Answered(kept)) => return Ok(request.into_response(Kept::read(&kept)?.replayed())),
        Ok(Known::CutOff(word)) => Some(word),
        Ok(Known::Nothing) => None,
        Err(problem) => return Ok(request.error_response(problem).map_into_boxed_body()),
    };
    let session = Session::begin(&node, keyed, word);
    let response = session.clone().of(next.call(request)).await?.map_into_boxed_body();
    if !response.status().is_success() {
        session.end().await?;
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let response = match keep(&session, response).await {
        Ok(response) => response,
        Err(problem) => HttpResponse::from_error(problem),
    };
    Ok(ServiceResponse::new(request, response))
}

/// What is known of a request.
enum Known {
    Nothing,
    /// It left a word, and was not answered.
    CutOff(String),
    Answered(Zeroizing<Vec<u8>>),
}

fn known(keyed: Keyed) -> impl FnOnce(&Node) -> Result<Known, ReplyError> {
    move |node| {
        if let Some(reply) = keyed.find(node, REPLY)? {
            return Ok(Known::Answered(reply));
        }
        match keyed.find(node, WORD)? {
            Some(word) => Ok(Known::CutOff(String::from_utf8_lossy(&word).into_owned())),
            None => keyed.admit(node).map(|()| Known::Nothing),
        }
    }
}

/// Commits what the handler did, with its reply.
async fn keep(session: &Session, response: HttpResponse) -> Result<HttpResponse, Problem> {
    let (response, body) = response.into_parts();
    let too_large = |_| Problem::internal(&"a reply is too large to be kept");
    let bytes = to_bytes_limited(body, KEPT_REPLY_BYTES).await.map_err(too_large)?;
    let bytes = bytes.map_err(|error| Problem::internal(&error))?;
    session.keep(Kept::of(&response, &bytes).written()).await?;
    Ok(response.set_body(BoxBody::new(bytes)))
}
