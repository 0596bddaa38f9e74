//! The life of one connection.

use super::Admitted;
use super::opening::{self, First, Opened};
use super::reader::{ReadEnd, read, taken};
use super::socket::{self, Incoming, Outgoing};
use super::writer::{WriteEnd, write};
use crate::registry::{Refusal, Seat};
use crate::state::AppState;
use tracing::Instrument;
use voice_core::agent::Control;
use voice_core::conversation::CloseReason;
use voice_core::host::Connection;
use voice_core::protocol::{ClientFrame, ErrorCode, Rejection, ServerCodec, ServerFrame, Start, close_code};

/// RFC 6455, section 7.4.1: nothing is wrong; the server goes away; the server cannot go on.
const NORMAL: u16 = 1000;
const GOING_AWAY: u16 = 1001;
const INTERNAL: u16 = 1011;

/// How a connection ended.
#[derive(Debug)]
enum Ending {
    /// The session is over.
    Over(CloseReason),
    /// The session broke down; the client knows.
    Broken,
    /// The client is gone; the session waits for it.
    Lost,
    /// The client broke a rule; the session waits for it to come back and behave.
    Rejected(u16),
    /// The session's client has come back on another connection.
    Replaced,
}

impl Ending {
    fn close_frame(&self) -> (u16, &'static str) {
        match self {
            Self::Over(reason) => (close_code(*reason), ""),
            Self::Broken => (INTERNAL, "the session broke down"),
            Self::Lost => (NORMAL, ""),
            Self::Rejected(Rejection::TOO_BIG) => (Rejection::TOO_BIG, "the message is too big"),
            Self::Rejected(code) => (*code, ""),
            Self::Replaced => (NORMAL, "continued on another connection"),
        }
    }
}

/// Serves a connection from its first frame to its close.
pub(super) async fn serve(state: AppState, admitted: Admitted, (mut incoming, mut outgoing): (Incoming, Outgoing)) {
    let mut codec = ServerCodec::new();
    let (start, first) = match opening::first_frame(&mut incoming, &mut codec).await {
        First::Frame(Ok(ClientFrame::Start(start))) => (start, None),
        First::Frame(frame) => (Start::default(), Some(frame)),
        First::Nothing => (Start::default(), None),
        First::Gone => return socket::close(incoming, outgoing, NORMAL, "").await,
    };
    if state.draining.is_cancelled() {
        return refuse(&state, incoming, outgoing, Refusal::Draining).await;
    }
    let opened = match opening::open(&state, start, admitted).await {
        Ok(opened) => opened,
        Err(refusal) => return refuse(&state, incoming, outgoing, refusal).await,
    };
    let span = tracing::info_span!("session", session = %opened.entry.session.id());
    let ending = attend(&state, opened, codec, first, (&mut incoming, &mut outgoing)).instrument(span).await;
    let (code, reason) = ending.close_frame();
    socket::close(incoming, outgoing, code, reason).await;
}

/// Tells a client that there is no session for it, and closes.
async fn refuse(state: &AppState, incoming: Incoming, mut outgoing: Outgoing, refusal: Refusal) {
    state.metrics.refused(refusal.word());
    let error = |code, message: &str| ServerFrame::Error {
        code,
        message: message.to_owned(),
        fatal: true,
        stage: None,
        kind: None,
        provider: None,
    };
    let (frames, code, reason) = match refusal {
        Refusal::Draining => {
            let news = error(ErrorCode::Draining, "the server is shutting down and takes no new session");
            (vec![news, ServerFrame::Bye { reason: CloseReason::Drain }], GOING_AWAY, "draining")
        }
        Refusal::NoPlace(refused) => {
            tracing::info!(code = refused.word(), "refused a session");
            (vec![ServerFrame::Bye { reason: CloseReason::Limit }], NORMAL, refused.message())
        }
        Refusal::Failed(failure) => {
            tracing::error!(error = %failure, "a session could not be opened");
            (vec![error(ErrorCode::Provider, failure.message())], INTERNAL, "the session could not be opened")
        }
    };
    for frame in &frames {
        if outgoing.frame(frame).await.is_err() {
            break;
        }
    }
    socket::close(incoming, outgoing, code, reason).await;
}

/// Sits with the session until either ends.
async fn attend(
    state: &AppState,
    opened: Opened,
    codec: ServerCodec,
    first: Option<Result<ClientFrame, Rejection>>,
    socket: (&mut Incoming, &mut Outgoing),
) -> Ending {
    let Opened { entry, format, resumed, remarks } = opened;
    let session = &entry.session;
    let seat = entry.sit_down().await;
    let _present = entry.seen.present();
    if resumed {
        state.metrics.session_resumed();
        // Fails when the session has just ended; its goodbye is then all there is to send.
        let _ = session.control_wait(Control::Attach(format)).await;
    }
    let connection = Connection::new(session.clone(), format, codec, entry.pass.token.clone(), remarks);
    let ending = converse(state, &connection, first, &seat, socket).await;
    tracing::debug!(?ending, "connection ends");
    if !matches!(ending, Ending::Over(_) | Ending::Broken) {
        let _ = session.control_wait(Control::Detach).await;
    }
    ending
}

async fn converse(
    state: &AppState,
    connection: &Connection,
    first: Option<Result<ClientFrame, Rejection>>,
    seat: &Seat,
    (incoming, outgoing): (&mut Incoming, &mut Outgoing),
) -> Ending {
    let reading = async {
        if let Some(frame) = first
            && let Err(end) = taken(connection.take(frame).await).await
        {
            return end;
        }
        read(incoming, connection, &state.limits).await
    };
    tokio::select! {
        biased;
        () = seat.evicted.cancelled() => Ending::Replaced,
        end = reading => match end {
            ReadEnd::Lost => Ending::Lost,
            ReadEnd::Rejected(code) => Ending::Rejected(code),
        },
        end = write(outgoing, connection, state.limits.ping, &state.metrics) => match end {
            WriteEnd::Lost => Ending::Lost,
            WriteEnd::Over(reason) => Ending::Over(reason),
            WriteEnd::Broken => Ending::Broken,
        },
    }
}
