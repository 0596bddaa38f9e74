//! The operator's view of sessions, and what the page needs to know before one is open.

use crate::nodes::{self, Answer, Deed};
use crate::problem::Problem;
use crate::registry::Entry;
use crate::state::AppState;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;
use voice_core::agent::Control;
use voice_core::conversation::{AgentState, CloseReason, TurnMetrics};
use voice_core::protocol::MetricsFrame;

/// Minutes that the history of the metrics keeps.
const HISTORY_MINUTES: u64 = 60;
/// How long `DELETE` waits for the session's goodbye before it answers.
const GOODBYE: Duration = Duration::from_secs(2);

/// Sentences the agent understands.
pub(crate) async fn examples(State(state): State<AppState>) -> Json<Value> {
    Json(json!({ "groups": state.providers.examples }))
}

/// All open sessions: this server's, or with `?all=1` those of every server that shares its store.
pub(crate) async fn list(State(state): State<AppState>, uri: Uri) -> Result<Response, Problem> {
    if !uri.query().is_some_and(|query| query.split('&').any(|part| part == "all=1")) {
        let sessions: Value = state.registry.entries().iter().map(|entry| summary(&state, entry)).collect();
        return Ok(Json(sessions).into_response());
    }
    let (sessions, silent) = nodes::everywhere(&state).await?;
    let mut response = Json(sessions).into_response();
    if !silent.is_empty()
        && let Ok(names) = HeaderValue::from_str(&silent.join(", "))
    {
        response.headers_mut().insert("voice-agent-silent-nodes", names);
    }
    Ok(response)
}

/// One session.
pub(crate) async fn show(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    match nodes::anywhere(&state, &id, Deed::Show).await? {
        Answer::Is(session) => Ok(Json(session)),
        Answer::Done | Answer::Unknown => Err(nodes::unknown_session()),
    }
}

/// How far back a plot goes.
#[derive(Debug, Deserialize)]
pub(crate) struct Span {
    minutes: Option<u64>,
}

/// Percentiles of each stage over time.
pub(crate) async fn history(State(state): State<AppState>, Query(span): Query<Span>) -> Json<Value> {
    let metrics = &state.metrics;
    let now = metrics.clock.now();
    let minutes = span.minutes.unwrap_or(HISTORY_MINUTES).clamp(1, HISTORY_MINUTES);
    Json(metrics.history.read(now, metrics.clock.unix_ms(now), minutes))
}

/// Where a reader of failures has got to.
#[derive(Debug, Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    after: u64,
}

/// The newest failures, the newest first.
pub(crate) async fn errors(State(state): State<AppState>, Query(read): Query<After>) -> Json<Value> {
    Json(json!({ "errors": state.metrics.failures.after(read.after) }))
}

/// Ends a session.
pub(crate) async fn end(State(state): State<AppState>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    nodes::anywhere(&state, &id, Deed::End).await.map(|_| StatusCode::NO_CONTENT)
}

/// Ends a session of this server and waits for its goodbye.
pub(crate) async fn say_goodbye(state: &AppState, entry: &Entry) {
    // A session that is over already is as gone as the caller wants it.
    let _ = entry.session.control_wait(Control::Close(CloseReason::Deleted)).await;
    if tokio::time::timeout(GOODBYE, entry.session.closed()).await.is_ok() {
        state.registry.remove(entry.session.id());
    }
}

/// New instructions or context; a field left out stays, `null` clears.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContextChange {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    instructions: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    context: Option<Option<String>>,
}

/// Tells a `null` from a field left out.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes what the next prompt holds.
pub(crate) async fn set_context(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    match read_change(body) {
        Ok(change) => nodes::anywhere(&state, &id, Deed::SetContext(change)).await.map(|_| StatusCode::NO_CONTENT),
        Err(problem) => {
            // That there is no such session is worth more to know.
            nodes::anywhere(&state, &id, Deed::Show).await?;
            Err(problem)
        }
    }
}

fn read_change(body: Result<Bytes, BytesRejection>) -> Result<ContextChange, Problem> {
    let bad = |code, message| Problem::new(StatusCode::BAD_REQUEST, code, message);
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_big", "the body may have 64 KiB at most")
        }
        _ => bad("bad_body", "the body could not be read".into()),
    })?;
    let value: Map<String, Value> = serde_json::from_slice(&body)
        .map_err(|error| bad("bad_json", format!("the body is not a JSON object: {error}")))?;
    serde_json::from_value(Value::Object(value))
        .map_err(|error| bad("bad_value", format!("instructions and context are texts or null: {error}")))
}

/// Changes a session of this server; whether it was still open.
pub(crate) async fn change_context(entry: &Entry, change: ContextChange) -> bool {
    let control = Control::SetContext { instructions: change.instructions, context: change.context };
    entry.session.control_wait(control).await.is_ok()
}

/// How a session stands, with the figures of its last turns and what its next prompt holds.
pub(crate) fn detail(state: &AppState, entry: &Entry) -> Value {
    let mut session = summary(state, entry);
    let status = entry.session.status();
    session["instructions"] = json!(status.instructions.as_deref());
    session["context"] = json!(status.context.as_deref());
    session["turns"] = json!(entry.seen.turns());
    session
}

/// How a session stands.
pub(crate) fn summary(state: &AppState, entry: &Entry) -> Value {
    let status = entry.session.status();
    let providers = entry.session.providers();
    let mut summary = json!({
        "id": entry.session.id().as_str(),
        "state": match status.state {
            AgentState::Listening => "listening",
            AgentState::Thinking => "thinking",
            AgentState::Speaking => "speaking",
        },
        "turn": status.turn.0,
        "providers": { "stt": providers.stt, "llm": providers.llm, "tts": providers.tts },
        "latencies": latencies(status.metrics),
    });
    let seen = entry.seen.view(state.metrics.clock.now());
    if let (Value::Object(summary), Value::Object(seen)) = (&mut summary, seen) {
        summary.extend(seen);
    }
    summary
}

/// As in a `metrics` frame; before the first answer all of them are `null`.
fn latencies(metrics: Option<TurnMetrics>) -> Value {
    let frame = MetricsFrame::from(metrics.unwrap_or_default());
    let mut latencies = json!({
        "vad_end_ms": frame.vad_end_ms,
        "stt_ms": frame.stt_ms,
        "llm_ttft_ms": frame.llm_ttft_ms,
        "tts_ms": frame.tts_ms,
        "total_ms": frame.total_ms,
        "speculative": frame.speculative,
        "path": frame.path,
    });
    if let Some(providers) = frame.providers {
        latencies["providers"] = json!(providers);
    }
    latencies
}
