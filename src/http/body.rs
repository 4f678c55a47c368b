//! The body of a request that is not a push, read whole: bounded in bytes and in the time that it takes to arrive.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use tokio::time::timeout;

use super::problem::Problem;
use crate::limits;

pub(super) struct Body(pub(super) web::Bytes);

impl FromRequest for Body {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let arrived = timeout(limits::BODY_TIME, bytes).await;
            let Ok(arrived) = arrived else {
                return Err(Problem::from_status(StatusCode::REQUEST_TIMEOUT).into());
            };
            arrived.map(Self).map_err(|error| {
                let status = error.as_response_error().status_code();
                let detail = format!("the body must have at most {} bytes", limits::BODY_BYTES);
                match status {
                    StatusCode::PAYLOAD_TOO_LARGE => Problem::new(status, "too_large", detail).into(),
                    _ => error,
                }
            })
        })
    }
}
