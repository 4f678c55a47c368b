//! Groups over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::fields::Fields;
use super::on_disk;
use super::problem::Problem;
use crate::clock::Timestamp;
use crate::ids::GroupId;
use crate::node::Node;
use crate::registry::{Group, GroupChange, NewGroup};

/// Of a group that nobody gave a color: one that none of the first groups has.
const DEFAULT_COLOR: &str = "#6C757D";

#[derive(Serialize, ToSchema)]
pub(super) struct GroupView {
    #[schema(value_type = String)]
    id: GroupId,
    name: String,
    description: String,
    /// `#RRGGBB`
    color: String,
    icon: String,
    display_order: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        let Group { id, name, description, color, icon, display_order, created_at, modified_at } = group;
        Self { id, name, description, color, icon, display_order, created_at, modified_at }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct GroupList {
    groups: Vec<GroupView>,
}

/// The body of a request to create a group, or to change one: then what is absent stays as it is.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct GroupBody {
    /// A new group must have one.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[schema(max_length = 1000)]
    description: Option<String>,
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", default = "#6C757D")]
    color: Option<String>,
    #[schema(max_length = 50)]
    icon: Option<String>,
    /// Of a new group: after all others.
    display_order: Option<i64>,
}

fn new_group(mut fields: Fields) -> Result<NewGroup, Problem> {
    let name = fields.text("name", 1..=100);
    let GroupChange { description, color, icon, display_order, .. } = more(&mut fields);
    let new = NewGroup {
        name,
        description: description.unwrap_or_default(),
        color: color.unwrap_or_else(|| DEFAULT_COLOR.to_owned()),
        icon: icon.unwrap_or_default(),
        display_order,
    };
    fields.finish(new)
}

fn group_change(mut fields: Fields) -> Result<GroupChange, Problem> {
    let name = fields.optional_text("name", 1..=100);
    let change = GroupChange { name, ..more(&mut fields) };
    fields.finish(change)
}

/// What a group may have beside its name.
fn more(fields: &mut Fields) -> GroupChange {
    let color = fields.optional_text("color", 7..=7);
    let is_color = |color: &String| {
        color.strip_prefix('#').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    if !fields.has_problem("color") && color.as_ref().is_some_and(|color| !is_color(color)) {
        fields.complain("color", "format", "must have the form #RRGGBB".to_owned());
    }
    GroupChange {
        name: None,
        description: fields.optional_text("description", 0..=1000),
        color,
        icon: fields.optional_text("icon", 0..=50),
        display_order: fields.optional_number("display_order", 0..=1_000_000),
    }
}

#[utoipa::path(get, path = "/api/v1/groups", tag = "groups", responses((status = 200, body = GroupList)))]
pub(super) async fn list(node: Data<Node>) -> Result<Json<GroupList>, Problem> {
    let groups = on_disk(&node, |node| node.groups.list()).await?;
    Ok(Json(GroupList { groups: groups.into_iter().map(GroupView::from).collect() }))
}

#[utoipa::path(post, path = "/api/v1/groups", tag = "groups", request_body = GroupBody,
    responses((status = 201, body = GroupView), (status = 409, description = "`name_taken`")))]
pub(super) async fn create(
    node: Data<Node>,
    caller: Caller,
    fields: Fields,
) -> Result<(Json<GroupView>, StatusCode), Problem> {
    let new = new_group(fields)?;
    let group = on_disk(&node, move |node| node.groups.create(&caller.origin, new)).await?;
    Ok((Json(group.into()), StatusCode::CREATED))
}

#[utoipa::path(put, path = "/api/v1/groups/{id}", tag = "groups", params(("id" = String, Path)),
    request_body = GroupBody, responses((status = 200, body = GroupView), (status = 404)))]
pub(super) async fn update(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    fields: Fields,
) -> Result<Json<GroupView>, Problem> {
    let id: GroupId = id.parse()?;
    let change = group_change(fields)?;
    let group = on_disk(&node, move |node| node.groups.update(&caller.origin, id, change)).await?;
    Ok(Json(group.into()))
}

#[utoipa::path(delete, path = "/api/v1/groups/{id}", tag = "groups", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(super) async fn delete(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id: GroupId = id.parse()?;
    on_disk(&node, move |node| node.groups.delete(&caller.origin, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
