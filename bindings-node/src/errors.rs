//! Errors on their way to JavaScript: as JSON, from which the TypeScript face makes one of its classes.

use serde_json::json;
use voice_core::{Error, ErrorKind, Stage};

/// `error`, to be thrown or to reject a promise with.
pub(crate) fn thrown(error: &Error) -> napi::Error {
    napi::Error::from_reason(plain(error))
}

/// What is wrong, as the face reads it.
pub(crate) fn plain(error: &Error) -> String {
    let retry_after_ms = match error.kind() {
        ErrorKind::RateLimited { retry_after } => retry_after.map(|pause| pause.as_secs_f64() * 1_000.0),
        _ => None,
    };
    json!({
        "kind": error.kind().as_str(),
        "stage": error.stage().as_str(),
        "message": error.message(),
        "retry_after_ms": retry_after_ms,
    })
    .to_string()
}

/// A bug on our side, in words.
pub(crate) fn internal(stage: Stage, message: impl Into<String>) -> napi::Error {
    thrown(&Error::new(ErrorKind::Internal, stage, message))
}
