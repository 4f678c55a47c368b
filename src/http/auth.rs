//! Signing in and out over HTTP, and the short-lived tokens that come from it.

use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::web::{Data, Json, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::caller::{Caller, cookie_name};
use super::fields::Fields;
use super::problem::Problem;
use super::{RequestContext, on_disk, users};
use crate::access::{Identity, Role, SignIn, SignedIn};
use crate::clock::Timestamp;
use crate::ids::UserId;
use crate::limits;
use crate::node::Node;

/// Characters of a login's fields that are looked at. What may be set is shorter.
const LOGIN_CHARS: usize = 1000;

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct UserBadge {
    #[schema(value_type = String)]
    id: UserId,
    username: String,
    #[schema(value_type = String)]
    role: &'static str,
}

impl UserBadge {
    fn new(id: UserId, username: String, role: Role) -> Self {
        Self { id, username, role: role.as_str() }
    }
}

/// The reply of a login and of a refresh.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionView {
    token: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    user: UserBadge,
    /// Goes back as `X-CSRF-Token` with every change that the cookie authenticates.
    csrf_token: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Me {
    user: UserBadge,
    #[serde(flatten)]
    badge: UserBadge,
    /// Null with an API token.
    csrf_token: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct LoginBody {
    username: String,
    password: String,
    /// For a second factor; not asked for yet.
    otp: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct ChangePasswordBody {
    current_password: String,
    #[schema(min_length = 12, max_length = 256)]
    new_password: String,
}

/// A token with its end.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenView {
    token: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub(super) struct TicketView {
    /// For the `ticket` of the WebSocket's address, once.
    ticket: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

#[utoipa::path(post, path = "/api/v1/auth/login", tag = "access", request_body = LoginBody,
    responses((status = 200, body = SessionView), (status = 401, description = "`invalid_credentials`"),
        (status = 429), (status = 503)))]
pub(super) async fn login(
    node: Data<Node>,
    caller: Caller,
    request: HttpRequest,
    mut fields: Fields,
) -> Result<HttpResponse, Problem> {
    let username = fields.text("username", 0..=LOGIN_CHARS);
    let password = fields.secret("password", 0..=LOGIN_CHARS);
    fields.optional_secret("otp", 0..=LOGIN_CHARS);
    let (username, password) = fields.finish((username, password))?;
    let session = on_disk(&node, move |node| node.access.login(&caller.origin, &username, &password)).await?;
    Ok(signed_in(&node, &request, session))
}

#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "access",
    responses((status = 200, body = SessionView), (status = 401), (status = 403)))]
pub(super) async fn refresh(
    node: Data<Node>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let user = caller.user()?.clone();
    let session = on_disk(&node, move |node| node.access.refresh(&user)).await?;
    Ok(signed_in(&node, &request, session))
}

#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "access",
    responses((status = 204), (status = 401), (status = 403)))]
pub(super) async fn logout(
    node: Data<Node>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let user = caller.user()?.clone();
    on_disk(&node, move |node| node.access.logout(&caller.origin, &user)).await?;
    let mut ended = cookie(&request, String::new());
    ended.make_removal();
    Ok(HttpResponse::NoContent().cookie(ended).finish())
}

#[utoipa::path(get, path = "/api/v1/auth/me", tag = "access", responses((status = 200, body = Me), (status = 401)))]
pub(super) async fn me(caller: Caller) -> Result<Json<Me>, Problem> {
    let SignedIn { id, username, role, csrf_token, expires_at, .. } = caller.user()?.clone();
    let badge = UserBadge::new(id, username.clone(), role);
    Ok(Json(Me { user: UserBadge::new(id, username, role), badge, csrf_token, expires_at }))
}

/// Ends the caller's other sessions.
#[utoipa::path(post, path = "/api/v1/auth/change-password", tag = "access", request_body = ChangePasswordBody,
    responses((status = 204), (status = 400), (status = 401), (status = 429)))]
pub(super) async fn change_password(
    node: Data<Node>,
    caller: Caller,
    mut fields: Fields,
) -> Result<HttpResponse, Problem> {
    let SignedIn { id, username, session, .. } = caller.user()?.clone();
    let current = fields.secret("current_password", 1..=LOGIN_CHARS);
    let new = users::new_password(&mut fields, "new_password", &username);
    let (new, ()) = users::both(fields, new, Some(()))?;
    on_disk(&node, move |node| node.access.change_password(&caller.origin, id, session, &current, &new))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

#[utoipa::path(post, path = "/api/v1/ws/ticket", tag = "live",
    responses((status = 200, body = TicketView), (status = 401), (status = 429)))]
pub(super) async fn ticket(node: Data<Node>, caller: Caller) -> Result<Json<TicketView>, Problem> {
    let (ticket, expires_at) = node.access.issue_ticket(caller.user()?)?;
    Ok(Json(TicketView { ticket: ticket.expose().to_owned(), expires_at }))
}

/// An access token of an hour for a collector. The body does not count, whatever it is.
#[utoipa::path(post, path = "/api/v1/collectors/refresh-token", tag = "agents",
    responses((status = 200, body = TokenView), (status = 401), (status = 403)))]
pub(super) async fn refresh_collector_token(
    node: Data<Node>,
    caller: Caller,
    body: Payload,
) -> Result<Json<TokenView>, Problem> {
    let Some(Identity::Collector { id, token, .. }) = caller.identity else {
        return Err(Problem::forbidden("this is for collectors"));
    };
    read_away(body).await;
    let issued = on_disk(&node, move |node| node.access.exchange(id, token)).await?;
    Ok(Json(TokenView { token: issued.token.expose().to_owned(), expires_at: issued.expires_at }))
}

/// Takes the body off the connection, so that a client that sends first and reads then gets its answer.
async fn read_away(mut body: Payload) {
    let rest = async {
        let mut bytes = 0;
        while let Some(Ok(chunk)) = body.next().await {
            bytes += chunk.len();
            if bytes > limits::BODY_BYTES {
                return;
            }
        }
    };
    let _ = timeout(limits::BODY_TIME, rest).await;
}

fn signed_in(node: &Node, request: &HttpRequest, session: SignIn) -> HttpResponse {
    let token = session.token.expose().to_owned();
    let mut cookie = cookie(request, token.clone());
    let life = session.expires_at.since(node.clock.now()).as_secs();
    cookie.set_max_age(time::Duration::seconds(i64::try_from(life).unwrap_or(0)));
    HttpResponse::Ok().cookie(cookie).json(SessionView {
        token,
        expires_at: session.expires_at,
        user: UserBadge::new(session.user.id, session.user.username, session.user.role),
        csrf_token: session.csrf_token,
    })
}

/// Out of reach for scripts and for other sites; with TLS, for everything that is not this host over TLS.
fn cookie(request: &HttpRequest, token: String) -> Cookie<'static> {
    let tls = RequestContext::of(request).tls;
    Cookie::build(cookie_name(tls), token)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(tls)
        .finish()
}
