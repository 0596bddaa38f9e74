//! Errors on their way to JavaScript: as JSON, from which the TypeScript face makes one of its classes.

use serde_json::json;
use voice_core::{Error, ErrorKind};

/// `error`, to be thrown or to reject a promise with.
pub(crate) fn thrown(error: &Error) -> napi::Error {
    let retry_after_ms = match error.kind() {
        ErrorKind::RateLimited { retry_after } => retry_after.map(|pause| pause.as_secs_f64() * 1_000.0),
        _ => None,
    };
    let plain = json!({
        "kind": error.kind().as_str(),
        "stage": error.stage().as_str(),
        "message": error.message(),
        "retry_after_ms": retry_after_ms,
    });
    napi::Error::from_reason(plain.to_string())
}
