//! Errors of the HTTP interface: a status and `{"error":{"code","message"}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::error::Error;
use std::time::Duration;

/// An answer that says what went wrong.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
    headers: &'static [(&'static str, &'static str)],
    retry_after: Option<Duration>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: &[], retry_after: None }
    }

    /// The same with headers that tell how to do it right.
    pub(crate) fn with_headers(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }

    /// The same with the time after which it is worth trying again, told in whole seconds, rounded up.
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
    }

    pub(crate) fn not_built() -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", "this version does not offer this yet")
    }

    /// Something that this server needs fails it; the log tells what.
    pub(crate) fn unavailable(error: &dyn Error) -> Self {
        tracing::error!(%error, "a request cannot be served");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the server cannot do that just now")
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Seconds after which it is worth trying again.
    pub(crate) fn wait(&self) -> Option<u64> {
        self.retry_after.map(whole_seconds)
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": { "code": self.code, "message": self.message } }));
        let mut response = (self.status, body).into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            response.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        if let Some(wait) = self.retry_after.map(whole_seconds) {
            response.headers_mut().insert(header::RETRY_AFTER, wait.into());
        }
        response
    }
}

/// Whole seconds, rounded up, and never none: a client that comes back at once gains nothing.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}
