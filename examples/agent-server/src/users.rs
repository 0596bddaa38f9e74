//! What is remembered of users from session to session: a summary, which a session begins with and adds to at its end.

use crate::problem::Problem;
use crate::registry::Entry;
use crate::state::AppState;
use crate::store::{KnownUser, StoreError, UserMemory, UserStore};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use voice_core::Message;
use voice_core::agent::Agent;
use voice_core::conversation::Snapshot;

/// How long the language model may take to sum a session up.
const SUMMARY: Duration = Duration::from_secs(10);
/// Attempts to write, where other sessions of the same user end at the same time.
const ATTEMPTS: usize = 3;
/// Bytes of a name.
const MOST_BYTES: usize = 256;

/// What a session of this user begins with. Users are believed who are vouched for.
///
/// # Errors
/// Why not, for the client.
pub(crate) async fn welcome(
    state: &AppState,
    user: &str,
    vouched: Option<&str>,
) -> Result<(Option<KnownUser>, Option<String>), String> {
    let Some(users) = &state.memory.users else { return Err("`user`: this server remembers nobody".to_owned()) };
    if user.is_empty() || user.len() > MOST_BYTES || vouched != Some(user) {
        return Err("`user` is not who the token of this connection vouches for".to_owned());
    }
    match users.read(user).await {
        Ok(UserMemory { version, erased, summary }) => {
            Ok((Some(KnownUser { name: user.to_owned(), version, erased }), summary))
        }
        Err(error) => {
            // Nothing is written either: it would take the place of what could not be read.
            tracing::warn!(%error, "what is known of a user cannot be brought back");
            Ok((None, None))
        }
    }
}

/// Adds a session that has ended to what is known of its user.
pub(crate) async fn remember(state: &AppState, entry: &Entry, newest: Option<&Snapshot>) {
    let (Some(users), Some(user), Some(snapshot)) = (&state.memory.users, &entry.user, newest) else { return };
    if !snapshot.history.iter().any(|message| matches!(message, Message::User(_))) {
        return;
    }
    match write(state, users, user, &snapshot.history).await {
        Ok(true) => tracing::info!("what was said is remembered of the user"),
        Ok(false) => tracing::info!("what was said is not remembered of the user: it was erased meanwhile"),
        Err(error) => tracing::warn!(%error, "what was said cannot be remembered of the user"),
    }
}

async fn write(
    state: &AppState,
    users: &Arc<dyn UserStore>,
    user: &KnownUser,
    history: &[Message],
) -> Result<bool, StoreError> {
    let mut summary = None;
    for _ in 0..ATTEMPTS {
        let UserMemory { version, erased, summary: known } = users.read(&user.name).await?;
        if erased != user.erased {
            return Ok(false);
        }
        // What another session has added meanwhile is not in this one's history.
        let added = known.filter(|_| version != user.version).map(Message::Summary);
        let text = match (summary.take(), added) {
            (Some(text), None) => text,
            (_, added) => summed_up(state, &added.into_iter().chain(history.iter().cloned()).collect::<Vec<_>>()).await,
        };
        let current = KnownUser { name: user.name.clone(), version, erased };
        if text.is_empty() || users.write(&current, &text).await? {
            return Ok(true);
        }
        summary = Some(text);
    }
    Err(StoreError::Unavailable)
}

/// By the language model, or else the newest of it word for word.
async fn summed_up(state: &AppState, messages: &[Message]) -> String {
    let most_tokens = state.agent.config().conversation.memory.summary_tokens;
    let summary = tokio::select! {
        summary = state.agent.sum_up(messages, most_tokens) => summary.unwrap_or_default(),
        () = tokio::time::sleep(SUMMARY) => String::new(),
        () = state.draining.cancelled() => String::new(),
    };
    if summary.is_empty() { Agent::newest_of(messages, most_tokens) } else { summary }
}

/// What is remembered of a user.
pub(crate) async fn show(State(state): State<AppState>, Path(user): Path<String>) -> Result<Json<Value>, Problem> {
    let memory = store(&state)?.read(&user).await.map_err(|error| unavailable(&error))?;
    let nothing = || Problem::new(StatusCode::NOT_FOUND, "not_found", "nothing is remembered of this user");
    let summary = memory.summary.ok_or_else(nothing)?;
    Ok(Json(json!({ "user": user, "summary": summary })))
}

/// Erases it, also what sessions that are open now would add.
pub(crate) async fn erase(State(state): State<AppState>, Path(user): Path<String>) -> Result<StatusCode, Problem> {
    store(&state)?.erase(&user).await.map_err(|error| unavailable(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

fn store(state: &AppState) -> Result<&Arc<dyn UserStore>, Problem> {
    let nobody =
        || Problem::new(StatusCode::NOT_FOUND, "not_found", "this server remembers nobody: USER_MEMORY_TTL is not set");
    state.memory.users.as_ref().ok_or_else(nobody)
}

fn unavailable(error: &StoreError) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", error.to_string())
}

#[cfg(test)]
mod tests;
