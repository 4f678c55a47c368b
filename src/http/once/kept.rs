//! A reply as it is kept: a line of JSON with the status and the headers, and the body.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::http::problem::Problem;

/// Says that an answer is the one of the first time.
const REPLAYED: (&str, &str) = ("Idempotent-Replayed", "true");

#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

pub(super) struct Kept {
    head: Head,
    body: Zeroizing<Vec<u8>>,
}

impl Kept {
    pub(super) fn of(response: &HttpResponse<()>, body: &[u8]) -> Self {
        let headers = response
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        let head = Head { status: response.status().as_u16(), headers: headers.collect() };
        Self { head, body: Zeroizing::new(body.to_vec()) }
    }

    pub(super) fn written(&self) -> Zeroizing<Vec<u8>> {
        let head = serde_json::to_vec(&self.head).unwrap_or_default();
        Zeroizing::new([head.as_slice(), b"\n", &self.body].concat())
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let damaged = || Problem::internal(&"a kept reply does not read");
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
        let head = serde_json::from_slice(&bytes[..end]).map_err(|_| damaged())?;
        Ok(Self { head, body: Zeroizing::new(bytes[end + 1..].to_vec()) })
    }

    pub(super) fn replayed(self) -> HttpResponse<BoxBody> {
        let status = StatusCode::from_u16(self.head.status).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        for header in self.head.headers {
            response.append_header(header);
        }
        response.insert_header(REPLAYED);
        response.body(self.body.to_vec())
    }
}
