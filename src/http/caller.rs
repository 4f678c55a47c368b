//! Who calls: identified and admitted before a handler runs, or refused here.
//!
//! A bearer token stands in `Authorization`; browsers send the session cookie. A route's need comes from the
//! table in `routes`; a path that is not in it needs nothing, as nothing is there.

use std::collections::HashMap;
use std::future::{Ready, ready};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, USER_AGENT};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::problem::Problem;
use super::pulls::{Puller, Pulls};
use super::{RequestContext, on_disk, prometheus, routes};
use crate::access::{Identity, Need, Proof, Role, SignedIn};
use crate::audit::{Action, Actor, Change, Origin, Target};
use crate::crypto::{self, Secret};
use crate::ids::CollectorId;
use crate::limits::USER_AGENT_CHARS;
use crate::node::Node;
use crate::registry::{Collector, State};

/// The admitted caller of a request.
#[derive(Clone, Debug)]
pub struct Caller {
    pub identity: Option<Identity>,
    /// Where a change that this request makes comes from.
    pub origin: Origin,
    /// Whether the session cookie, not a bearer token, identified the caller.
    pub by_cookie: bool,
}

impl Caller {
    pub fn user(&self) -> Result<&SignedIn, Problem> {
        match &self.identity {
            Some(Identity::User(user)) => Ok(user),
            _ => Err(Problem::forbidden("this is for signed-in users")),
        }
    }

    pub fn collector(&self) -> Result<CollectorId, Problem> {
        match &self.identity {
            Some(Identity::Collector { id, .. }) => Ok(*id),
            _ => Err(Problem::forbidden("this is for collectors")),
        }
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(caller.ok_or_else(|| Problem::internal(&"a request reached its handler unadmitted").into()))
    }
}

/// What each route needs, by method and path.
#[derive(Clone)]
pub(super) struct Needs(HashMap<(Method, &'static str), Need>);

impl Needs {
    pub(super) fn from_routes() -> Self {
        Self(routes::all().into_iter().map(|route| ((route.method, route.path), route.need)).collect())
    }
}

/// The name of the session cookie. The prefix binds it to this host, and browsers take it only with TLS.
pub(super) fn cookie_name(tls: bool) -> &'static str {
    if tls { "__Host-pganalytics" } else { "pganalytics" }
}

/// Middleware: identifies the caller and checks the need of the route.
pub(super) async fn admit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let caller = match admitted(&request).await {
        Ok(caller) => caller,
        // answered here, so that the outer middleware still numbers and decorates the answer
        Err(problem) => return Ok(request.error_response(problem).map_into_boxed_body()),
    };
    request.extensions_mut().insert(caller);
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

async fn admitted(request: &ServiceRequest) -> Result<Caller, Problem> {
    let need = request.app_data::<web::Data<Needs>>().and_then(|needs| {
        let pattern = request.match_pattern()?;
        needs.0.iter().find(|((method, path), _)| method == request.method() && *path == pattern)
    });
    let need = match need {
        // an agent that brings a registration secret has no token yet
        Some(_) if request.path() == REGISTER && registration_secret(request.headers()).is_some() => {
            Need::Public
        }
        Some((_, Need::Local)) => {
            if is_local(request) {
                Need::Public
            } else {
                Need::Viewer
            }
        }
        Some((_, need)) => *need,
        None => Need::Public,
    };
    let Some(node) = request.app_data::<web::Data<Node>>() else {
        return Err(Problem::internal(&"the node is not part of the application"));
    };
    let context = RequestContext::of(request.request());
    let mut origin = origin(request, &context);
    let credential = if need == Need::Public { None } else { credential(request, &context) };
    let Some(credential) = credential else {
        return match need {
            Need::Public => Ok(Caller { identity: None, origin, by_cookie: false }),
            _ if is_config(request.path()) => {
                Err(refused_pull(request, &origin, Problem::forbidden("this needs the token of a collector")))
            }
            _ => Err(Problem::unauthenticated("unauthenticated", "sign in first: no token was sent")),
        };
    };
    let by_cookie = matches!(credential, Credential::Cookie(_));
    let identity = match identify(node, credential, request.conn_data::<Proof>().copied()).await {
        // a v3 collector that is answered 401 on its configuration asks again without end
        Err(problem) if is_config(request.path()) => {
            return Err(refused_pull(request, &origin, problem.into_forbidden()));
        }
        identified => {
            let (identity, actor) = identified?;
            origin.actor = actor;
            identity
        }
    };
    let caller = Caller { identity: Some(identity), origin, by_cookie };
    let checked = check(request, &caller, need);
    if let Err(refusal) = checked {
        note_refusal(node, &caller, request).await?;
        return Err(refusal);
    }
    Ok(caller)
}

/// The one path that has two kinds of callers.
const REGISTER: &str = "/api/v1/collectors/register";

/// The secret by which an agent registers itself.
pub(super) fn registration_secret(headers: &HeaderMap) -> Option<Secret> {
    header(headers, "x-registration-secret").map(Secret::new)
}

enum Credential {
    Bearer(String),
    Cookie(String),
    /// A one-use ticket, for sockets that can send neither.
    Ticket(String),
}

fn credential(request: &ServiceRequest, context: &RequestContext) -> Option<Credential> {
    let bearer = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(value) = bearer {
        let (scheme, token) = value.split_once(' ').unwrap_or(("", value));
        if scheme.eq_ignore_ascii_case("basic") && prometheus::is_its(request.path()) {
            return Some(Credential::Bearer(password_of(token.trim())));
        }
        let token = if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" };
        return Some(Credential::Bearer(token.to_owned()));
    }
    if is_socket(request) {
        let query = web::Query::<HashMap<String, String>>::from_query(request.query_string()).ok();
        if let Some(ticket) = query.and_then(|mut query| query.remove("ticket")) {
            return Some(Credential::Ticket(ticket));
        }
    }
    let cookie = request.cookie(cookie_name(context.tls))?;
    Some(Credential::Cookie(cookie.value().to_owned()))
}

/// What data sources of Prometheus send: any user name, and an API token as the password. What is none is refused
/// as a token.
fn password_of(credentials: &str) -> String {
    let decoded = STANDARD.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let password = decoded.as_deref().and_then(|text| text.split_once(':')).map(|(_, password)| password);
    password.unwrap_or_default().to_owned()
}

/// Where a v3 collector pulls its configuration.
pub(super) fn is_config(path: &str) -> bool {
    path.starts_with("/api/v1/config/")
}

/// The refusal, or that its sender is refused too often.
fn refused_pull(request: &ServiceRequest, origin: &Origin, refusal: Problem) -> Problem {
    let stranger = Puller::Stranger(origin.ip_address.clone());
    let pulls = request.app_data::<web::Data<Pulls>>();
    pulls.and_then(|pulls| pulls.admit(stranger).err()).unwrap_or(refusal)
}

/// From a program on this machine, and not from somebody whom a proxy on it speaks for.
fn is_local(request: &ServiceRequest) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for"].iter().any(|name| request.headers().contains_key(*name));
    !forwarded && request.peer_addr().is_some_and(|peer| peer.ip().is_loopback())
}

fn is_socket(request: &ServiceRequest) -> bool {
    matches!(request.path(), "/ws" | "/api/v1/ws")
}

async fn identify(
    node: &web::Data<Node>,
    credential: Credential,
    proof: Option<Proof>,
) -> Result<(Identity, Actor), Problem> {
    if let Some(known) = known(node, &credential, proof) {
        return Ok(known);
    }
    on_disk(node, move |node| {
        let identity = match credential {
            Credential::Bearer(token) | Credential::Cookie(token) => {
                node.access.identify_proven(&token, proof)?
            }
            Credential::Ticket(ticket) => Identity::User(node.access.redeem_ticket(&ticket)?),
        };
        let actor = actor(&identity, |id| node.collectors.get(id).ok());
        let not_registered = || Problem::unauthenticated("token_revoked", "the collector is not registered");
        let actor = actor.ok_or_else(not_registered)?;
        Ok::<_, Problem>((identity, actor))
    })
    .await
}

/// Who calls, where memory tells: a caller that comes again need not wait for a thread that reads.
fn known(node: &Node, credential: &Credential, proof: Option<Proof>) -> Option<(Identity, Actor)> {
    let (Credential::Bearer(token) | Credential::Cookie(token)) = credential else { return None };
    let identity = node.access.known_bearer(token, proof)?;
    let actor = actor(&identity, |id| node.collectors.known(id))?;
    Some((identity, actor))
}

/// Nothing for a collector that is not registered.
fn actor(identity: &Identity, collector: impl Fn(CollectorId) -> Option<Collector>) -> Option<Actor> {
    match identity {
        Identity::User(user) => Some(user.into()),
        Identity::Collector { id, .. } => {
            let Collector { name, .. } = collector(*id).filter(|one| one.state != State::Archived)?;
            Some(Actor { id: id.to_string(), name, role: "collector".to_owned() })
        }
    }
}

fn check(request: &ServiceRequest, caller: &Caller, need: Need) -> Result<(), Problem> {
    let role: Option<Role> = match &caller.identity {
        Some(Identity::User(user)) => Some(user.role),
        _ => None,
    };
    match (need, role) {
        (Need::Public, _) => {}
        (Need::Collector, Some(_)) => {
            return Err(Problem::forbidden("this needs the token of a collector"));
        }
        (Need::Collector, None) => {
            let own = caller.collector()?.to_string();
            if id_in_path(request).is_some_and(|id| id != own) {
                return Err(Problem::forbidden("the token belongs to another collector"));
            }
        }
        (need, Some(role)) if role.meets(need) => {}
        (need, _) => {
            return Err(Problem::forbidden(format!("this needs the role {}", need.as_str())));
        }
    }
    if caller.by_cookie { check_same_origin(request, caller) } else { Ok(()) }
}

/// The segment of the path that stands where the route has `{id}`. The router has not run yet.
fn id_in_path(request: &ServiceRequest) -> Option<&str> {
    let pattern = request.match_pattern()?;
    let place = pattern.split('/').position(|segment| segment == "{id}")?;
    request.path().split('/').nth(place)
}

/// A page of another site must neither change anything nor open a socket with our cookie.
fn check_same_origin(request: &ServiceRequest, caller: &Caller) -> Result<(), Problem> {
    let headers = request.headers();
    if is_socket(request) {
        let origin = header(headers, "origin").and_then(|origin| origin.split_once("://"));
        let host = header(headers, "host");
        let same = origin.is_some_and(|(_, origin)| Some(origin) == host);
        let refused = || Problem::forbidden("the socket was opened by a page of another origin");
        return if same { Ok(()) } else { Err(refused()) };
    }
    // a form that asks is not one that changes
    if request.method().is_safe() || prometheus::is_its(request.path()) {
        return Ok(());
    }
    let expected = caller.user()?.csrf_token.clone().unwrap_or_default();
    let sent = header(headers, "x-csrf-token").unwrap_or_default();
    let proven = !expected.is_empty() && crypto::equal_in_constant_time(sent.as_bytes(), expected.as_bytes());
    let same_origin = sent.is_empty() && header(headers, "sec-fetch-site") == Some("same-origin");
    if proven || same_origin {
        return Ok(());
    }
    let detail = "the X-CSRF-Token header does not match the session";
    Err(Problem::new(actix_web::http::StatusCode::FORBIDDEN, "csrf", detail))
}

async fn note_refusal(
    node: &web::Data<Node>,
    caller: &Caller,
    request: &ServiceRequest,
) -> Result<(), Problem> {
    let pattern = request.match_pattern().unwrap_or_default();
    let name = format!("{} {pattern}", request.method());
    let change = Change::new(Action::AuthDenied, Target::new("route", &pattern, &name)).refused();
    let origin = caller.origin.clone();
    on_disk(node, move |node| node.audit.note(&origin, change)).await
}

fn origin(request: &ServiceRequest, context: &RequestContext) -> Origin {
    let user_agent = request.headers().get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let user_agent = user_agent.unwrap_or_default();
    let letters = user_agent.chars().filter(|letter| !letter.is_control());
    Origin {
        actor: Actor::anonymous(""),
        ip_address: request.peer_addr().map(|address| address.ip().to_string()).unwrap_or_default(),
        user_agent: letters.take(USER_AGENT_CHARS).collect(),
        request_id: context.id.to_string(),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
