//! The end of the server: no new sessions, a goodbye to the open ones, then out.

use crate::state::AppState;
use std::time::Duration;
use voice_core::agent::Control;
use voice_core::conversation::CloseReason;

/// How long sessions have for their goodbye.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ends all sessions, waiting at most 5 s.
pub(crate) async fn drain(state: &AppState) {
    state.draining.cancel();
    let entries = state.registry.close();
    tracing::info!(sessions = entries.len(), "draining");
    for entry in &entries {
        // Fails only for sessions that are over or do not take anything any more; those are stopped below.
        let _ = entry.session.control(Control::Close(CloseReason::Drain));
    }
    drop(entries);
    if tokio::time::timeout(PATIENCE, state.tasks_ended()).await.is_err() {
        tracing::warn!(sessions = state.registry.len(), "sessions did not end in time");
    }
    state.stop_tasks().await;
}
