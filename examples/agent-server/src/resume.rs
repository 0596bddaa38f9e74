//! Sessions that go on here though another server, or another task, held them before.

use crate::nodes;
use crate::registry::{Entry, Events, Holder, Place, Refusal, is_open_to};
use crate::state::AppState;
use crate::store::{Claimed, Pass, StoreError, Whereabouts};
use crate::tokens;
use crate::visitor::Visitor;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use voice_core::TurnId;
use voice_core::agent::{ClientFormat, SessionOptions};

/// Turns that a server which is gone may have begun without a word of them in the store. Their numbers are not given again: its
/// client knows them.
const UNWRITTEN_TURNS: u32 = 100;
/// How long a client that comes back waits for a store that is away: its conversation is worth that much.
const STORE_AWAY: Duration = Duration::from_millis(1_500);

/// What became of a token.
pub(crate) enum TakeOver {
    /// Its session goes on here.
    Taken(Arc<Entry>, Events),
    /// The store knows no such session, or cannot be asked. The place is free still.
    Unknown(Place),
}

/// Goes on with the session whose token this is, for this visitor, in its place: one that was taken over without one would be
/// nowhere.
pub(crate) async fn take_over(
    state: &AppState,
    token: &str,
    format: ClientFormat,
    place: Place,
    visitor: &Visitor,
) -> Result<TakeOver, Refusal> {
    let Some(pass) = Pass::read(token) else { return Ok(TakeOver::Unknown(place)) };
    let claimed = claim(state, &pass, visitor.user()).await.unwrap_or_else(|error| {
        tracing::warn!(session = %pass.id, %error, "a session cannot be continued");
        None
    });
    let Some(Claimed { epoch, owner, user, snapshot }) = claimed else { return Ok(TakeOver::Unknown(place)) };
    tracing::info!(session = %pass.id, epoch, turn = snapshot.newest_turn.0, "a session goes on here");
    state.metrics.session_taken_over();
    // What it was used for elsewhere it need not be used for again.
    let used = visitor.claims.as_ref().and_then(|claims| tokens::carry(state, claims, &pass.id));
    let place = place.of_user(owner.as_deref()).of_any_token(used);
    let options = SessionOptions { format, continues: Some(snapshot), ..SessionOptions::default() };
    let (entry, events) = state.registry.open(place, &state.agent, options, Holder { pass, epoch, user })?;
    Ok(TakeOver::Taken(entry, events))
}

/// Takes a session over, once the store can be asked.
async fn claim(state: &AppState, pass: &Pass, user: Option<&str>) -> Result<Option<Claimed>, StoreError> {
    let mut up = state.memory.up();
    match claim_now(state, pass, user).await {
        Err(StoreError::Unavailable) => {
            // One that is gone for longer is no reason to leave a client without a session.
            let _ = timeout(STORE_AWAY, up.wait_for(|up| *up)).await;
            claim_now(state, pass, user).await
        }
        claimed => claimed,
    }
}

/// Takes a session over: from a server that lets it go, or from one that cannot any more.
async fn claim_now(state: &AppState, pass: &Pass, user: Option<&str>) -> Result<Option<Claimed>, StoreError> {
    let memory = &state.memory;
    let may = |found: &Whereabouts| found.token == pass.hash() && is_open_to(found.owner.as_deref(), user);
    let Some(found) = memory.store.find(&pass.id).await?.filter(may) else { return Ok(None) };
    let let_go = match found.node.filter(|node| *node != memory.node) {
        Some(holder) => nodes::release(state, &pass.id, &holder).await,
        None => true,
    };
    let mut claimed = memory.store.claim(pass, &memory.node).await?;
    if let Some(claimed) = claimed.as_mut().filter(|_| !let_go) {
        let snapshot = Arc::make_mut(&mut claimed.snapshot);
        snapshot.newest_turn = TurnId(snapshot.newest_turn.0.saturating_add(UNWRITTEN_TURNS));
    }
    Ok(claimed)
}
