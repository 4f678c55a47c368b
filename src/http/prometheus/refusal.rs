//! How a query is refused: the errors of the language with their statuses, and every error in the form of Prometheus.

use std::time::Duration;

use actix_web::ResponseError;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::http::problem::Problem;
use crate::prometheus::ReadError;
use crate::promql::Error;

/// `errorType` of what is wrong in the request.
pub(super) const BAD_DATA: &str = "bad_data";
const EXECUTION: &str = "execution";
const TIMEOUT: &str = "timeout";
const CANCELED: &str = "canceled";

/// The body of an error.
pub(in crate::http) fn refusal(problem: &Problem) -> Value {
    let kind = match (problem.code(), problem.status_code()) {
        (code @ (BAD_DATA | EXECUTION | TIMEOUT | CANCELED), _) => code,
        (_, StatusCode::UNAUTHORIZED) => "unauthorized",
        (_, StatusCode::FORBIDDEN) => "forbidden",
        (_, StatusCode::NOT_FOUND) => "not_found",
        (_, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => "unavailable",
        (_, status) if status.is_server_error() => "internal",
        _ => BAD_DATA,
    };
    json!({"status": "error", "errorType": kind, "error": problem.detail()})
}

/// A parameter that is wrong.
pub(super) fn bad_data(text: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, BAD_DATA, text)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Parse(_) => bad_data(format!("invalid parameter \"query\": {text}")),
            Error::Parameter(_) => bad_data(text),
            Error::Execution(_) | Error::TooManySamples | Error::TooManyValues | Error::TooManySeries => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, EXECUTION, text)
            }
            Error::Timeout(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT, text),
            Error::Canceled => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, CANCELED, text).retry_after(Duration::from_secs(1))
            }
            Error::Source(cause) => Self::internal(&cause),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Collectors(error) => error.into(),
            ReadError::Metrics(error) => error.into(),
        }
    }
}
