//! The first administrator over HTTP.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::fields::Fields;
use super::on_disk;
use super::problem::Problem;
use super::users::{self, UserView};
use crate::node::Node;

#[derive(Serialize, ToSchema)]
pub(super) struct SetupState {
    /// Whether nobody can sign in yet.
    required: bool,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct SetupBody {
    /// The one-time code from the file `setup-code` of the data directory, or from the log.
    code: String,
    #[schema(min_length = 1, max_length = 64)]
    username: String,
    #[schema(min_length = 12, max_length = 256)]
    password: String,
}

#[utoipa::path(get, path = "/api/v1/setup", tag = "access", responses((status = 200, body = SetupState)))]
pub(super) async fn state(node: Data<Node>) -> Result<Json<SetupState>, Problem> {
    let required = on_disk(&node, |node| node.access.setup_required()).await?;
    Ok(Json(SetupState { required }))
}

#[utoipa::path(post, path = "/api/v1/setup", tag = "access", request_body = SetupBody,
    responses((status = 201, body = UserView), (status = 400), (status = 403, description = "`wrong_setup_code`"),
        (status = 409, description = "there are users already"), (status = 429)))]
pub(super) async fn complete(
    node: Data<Node>,
    caller: Caller,
    mut fields: Fields,
) -> Result<(Json<UserView>, StatusCode), Problem> {
    let code = fields.secret("code", 1..=100);
    let (username, password) = users::credentials(&mut fields);
    let (username, password) = users::both(fields, username, password)?;
    let user =
        on_disk(&node, move |node| node.access.complete_setup(&caller.origin, &code, &username, &password))
            .await?;
    Ok((Json(user.into()), StatusCode::CREATED))
}
