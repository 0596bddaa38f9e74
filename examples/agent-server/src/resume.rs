//! Sessions that go on here though another server, or another task, held them before.

use crate::nodes;
use crate::registry::{Entry, Events, Holder, Refusal};
use crate::state::AppState;
use crate::store::{Claimed, Pass, StoreError};
use std::sync::Arc;
use voice_core::agent::{ClientFormat, SessionOptions};

/// Goes on with the session whose token this is. `None` when the store knows no such session, or cannot be asked.
pub(crate) async fn take_over(
    state: &AppState,
    token: &str,
    format: ClientFormat,
) -> Result<Option<(Arc<Entry>, Events)>, Refusal> {
    let Some(pass) = Pass::read(token) else { return Ok(None) };
    // First the place: a session that was taken over without one would be nowhere.
    let place = state.registry.reserve()?;
    let claimed = claim(state, &pass).await.unwrap_or_else(|error| {
        tracing::warn!(session = %pass.id, %error, "a session cannot be continued");
        None
    });
    let Some(Claimed { epoch, user, snapshot }) = claimed else { return Ok(None) };
    tracing::info!(session = %pass.id, epoch, turn = snapshot.newest_turn.0, "a session goes on here");
    let options = SessionOptions { format, continues: Some(snapshot), ..SessionOptions::default() };
    state.registry.open(place, &state.agent, options, Holder { pass, epoch, user }).map(Some)
}

/// Takes a session over: from a server that lets it go, or from one that cannot any more.
async fn claim(state: &AppState, pass: &Pass) -> Result<Option<Claimed>, StoreError> {
    let memory = &state.memory;
    let Some(found) = memory.store.find(&pass.id).await?.filter(|found| found.token == pass.hash()) else {
        return Ok(None);
    };
    if let Some(holder) = found.node.filter(|node| *node != memory.node) {
        nodes::release(state, &pass.id, &holder).await;
    }
    memory.store.claim(pass, &memory.node).await
}
