//! Registration secrets over HTTP.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::api_tokens::days_long;
use super::caller::Caller;
use super::fields::Fields;
use super::on_disk;
use super::problem::Problem;
use crate::access::RegistrationSecret;
use crate::clock::Timestamp;
use crate::ids::RegistrationSecretId;
use crate::limits::{REGISTRATION_SECRET_DAYS, REGISTRATION_SECRET_USES, TOKEN_NAME_CHARS};
use crate::node::Node;

/// What a secret gets when nothing else is asked for: enough for one rack, and gone in a week.
const DEFAULT_NAME: &str = "registration";
const DEFAULT_USES: i64 = 10;
const DEFAULT_DAYS: i64 = 7;

#[derive(Serialize, ToSchema)]
pub(super) struct SecretView {
    #[schema(value_type = String)]
    id: RegistrationSecretId,
    name: String,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    max_uses: u32,
    uses: u32,
}

impl From<RegistrationSecret> for SecretView {
    fn from(secret: RegistrationSecret) -> Self {
        let RegistrationSecret { id, name, created_by, created_at, expires_at, max_uses, uses, .. } = secret;
        Self { id, name, created_by, created_at, expires_at, max_uses, uses }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct NewSecret {
    #[serde(flatten)]
    about: SecretView,
    /// For the header `X-Registration-Secret`. Shown here and never again.
    secret: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SecretList {
    registration_secrets: Vec<SecretView>,
    total: usize,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct SecretBody {
    /// What it is called in the list and in the audit log.
    #[schema(min_length = 1, max_length = 100, default = "registration")]
    name: Option<String>,
    #[schema(minimum = 1, maximum = 10000)]
    max_uses: Option<i64>,
    #[schema(minimum = 1, maximum = 365)]
    expires_in_days: Option<i64>,
}

#[utoipa::path(get, path = "/api/v1/registration-secrets", tag = "access",
    responses((status = 200, body = SecretList)))]
pub(super) async fn list(node: Data<Node>) -> Result<Json<SecretList>, Problem> {
    let secrets = on_disk(&node, |node| node.access.registration_secrets()).await?;
    let registration_secrets: Vec<_> = secrets.into_iter().map(SecretView::from).collect();
    Ok(Json(SecretList { total: registration_secrets.len(), registration_secrets }))
}

#[utoipa::path(post, path = "/api/v1/registration-secrets", tag = "access", request_body = SecretBody,
    responses((status = 201, body = NewSecret), (status = 400), (status = 409)))]
pub(super) async fn create(
    node: Data<Node>,
    caller: Caller,
    mut fields: Fields,
) -> Result<(Json<NewSecret>, StatusCode), Problem> {
    let name = fields.optional_text("name", 1..=TOKEN_NAME_CHARS);
    let name = name.unwrap_or_else(|| DEFAULT_NAME.to_owned());
    let most = i64::from(REGISTRATION_SECRET_USES);
    let max_uses = fields.optional_number("max_uses", 1..=most).unwrap_or(DEFAULT_USES);
    let days = fields.optional_number("expires_in_days", REGISTRATION_SECRET_DAYS).unwrap_or(DEFAULT_DAYS);
    let (max_uses, days) = fields.finish((max_uses, days))?;
    let (max_uses, life) = (u32::try_from(max_uses).unwrap_or(1), days_long(days));
    let (secret, text) = on_disk(&node, move |node| {
        node.access.create_registration_secret(&caller.origin, &name, max_uses, life)
    })
    .await?;
    let created = NewSecret { about: secret.into(), secret: text.expose().to_owned() };
    Ok((Json(created), StatusCode::CREATED))
}

#[utoipa::path(delete, path = "/api/v1/registration-secrets/{id}", tag = "access",
    params(("id" = String, Path)), responses((status = 204), (status = 404)))]
pub(super) async fn delete(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: RegistrationSecretId = id.parse()?;
    on_disk(&node, move |node| node.access.revoke_registration_secret(&caller.origin, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
