//! The agents' packages, for machines that reach this daemon and nothing else. They are no secret, and whoever
//! fetches one has no token yet: so nobody is asked for one.

use std::fmt::Write as _;

use actix_files::NamedFile;
use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::on_disk;
use super::problem::Problem;
use crate::downloads::{Download, Format};
use crate::node::Node;

#[derive(Serialize, ToSchema)]
pub(super) struct DownloadView {
    /// The last part of its address, `/downloads/{name}`.
    name: String,
    /// `deb` or `rpm`.
    format: &'static str,
    size_bytes: u64,
    /// In hexadecimal digits.
    sha256: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct DownloadList {
    files: Vec<DownloadView>,
}

impl From<Download> for DownloadView {
    fn from(Download { name, format, bytes, sha256 }: Download) -> Self {
        let format = match format {
            Format::Deb => "deb",
            Format::Rpm => "rpm",
        };
        Self { name, format, size_bytes: bytes, sha256 }
    }
}

/// The packages that this daemon hands out.
#[utoipa::path(get, path = "/api/v1/downloads", tag = "downloads",
    responses((status = 200, body = DownloadList)))]
pub(super) async fn list(node: Data<Node>) -> Result<Json<DownloadList>, Problem> {
    let files = packages(&node).await?;
    Ok(Json(DownloadList { files: files.into_iter().map(DownloadView::from).collect() }))
}

/// The same as a page of links.
#[utoipa::path(get, path = "/downloads", tag = "downloads",
    responses((status = 200, content_type = "text/html", body = String)))]
pub(super) async fn page(node: Data<Node>) -> Result<HttpResponse, Problem> {
    let mut page =
        String::from("<!doctype html><html lang=\"en\"><title>Packages</title><h1>Packages</h1><ul>\n");
    for Download { name, sha256, bytes, .. } in packages(&node).await? {
        // the name of a package needs no escape
        let _ =
            writeln!(page, "<li><a href=\"/downloads/{name}\">{name}</a> {bytes} bytes, SHA-256 {sha256}");
    }
    page.push_str("</ul></html>\n");
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page))
}

/// One package, whole or in ranges.
#[utoipa::path(get, path = "/downloads/{name}", tag = "downloads", params(("name" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "the range that was asked for"), (status = 304), (status = 404),
        (status = 416)))]
pub(super) async fn file(
    node: Data<Node>,
    name: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let name = name.into_inner();
    let kind = match Format::of(&name) {
        Some(Format::Deb) => "application/vnd.debian.binary-package",
        Some(Format::Rpm) => "application/x-rpm",
        None => return Err(none()),
    };
    let wanted = name.clone();
    let opened = on_disk(&node, move |node| {
        let file = node.downloads.open(&wanted).map_err(|error| Problem::internal(&error))?;
        let file = file.map(|file| NamedFile::from_file(file, &wanted)).transpose();
        file.map_err(|error| Problem::internal(&error))
    });
    let file = opened.await?.ok_or_else(none)?;
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name)],
    };
    let kind = kind.parse().map_err(|error| Problem::internal(&error))?;
    Ok(file.set_content_type(kind).set_content_disposition(disposition).into_response(&request))
}

async fn packages(node: &Data<Node>) -> Result<Vec<Download>, Problem> {
    on_disk(node, |node| node.downloads.list().map_err(|error| Problem::internal(&error))).await
}

fn none() -> Problem {
    Problem::not_found("there is no such package; GET /api/v1/downloads names those that there are")
}
