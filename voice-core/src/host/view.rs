//! What a host looks up, as JSON.

use crate::agent::{ProviderNames, Session};
use crate::foreign::item::Said;
use crate::json::written;
use crate::protocol::MetricsFrame;
use serde_json::json;

/// The history: an array of [`Said`].
pub fn history_json(session: &Session) -> String {
    written(&session.history().iter().map(Said::from).collect::<Vec<_>>())
}

/// `{"stt","llm","tts"}`, a name each, `null` where the stage is missing.
pub fn providers_json(providers: &ProviderNames) -> String {
    written(&json!({"stt": providers.stt, "llm": providers.llm, "tts": providers.tts}))
}

/// `{"state","turn","closed","metrics"}`; the metrics as in their frame, `null` before the first turn.
pub fn status_json(session: &Session) -> String {
    let status = session.status();
    written(&json!({
        "state": status.state,
        "turn": status.turn,
        "closed": status.closed,
        "metrics": status.metrics.map(MetricsFrame::from),
    }))
}
