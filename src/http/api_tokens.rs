//! API tokens over HTTP: each user's own.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::fields::Fields;
use super::on_disk;
use super::problem::Problem;
use crate::access::{ApiToken, Role};
use crate::clock::Timestamp;
use crate::ids::TokenId;
use crate::limits::{API_TOKEN_DAYS, TOKEN_NAME_CHARS};
use crate::node::Node;

/// Days that an API token lives when nothing else is asked for.
const DEFAULT_DAYS: i64 = 90;

#[derive(Serialize, ToSchema)]
pub(super) struct ApiTokenView {
    #[schema(value_type = String)]
    id: TokenId,
    name: String,
    /// The most that the token may do; less where its user may less.
    role: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<ApiToken> for ApiTokenView {
    fn from(token: ApiToken) -> Self {
        let ApiToken { id, name, role, created_at, expires_at, .. } = token;
        Self { id, name, role: role.as_str(), created_at, expires_at }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct NewApiToken {
    #[serde(flatten)]
    about: ApiTokenView,
    /// Shown here and never again.
    token: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ApiTokenList {
    api_tokens: Vec<ApiTokenView>,
    total: usize,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct ApiTokenBody {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// At most the caller's own, which it is when absent.
    role: Option<String>,
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<i64>,
}

#[utoipa::path(get, path = "/api/v1/api-tokens", tag = "access",
    responses((status = 200, body = ApiTokenList)))]
pub(super) async fn list(node: Data<Node>, caller: Caller) -> Result<Json<ApiTokenList>, Problem> {
    let user = caller.user()?.id;
    let tokens = on_disk(&node, move |node| node.access.api_tokens(user)).await?;
    let api_tokens: Vec<_> = tokens.into_iter().map(ApiTokenView::from).collect();
    Ok(Json(ApiTokenList { total: api_tokens.len(), api_tokens }))
}

#[utoipa::path(post, path = "/api/v1/api-tokens", tag = "access", request_body = ApiTokenBody,
    responses((status = 201, body = NewApiToken), (status = 400),
        (status = 403, description = "the role is more than the caller's own"), (status = 409)))]
pub(super) async fn create(
    node: Data<Node>,
    caller: Caller,
    mut fields: Fields,
) -> Result<(Json<NewApiToken>, StatusCode), Problem> {
    let user = caller.user()?.clone();
    let name = fields.text("name", 1..=TOKEN_NAME_CHARS);
    let role: Option<Role> = fields.optional_one_of("role");
    let days = fields.optional_number("expires_in_days", API_TOKEN_DAYS).unwrap_or(DEFAULT_DAYS);
    let life = days_long(fields.finish(days)?);
    let (token, text) =
        on_disk(&node, move |node| node.access.create_api_token(&caller.origin, &user, &name, role, life))
            .await?;
    let created = NewApiToken { about: token.into(), token: text.expose().to_owned() };
    Ok((Json(created), StatusCode::CREATED))
}

#[utoipa::path(delete, path = "/api/v1/api-tokens/{id}", tag = "access", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(super) async fn delete(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: TokenId = id.parse()?;
    let user = caller.user()?.clone();
    on_disk(&node, move |node| node.access.revoke_api_token(&caller.origin, &user, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn days_long(days: i64) -> Duration {
    Duration::from_secs(u64::try_from(days).unwrap_or(0) * 24 * 3600)
}
