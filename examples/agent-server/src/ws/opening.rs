//! The beginning: the first frame, or 250 ms without one, then a session.

use super::Admitted;
use super::socket::Incoming;
use crate::admission::Entrance;
use crate::observe;
use crate::registry::{Entry, Events, Holder, Refusal};
use crate::resume::{self, TakeOver};
use crate::state::AppState;
use crate::store::{self, Pass};
use crate::traces::Caller;
use crate::users;
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio_tungstenite::tungstenite::{self, Message};
use tracing::Instrument;
use voice_core::SessionId;
use voice_core::agent::{ClientFormat, SessionOptions};
use voice_core::protocol::{ClientFrame, ErrorCode, Rejection, ServerCodec, ServerFrame, Start};

/// How long the first frame is awaited.
const FIRST_FRAME: Duration = Duration::from_millis(250);

/// How a connection began.
pub(super) enum First {
    /// With a frame, or a reason why it was none.
    Frame(Result<ClientFrame, Rejection>),
    /// With silence.
    Nothing,
    /// It ended before it began.
    Gone,
}

/// Awaits the first frame.
pub(super) async fn first_frame(incoming: &mut Incoming, codec: &mut ServerCodec) -> First {
    let first = async {
        loop {
            match incoming.next().await {
                Some(Ok(Message::Text(text))) => return First::Frame(codec.on_text(&text)),
                Some(Ok(Message::Binary(pcm))) => return First::Frame(codec.on_binary(pcm)),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(tungstenite::Error::Capacity(_))) => {
                    return First::Frame(Err(Rejection::Close(Rejection::TOO_BIG)));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return First::Gone,
            }
        }
    };
    let first = tokio::time::timeout(FIRST_FRAME, first).await;
    codec.begin();
    first.unwrap_or(First::Nothing)
}

/// A session for this client, continued or new.
pub(super) struct Opened {
    pub(super) entry: Arc<Entry>,
    pub(super) format: ClientFormat,
    pub(super) resumed: bool,
    /// What the client is to be told after `ready`.
    pub(super) remarks: Vec<ServerFrame>,
}

/// Continues the session that `start` names, or opens a new one.
pub(super) async fn open(state: &AppState, start: Start, admitted: Admitted) -> Result<Opened, Refusal> {
    let format = ClientFormat {
        input_rate: start.input_rate,
        output_rate: start.output_rate,
        can_pause: start.pause,
        echo_cancellation: start.echo_cancellation,
    };
    let mut remarks = remarks(state);
    let Admitted { entrance, visitor, caller } = admitted;
    let known = start.resume.as_deref().and_then(|token| state.registry.resume(token));
    let is_anothers = match known {
        Some(entry) if entry.is_open_to(visitor.user()) => {
            return Ok(Opened { entry, format, resumed: true, remarks });
        }
        known => known.is_some(),
    };
    let (mut place, entitled) = match entrance {
        Entrance::Open(place) => (place, true),
        Entrance::Return(_) => (state.admission.room(state, &visitor).map_err(Refusal::NoPlace)?, false),
    };
    if let Some(token) = &start.resume {
        if !is_anothers {
            place = match resume::take_over(state, token, format, place, &visitor).await? {
                TakeOver::Taken(entry, events) => {
                    // To its task this client is the first.
                    attend(state, &entry, events, caller);
                    return Ok(Opened { entry, format, resumed: false, remarks });
                }
                TakeOver::Unknown(place) => place,
            };
        }
        let message = "`resume` names no open session; this is a new one";
        remarks.push(ServerFrame::error(ErrorCode::BadValue, message));
    }
    let (user, remembers) = match &start.user {
        Some(user) => users::welcome(state, user, visitor.user()).await.unwrap_or_else(|refusal| {
            remarks.push(ServerFrame::error(ErrorCode::BadValue, refusal));
            (None, None)
        }),
        None => (None, None),
    };
    let options = SessionOptions {
        format,
        instructions: start.instructions,
        context: start.context,
        remembers,
        ..SessionOptions::default()
    };
    if !entitled {
        place = state.admission.entitle(state, place, &visitor).await.map_err(Refusal::NoPlace)?;
    }
    let pass = Pass::new(place.session().cloned().unwrap_or_else(SessionId::random)).map_err(Refusal::Failed)?;
    let (entry, events) = state.registry.open(place, &state.agent, options, Holder { pass, epoch: 1, user })?;
    attend(state, &entry, events, caller);
    Ok(Opened { entry, format, resumed: false, remarks })
}

/// Has a session's log written, and what it is kept.
fn attend(state: &AppState, entry: &Arc<Entry>, events: Events, caller: Caller) {
    let span = tracing::info_span!("session", session = %entry.session.id());
    state.spawn(observe::follow(entry.clone(), events, state.clone(), caller).instrument(span.clone()));
    state.spawn(store::keep(entry.clone(), state.clone()).instrument(span));
}

fn remarks(state: &AppState) -> Vec<ServerFrame> {
    let mut remarks: Vec<_> = state
        .providers
        .missing
        .iter()
        .map(|engine| ServerFrame::Error {
            code: ErrorCode::EngineMissing,
            message: engine.message.clone(),
            fatal: false,
            stage: Some(engine.stage.as_str().into()),
            kind: Some("engine_missing".into()),
            provider: None,
        })
        .collect();
    remarks.extend(state.providers.remarks.iter().map(|remark| ServerFrame::Error {
        code: ErrorCode::Provider,
        message: (*remark).to_owned(),
        fatal: false,
        stage: Some("stt".into()),
        kind: Some("unsupported".into()),
        provider: None,
    }));
    remarks
}
