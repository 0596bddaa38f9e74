//! What may be asked of the server that holds a session, and where it is asked: here first, then of whoever holds it.

use super::bus::Unanswered;
use crate::api::{self, ContextChange};
use crate::problem::Problem;
use crate::registry::Entry;
use crate::state::AppState;
use crate::store::{ANY_EPOCH, Whereabouts};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;
use voice_core::SessionId;
use voice_core::agent::Control;
use voice_core::conversation::CloseReason;

/// How long the holder of a session may take to answer an operator.
const OPERATOR: Duration = Duration::from_secs(2);
/// How long a session may take to come to rest before it is let go: the last words have their transcript by then.
const COMING_TO_REST: Duration = Duration::from_millis(400);
/// How long it may take to let a session go whose client is already here: with what else there is to ask, less than 2 s.
const RELEASE: Duration = Duration::from_millis(700);

/// What one server asks of another.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Tell how all of your sessions stand.
    List,
    /// Do this with one of them.
    Of { session: String, deed: Deed },
}

/// Something to do with a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deed {
    /// Tell how it stands.
    Show,
    /// Change what its next prompt holds.
    SetContext(ContextChange),
    /// End it.
    End,
    /// Its client is elsewhere: let it go.
    Release,
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Done,
    Is(Value),
    /// There is no such session.
    Unknown,
}

/// Carries out what another server asks for.
pub(super) async fn obey(state: &AppState, order: Order) -> Answer {
    match order {
        Order::List => list(state),
        Order::Of { session, deed } => here(state, &session, deed).await,
    }
}

fn list(state: &AppState) -> Answer {
    Answer::Is(state.registry.entries().iter().map(|entry| api::summary(state, entry)).collect())
}

/// Does something with a session of this server.
async fn here(state: &AppState, session: &str, deed: Deed) -> Answer {
    let Some(entry) = state.registry.get(session) else { return Answer::Unknown };
    match deed {
        Deed::Show => Answer::Is(api::detail(state, &entry)),
        Deed::SetContext(change) => {
            let changed = api::change_context(&entry, change).await;
            if changed { Answer::Done } else { Answer::Unknown }
        }
        Deed::End => {
            api::say_goodbye(state, &entry).await;
            Answer::Done
        }
        Deed::Release => {
            let_go(&entry).await;
            Answer::Done
        }
    }
}

/// Ends a session so that it can go on elsewhere, with what its client had just begun to say.
async fn let_go(entry: &Entry) {
    entry.evict();
    // Both fail when it is over, which is as good.
    let _ = entry.session.control_wait(Control::Detach).await;
    let _ = timeout(COMING_TO_REST, entry.session.at_rest()).await;
    let _ = entry.session.control_wait(Control::Close(CloseReason::Drain)).await;
    entry.kept.cancelled().await;
}

/// Does something with a session, wherever it is.
pub(crate) async fn anywhere(state: &AppState, session: &str, deed: Deed) -> Result<Answer, Problem> {
    match here(state, session, deed.clone()).await {
        Answer::Unknown => elsewhere(state, session, deed).await,
        answer => Ok(answer),
    }
}

async fn elsewhere(state: &AppState, session: &str, deed: Deed) -> Result<Answer, Problem> {
    let Some(bus) = state.memory.bus() else { return Err(unknown_session()) };
    let id = SessionId::from(session);
    let unavailable = || {
        let message = "the session is not on this server, and the others cannot be asked now";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", message)
    };
    let found = state.memory.store.find(&id).await.map_err(|_| unavailable())?;
    let Some(Whereabouts { node, .. }) = found else { return Err(unknown_session()) };
    let ends = matches!(deed, Deed::End);
    let answer = match node {
        Some(node) if node != state.memory.node => {
            bus.ask(&node, Order::Of { session: session.to_owned(), deed }, OPERATOR).await
        }
        _ => Err(Unanswered::Gone),
    };
    match answer {
        Ok(Answer::Unknown) => Err(unknown_session()),
        Ok(answer) => Ok(answer),
        // What is left of it can be erased without its holder.
        Err(Unanswered::Gone) if ends => {
            state.memory.store.end(&id, ANY_EPOCH).await.map_err(|_| unavailable())?;
            Ok(Answer::Done)
        }
        Err(Unanswered::Gone) => {
            let message = "the server that held the session is gone; its client may go on with it elsewhere";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "node_lost", message))
        }
        Err(Unanswered::Late) => {
            let message = "the server that holds the session did not answer in time";
            Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "node_timeout", message))
        }
        Err(Unanswered::Unavailable) => Err(unavailable()),
    }
}

/// The sessions of all servers, each with the name of its own; and the servers that did not answer.
pub(crate) async fn everywhere(state: &AppState) -> Result<(Vec<Value>, Vec<String>), Problem> {
    let (mut sessions, mut silent) = (Vec::new(), Vec::new());
    let unavailable =
        |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", "the other servers cannot be asked now");
    let nodes = state.memory.alive().await.map_err(unavailable)?;
    let asked = nodes.into_iter().map(|node| async move {
        let answer = match state.memory.bus() {
            Some(bus) if node != state.memory.node => bus.ask(&node, Order::List, OPERATOR).await.ok(),
            _ => Some(list(state)),
        };
        (node, answer)
    });
    for (node, answer) in futures::future::join_all(asked).await {
        let Some(Answer::Is(Value::Array(listed))) = answer else {
            silent.push(node.to_string());
            continue;
        };
        sessions.extend(listed.into_iter().map(|mut session| {
            session["node"] = Value::from(&*node);
            session
        }));
    }
    Ok((sessions, silent))
}

/// Has whoever holds a session let it go, so that it can be taken over with all that it knows; whether it has. Nobody is waited
/// for who is gone.
pub(crate) async fn release(state: &AppState, id: &SessionId, node: &str) -> bool {
    let Some(bus) = state.memory.bus() else { return false };
    let order = Order::Of { session: id.to_string(), deed: Deed::Release };
    let answer = bus.ask(node, order, RELEASE).await;
    if let Err(reason) = &answer {
        tracing::info!(session = %id, node, ?reason, "a session is taken over from a server that did not let it go");
    }
    answer.is_ok()
}

pub(crate) fn unknown_session() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such session")
}
