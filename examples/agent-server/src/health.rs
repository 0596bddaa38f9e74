//! For whoever restarts processes and sends traffic: alive, ready.

use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// The process answers.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether a new session would be taken. Missing engines are told but do not count: sessions go on without them.
pub(crate) async fn ready(State(state): State<AppState>) -> (StatusCode, Json<Value>) {
    let (status, word) = match (state.draining.is_cancelled(), state.registry.is_full()) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (false, true) => (StatusCode::SERVICE_UNAVAILABLE, "full"),
        (false, false) => (StatusCode::OK, "ready"),
    };
    let missing: Vec<_> = state
        .providers
        .missing
        .iter()
        .map(|engine| json!({ "stage": engine.stage.as_str(), "message": engine.message }))
        .collect();
    let body = json!({
        "status": word,
        "providers": state.providers.names(),
        "missing": missing,
        "sessions": { "open": state.registry.len(), "limit": state.registry.limit() },
        "tasks": state.tasks_alive(),
    });
    (status, Json(body))
}
