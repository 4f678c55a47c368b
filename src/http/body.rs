//! The body of a request that is not a push, read whole: bounded in bytes and in the time that it takes to arrive.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
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

/// The same with bounds of the caller's own.
pub(super) async fn whole(
    headers: &HeaderMap,
    mut payload: web::Payload,
    most: usize,
    time: Duration,
) -> Result<web::Bytes, Problem> {
    let detail = format!("the body must have at most {most} bytes");
    let too_large = || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail.clone());
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > most) {
        discard(&mut payload).await;
        return Err(too_large());
    }
    let mut bytes = web::BytesMut::with_capacity(length.unwrap_or(0));
    let all = async {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Problem::from_status(StatusCode::BAD_REQUEST))?;
            if bytes.len() + chunk.len() > most {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(())
    };
    let arrived = timeout(time, all).await;
    arrived.unwrap_or_else(|_| Err(Problem::from_status(StatusCode::REQUEST_TIMEOUT)))?;
    Ok(bytes.freeze())
}

/// Reads on for a moment without keeping anything: a client that is still sending would lose the answer.
pub(super) async fn discard(payload: &mut web::Payload) {
    let rest = async {
        let mut left = limits::PUSH_DISCARDED_BYTES;
        while let Some(Ok(chunk)) = payload.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    };
    let _ = timeout(limits::PUSH_DISCARD_TIME, rest).await;
}
