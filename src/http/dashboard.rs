//! The dashboard: built files that are embedded in the program, already compressed.
//!
//! Hashed files never change, so browsers keep them for ever; the page itself is asked for each time, and
//! carries a fresh nonce for the styles that its script makes.

use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, VARY,
};
use actix_web::{HttpRequest, HttpResponse};

use super::problem::Problem;
use super::{prometheus, routes};
use crate::crypto::random_hex;

struct File {
    path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// What the page says where the nonce belongs.
const NONCE_MARK: &str = "__CSP_NONCE__";

/// Pages of the daemon that people also type with a slash at the end.
const PAGES: [&str; 2] = ["/api/docs", "/downloads"];

/// Every path that is not of an API and not a file is a view of the page, which reads the path itself.
pub(super) async fn serve(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let path = request.path();
    if let Some(page) = path.strip_suffix('/').filter(|path| PAGES.contains(path)) {
        return Ok(HttpResponse::PermanentRedirect().insert_header((LOCATION, page)).finish());
    }
    if path.starts_with("/api/") || path == "/api" || prometheus::is_its(path) {
        return Err(Problem::not_found("there is nothing at this path"));
    }
    if *request.method() != Method::GET {
        return Ok(routes::not_allowed("GET, HEAD"));
    }
    if let Some(file) = find(path).filter(|file| file.path != "/index.html") {
        return Ok(asset(file, &request));
    }
    if path.starts_with("/assets/") {
        return Err(Problem::not_found("this build of the dashboard has no such file"));
    }
    let page = find("/index.html");
    page.map(index)
        .ok_or_else(|| Problem::not_found("this build has no dashboard; `make build` makes one that has"))
}

fn find(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

fn asset(file: &File, request: &HttpRequest) -> HttpResponse {
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let accepts = |encoding| {
        let mut offers = accepted.unwrap_or_default().split(',').map(|offer| offer.split(';').next());
        offers.any(|offer| offer.map(str::trim) == Some(encoding))
    };
    let (encoding, bytes) = match (file.brotli, file.gzip) {
        (Some(brotli), _) if accepts("br") => (Some("br"), brotli),
        (_, Some(gzip)) if accepts("gzip") => (Some("gzip"), gzip),
        _ => (None, file.plain),
    };
    let lasting =
        if file.path.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, content_type(file.path)));
    response.insert_header((CACHE_CONTROL, lasting));
    response.insert_header((VARY, "accept-encoding"));
    if let Some(encoding) = encoding {
        response.insert_header((CONTENT_ENCODING, encoding));
    }
    response.body(bytes)
}

fn index(file: &File) -> HttpResponse {
    let nonce = random_hex::<16>();
    let policy = format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .body(String::from_utf8_lossy(file.plain).replace(NONCE_MARK, &nonce))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
