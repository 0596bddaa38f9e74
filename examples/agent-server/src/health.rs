//! For whoever restarts processes and sends traffic: alive, ready.

use crate::problem::whole_seconds;
use crate::providers::regions;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;

/// A server that goes is followed by another, if at all, within seconds.
const AGAIN_AFTER_DRAIN: Duration = Duration::from_secs(5);

/// The process answers.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether a new session would be taken. Missing engines are told but do not count: sessions go on without them.
pub(crate) async fn ready(State(state): State<AppState>) -> Response {
    let closed = state.admission.closed(&state.registry);
    let (status, word, again) = match (state.draining.is_cancelled(), closed) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining", Some(AGAIN_AFTER_DRAIN)),
        (false, Some(refused)) => (StatusCode::SERVICE_UNAVAILABLE, refused.word(), refused.again()),
        (false, None) => (StatusCode::OK, "ready", None),
    };
    let missing: Vec<_> = state
        .providers
        .missing
        .iter()
        .map(|engine| json!({ "stage": engine.stage.as_str(), "message": engine.message }))
        .collect();
    let mut body = json!({
        "status": word,
        "providers": state.providers.names(),
        "missing": missing,
        "sessions": { "open": state.registry.len(), "limit": state.registry.limit() },
        "regions": regions::told(&state.providers.regions),
        "tasks": state.tasks_alive(),
    });
    if state.tokens.required() {
        body["token"] = "required".into();
    }
    let mut response = (status, Json(body)).into_response();
    if let Some(wait) = again {
        response.headers_mut().insert(header::RETRY_AFTER, whole_seconds(wait).into());
    }
    response
}
