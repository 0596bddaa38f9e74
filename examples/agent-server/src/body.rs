//! Bodies of requests: read whole before anybody looks at them, within a size and a time.

use crate::problem::Problem;
use crate::state::AppState;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::error::Error;

/// Bytes of a request's body that are read at most.
pub(crate) const MAX_BYTES: usize = 64 << 10;
/// What follows a body that was not read whole is no request.
const CLOSE: [(&str, &str); 1] = [("connection", "close")];

/// The middleware of every route that takes a body. Goes behind whatever tells who may send one.
pub(crate) async fn whole(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BYTES as u64 {
        return too_big().into_response();
    }
    let problem = match tokio::time::timeout(state.limits.request, to_bytes(body, MAX_BYTES)).await {
        Ok(Ok(bytes)) => return next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(error)) if error.source().is_some_and(|cause| cause.is::<hyper::Error>()) => {
            Problem::new(StatusCode::BAD_REQUEST, "bad_body", "the body could not be read")
        }
        Ok(Err(_)) => too_big(),
        Err(_) => Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body took too long"),
    };
    problem.with_headers(&CLOSE).into_response()
}

fn too_big() -> Problem {
    let message = "the body may have 64 KiB at most";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_big", message).with_headers(&CLOSE)
}
