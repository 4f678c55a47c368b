//! The dashboards of a collector over HTTP: a list that is read and set as a whole.

use std::collections::BTreeSet;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::Body;
use super::caller::Caller;
use super::fields::{Fields, is_json};
use super::on_disk;
use super::problem::Problem;
use crate::ids::CollectorId;
use crate::limits::DASHBOARDS;
use crate::node::Node;
use crate::registry::Dashboard;
use crate::wire::FieldError;

#[derive(Serialize, ToSchema)]
pub(super) struct DashboardView {
    #[schema(min_length = 1, max_length = 100)]
    dashboard_id: String,
    #[schema(min_length = 1, max_length = 255)]
    dashboard_name: String,
    /// Whether it was given by a rule and not by hand.
    auto_assign: bool,
}

impl From<Dashboard> for DashboardView {
    fn from(dashboard: Dashboard) -> Self {
        let Dashboard { id, name, auto_assign } = dashboard;
        Self { dashboard_id: id, dashboard_name: name, auto_assign }
    }
}

#[utoipa::path(get, path = "/api/v1/collectors/{id}/dashboards", tag = "collectors",
    params(("id" = String, Path)), responses((status = 200, body = Vec<DashboardView>), (status = 404)))]
pub(super) async fn list(node: Data<Node>, id: Path<String>) -> Result<Json<Vec<DashboardView>>, Problem> {
    let id: CollectorId = id.parse()?;
    let dashboards = on_disk(&node, move |node| node.dashboards.of(id)).await?;
    Ok(Json(dashboards.into_iter().map(DashboardView::from).collect()))
}

/// Puts this list in the place of the one that is there.
#[utoipa::path(put, path = "/api/v1/collectors/{id}/dashboards", tag = "collectors",
    params(("id" = String, Path)), request_body = Vec<DashboardView>,
    responses((status = 200, body = Vec<DashboardView>), (status = 400), (status = 404)))]
pub(super) async fn replace(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    request: HttpRequest,
    Body(body): Body,
) -> Result<Json<Vec<DashboardView>>, Problem> {
    let id: CollectorId = id.parse()?;
    if !is_json(&request) {
        return Err(Problem::from_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let dashboards = read(&body)?;
    on_disk(&node, move |node| {
        node.dashboards.replace(&caller.origin, id, &dashboards)?;
        let dashboards = node.dashboards.of(id)?;
        Ok::<_, crate::registry::CollectorsError>(Json(
            dashboards.into_iter().map(DashboardView::from).collect(),
        ))
    })
    .await
}

/// The same as `PUT /collectors/{id}/dashboards`.
#[utoipa::path(post, path = "/api/v1/collectors/{id}/assign-dashboards", tag = "collectors",
    params(("id" = String, Path)), request_body = Vec<DashboardView>,
    responses((status = 200, body = Vec<DashboardView>), (status = 400), (status = 404)))]
pub(super) async fn assign(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    request: HttpRequest,
    body: Body,
) -> Result<Json<Vec<DashboardView>>, Problem> {
    replace(node, caller, id, request, body).await
}

/// A list; every field at fault is told with its place in it.
fn read(body: &[u8]) -> Result<Vec<Dashboard>, Problem> {
    let not_a_list = || Problem::invalid_field("body", "type", "must be a JSON list of dashboards");
    let items: Vec<Value> = serde_json::from_slice(body).map_err(|_| not_a_list())?;
    if items.len() > DASHBOARDS {
        let rule = format!("must have at most {DASHBOARDS} dashboards");
        return Err(Problem::invalid_field("body", "length", rule));
    }
    let (mut dashboards, mut problems, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (index, item) in items.into_iter().enumerate() {
        let place = |mut error: FieldError| {
            error.field = format!("[{index}].{}", error.field);
            error
        };
        match one(item) {
            Ok(dashboard) if seen.insert(dashboard.id.clone()) => dashboards.push(dashboard),
            Ok(_) => problems.push(place(complaint("dashboard_id", "duplicate", "stands here twice"))),
            Err(errors) => problems.extend(errors.into_iter().map(place)),
        }
    }
    if problems.is_empty() { Ok(dashboards) } else { Err(Problem::validation(problems)) }
}

fn complaint(field: &str, code: &str, message: &str) -> FieldError {
    FieldError { field: field.to_owned(), code: code.to_owned(), message: message.to_owned() }
}

fn one(item: Value) -> Result<Dashboard, Vec<FieldError>> {
    let Value::Object(members) = item else {
        return Err(vec![complaint("entry", "type", "must be an object")]);
    };
    let mut fields = Fields::new(members);
    let dashboard = Dashboard {
        id: fields.text("dashboard_id", 1..=100),
        name: fields.text("dashboard_name", 1..=255),
        auto_assign: fields.optional_boolean("auto_assign").unwrap_or(false),
    };
    fields.checked(dashboard)
}
