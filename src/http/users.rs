//! Users over HTTP, and the checks of names and passwords that setup and sign-in share.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::fields::Fields;
use super::on_disk;
use super::problem::Problem;
use crate::access::{NewPassword, PasswordError, Role, User, UserChange, Username};
use crate::clock::Timestamp;
use crate::ids::UserId;
use crate::limits::{PASSWORD_CHARS, USERNAME_CHARS};
use crate::node::Node;

#[derive(Serialize, ToSchema)]
pub(super) struct UserView {
    #[schema(value_type = String)]
    id: UserId,
    username: String,
    /// admin, operator, viewer or auditor
    role: &'static str,
    disabled: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_login_at: Option<Timestamp>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let User { id, username, role, created_at, modified_at, disabled_at, last_login_at } = user;
        let (role, disabled) = (role.as_str(), disabled_at.is_some());
        Self { id, username, role, disabled, disabled_at, created_at, modified_at, last_login_at }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct UserList {
    users: Vec<UserView>,
    total: usize,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct NewUserBody {
    #[schema(min_length = 1, max_length = 64)]
    username: String,
    #[schema(min_length = 12, max_length = 256)]
    password: String,
    /// admin, operator, viewer or auditor
    role: String,
}

/// What is absent stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct UserBody {
    #[schema(min_length = 1, max_length = 64)]
    username: Option<String>,
    /// admin, operator, viewer or auditor
    role: Option<String>,
    disabled: Option<bool>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct PasswordBody {
    #[schema(min_length = 12, max_length = 256)]
    password: String,
}

/// Takes `username` and `password`, and complains about both at once.
pub(super) fn credentials(fields: &mut Fields) -> (Option<Username>, Option<NewPassword>) {
    let text = fields.text("username", 1..=USERNAME_CHARS);
    let username = username(fields, &text);
    (username, new_password(fields, "password", &text))
}

fn username(fields: &mut Fields, text: &str) -> Option<Username> {
    let fits = (1..=USERNAME_CHARS).contains(&text.chars().count());
    match Username::new(text) {
        Ok(username) => Some(username),
        Err(error) if fits => {
            fields.complain("username", "characters", error.to_string());
            None
        }
        // its length, or that it is missing, was told already
        Err(_) => None,
    }
}

/// Takes a password that is to be set.
pub(super) fn new_password(fields: &mut Fields, field: &str, username: &str) -> Option<NewPassword> {
    let password = fields.secret(field, PASSWORD_CHARS);
    match NewPassword::new(password, username) {
        Ok(password) => Some(password),
        // told already
        Err(PasswordError::TooShort | PasswordError::TooLong) => None,
        Err(error @ PasswordError::Common) => {
            fields.complain(field, "common", error.to_string());
            None
        }
        Err(error @ PasswordError::IsUsername) => {
            fields.complain(field, "username", error.to_string());
            None
        }
    }
}

/// Both values, when nothing was complained about.
pub(super) fn both<A, B>(fields: Fields, one: Option<A>, other: Option<B>) -> Result<(A, B), Problem> {
    let values = fields.finish(one.zip(other))?;
    values.ok_or_else(|| Problem::internal(&"a field was refused without a complaint"))
}

#[utoipa::path(get, path = "/api/v1/users", tag = "access", responses((status = 200, body = UserList)))]
pub(super) async fn list(node: Data<Node>) -> Result<Json<UserList>, Problem> {
    let users = on_disk(&node, |node| node.access.users()).await?;
    Ok(Json(UserList { total: users.len(), users: users.into_iter().map(UserView::from).collect() }))
}

#[utoipa::path(post, path = "/api/v1/users", tag = "access", request_body = NewUserBody,
    responses((status = 201, body = UserView), (status = 400), (status = 409, description = "`name_taken`")))]
pub(super) async fn create(
    node: Data<Node>,
    caller: Caller,
    mut fields: Fields,
) -> Result<(Json<UserView>, StatusCode), Problem> {
    let (username, password) = credentials(&mut fields);
    let role: Role = fields.one_of("role");
    let (username, password) = both(fields, username, password)?;
    let user =
        on_disk(&node, move |node| node.access.create_user(&caller.origin, &username, &password, role))
            .await?;
    Ok((Json(user.into()), StatusCode::CREATED))
}

#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "access", params(("id" = String, Path)),
    responses((status = 200, body = UserView), (status = 404)))]
pub(super) async fn get(node: Data<Node>, id: Path<String>) -> Result<Json<UserView>, Problem> {
    let id: UserId = id.parse()?;
    let user = on_disk(&node, move |node| node.access.user(id)).await?;
    Ok(Json(user.into()))
}

#[utoipa::path(put, path = "/api/v1/users/{id}", tag = "access", params(("id" = String, Path)),
    request_body = UserBody,
    responses((status = 200, body = UserView), (status = 400), (status = 404),
        (status = 409, description = "`name_taken`, or the last administrator")))]
pub(super) async fn update(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    mut fields: Fields,
) -> Result<Json<UserView>, Problem> {
    let id: UserId = id.parse()?;
    let name = fields.optional_text("username", 1..=USERNAME_CHARS);
    let change = UserChange {
        username: name.and_then(|name| username(&mut fields, &name)),
        role: fields.optional_one_of("role"),
        disabled: fields.optional_boolean("disabled"),
    };
    let change = fields.finish(change)?;
    let user = on_disk(&node, move |node| node.access.update_user(&caller.origin, id, change)).await?;
    Ok(Json(user.into()))
}

#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "access", params(("id" = String, Path)),
    responses((status = 204), (status = 404), (status = 409, description = "the last administrator")))]
pub(super) async fn delete(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: UserId = id.parse()?;
    on_disk(&node, move |node| node.access.delete_user(&caller.origin, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sets a password in the user's stead, and ends all of the user's sessions.
#[utoipa::path(post, path = "/api/v1/users/{id}/reset-password", tag = "access", params(("id" = String, Path)),
    request_body = PasswordBody, responses((status = 204), (status = 400), (status = 404)))]
pub(super) async fn reset_password(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    mut fields: Fields,
) -> Result<HttpResponse, Problem> {
    let id: UserId = id.parse()?;
    let user = on_disk(&node, move |node| node.access.user(id)).await?;
    let password = new_password(&mut fields, "password", &user.username);
    let (password, ()) = both(fields, password, Some(()))?;
    on_disk(&node, move |node| node.access.reset_password(&caller.origin, id, &password)).await?;
    Ok(HttpResponse::NoContent().finish())
}
