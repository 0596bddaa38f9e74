//! The end of the server: no new sessions, a goodbye to the open ones, then out.

use crate::registry::Entry;
use crate::state::AppState;
use std::future::pending;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use voice_core::CancelToken;
use voice_core::agent::Control;
use voice_core::conversation::CloseReason;

/// How long sessions have for their goodbye.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long what other servers asked for may take to end.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Ends all sessions. Turns that are under way may end first, within the time that is set for it and unless `hurry` resolves; a
/// goodbye takes 5 s at most.
pub(crate) async fn drain(state: &AppState, hurry: impl Future<Output = ()>) {
    state.draining.cancel();
    let entries = state.registry.close();
    let turns = state.drain;
    let now = CancelToken::new();
    tracing::info!(sessions = entries.len(), turns_ms = turns.as_millis(), "draining");
    for entry in &entries {
        // Where the turn is over a session has nothing to lose; one that nobody talks to has no turn.
        let (entry, now) = (entry.clone(), now.clone());
        state.spawn(async move { say_goodbye(&entry, turns, &now).await });
    }
    drop(entries);
    let hurry = async {
        hurry.await;
        tracing::info!("told again: turns are cut");
        now.cancel();
        pending::<()>().await
    };
    tokio::select! {
        ended = timeout(turns + PATIENCE, state.tasks_ended()) => if ended.is_err() {
            tracing::warn!(sessions = state.registry.len(), "sessions did not end in time");
        },
        () = hurry => {}
    }
    state.stop_tasks().await;
    state.memory.leave(LAST_ANSWERS).await;
}

async fn say_goodbye(entry: &Entry, turns: Duration, now: &CancelToken) {
    tokio::select! {
        () = entry.session.at_rest() => {}
        () = sleep(turns) => {}
        () = now.cancelled() => {}
    }
    // Fails only for sessions that are over or do not take anything any more; those are stopped in the end.
    let _ = entry.session.control(Control::Close(CloseReason::Drain));
}
