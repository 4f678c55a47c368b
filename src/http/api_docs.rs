//! The description of the API as pages to read and to try, without a route to the internet.
//!
//! The pages are Swagger UI's own files, embedded in the program. They call this daemon and nobody else.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use utoipa_swagger_ui::Config;

use super::problem::Problem;

/// Scripts and styles come from files only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[utoipa::path(get, path = "/api/docs", tag = "health",
    responses((status = 200, content_type = "text/html", body = String)))]
pub(super) async fn page() -> Result<HttpResponse, Problem> {
    let (kind, page) = file("index.html")?;
    // the page names its files by where it lies, and it answers without a slash at its end
    let page = String::from_utf8_lossy(&page).replace("\"./", "\"/api/docs/");
    let page = page.replace("\"index.css\"", "\"/api/docs/index.css\"");
    Ok(answer(&kind, page.into_bytes()))
}

/// A file of the page.
#[utoipa::path(get, path = "/api/docs/{file}", tag = "health", params(("file" = String, Path)),
    responses((status = 200, content_type = "text/javascript", body = String), (status = 404)))]
pub(super) async fn part(name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let (kind, bytes) = file(&name)?;
    Ok(answer(&kind, bytes))
}

fn file(name: &str) -> Result<(String, Vec<u8>), Problem> {
    let config = Config::from("/api/v1/openapi.json").validator_url("none").try_it_out_enabled(true);
    match utoipa_swagger_ui::serve(name, Arc::new(config)) {
        Ok(Some(file)) => Ok((file.content_type, file.bytes.into_owned())),
        Ok(None) => Err(Problem::not_found("the description of the API has no such file")),
        Err(error) => Err(Problem::internal(&error)),
    }
}

fn answer(kind: &str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(bytes)
}
