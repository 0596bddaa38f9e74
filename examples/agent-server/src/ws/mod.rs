//! The session over a WebSocket: `/ws`.

mod connection;
#[cfg(feature = "fakes")]
mod echo;
mod opening;
mod reader;
mod socket;
mod writer;

use crate::accept::ConnectionPermit;
use crate::admission::{Connected, Entrance};
use crate::clock::unix_seconds;
use crate::problem::Problem;
use crate::state::AppState;
use crate::tokens::Carried;
use crate::traces::Caller;
use crate::visitor::Visitor;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use socket::{Incoming, Outgoing};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// What a connection that was let in may do.
struct Admitted {
    entrance: Entrance,
    visitor: Visitor,
    caller: Caller,
}

/// A session, for whoever is let in.
pub(crate) async fn upgrade(State(state): State<AppState>, request: Request) -> Response {
    let protocol = Carried::of(request.headers()).protocol;
    let accept = match check(&request) {
        Ok(accept) => accept,
        Err(problem) => return problem.into_response(),
    };
    let (visitor, coming_back) = (Visitor::of(&request), is_coming_back(&request));
    let (admitted, connected) = match admit(&state, visitor, request.headers(), coming_back).await {
        Ok(let_in) => let_in,
        Err(problem) => {
            state.metrics.refused(problem.code());
            return problem.into_response();
        }
    };
    let mut response = shake_hands(state, request, accept, async move |state, socket| {
        connection::serve(state, admitted, socket).await;
        drop(connected);
    });
    if let Some(protocol) = protocol {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    response
}

/// A WebSocket without a session, for benches to compare with.
#[cfg(feature = "fakes")]
pub(crate) async fn echo(State(state): State<AppState>, request: Request) -> Response {
    match check(&request) {
        Ok(accept) => shake_hands(state, request, accept, |_, socket| echo::serve(socket)),
        Err(problem) => problem.into_response(),
    }
}

/// Whether a client may come in; with what it holds while it is there.
async fn admit(
    state: &AppState,
    mut visitor: Visitor,
    headers: &HeaderMap,
    coming_back: bool,
) -> Result<(Admitted, Option<Connected>), Problem> {
    let connected = state.admission.upgrade(&visitor)?;
    visitor.claims = state.tokens.check(headers, coming_back, unix_seconds()).inspect_err(note)?;
    if let Some(claims) = &visitor.claims {
        state.admission.upgrade_with(claims)?;
    }
    let entrance = state.admission.enter(state, &visitor, coming_back).await;
    let entrance = entrance.map_err(Problem::from).inspect_err(note)?;
    let caller = Caller::of(headers);
    Ok((Admitted { entrance, visitor, caller }, connected))
}

fn note(problem: &Problem) {
    tracing::info!(code = problem.code(), "refused a connection");
}

/// Answers the handshake (RFC 6455, section 4.2) and leaves the rest to a task of its own.
fn shake_hands<F>(
    state: AppState,
    mut request: Request,
    accept: HeaderValue,
    serve: impl FnOnce(AppState, (Incoming, Outgoing)) -> F + Send + 'static,
) -> Response
where
    F: Future<Output = ()> + Send,
{
    let place = request.extensions_mut().remove::<ConnectionPermit>();
    let upgraded = hyper::upgrade::on(&mut request);
    let shared = state.clone();
    state.spawn(async move {
        match upgraded.await {
            Ok(upgraded) => {
                let socket = socket::accept(upgraded, shared.limits.stalled).await;
                serve(shared, socket).await;
            }
            Err(error) => tracing::debug!(%error, "a client left during the handshake"),
        }
        drop(place);
    });
    let headers = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

fn check(request: &Request) -> Result<HeaderValue, Problem> {
    let headers = request.headers();
    let is_upgrade = request.method() == Method::GET
        && has_token(headers, header::CONNECTION, "upgrade")
        && has_token(headers, header::UPGRADE, "websocket");
    let required = |message| Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", message);
    if !is_upgrade {
        let wanted = &[("upgrade", "websocket"), ("connection", "upgrade")];
        return Err(required("this path speaks WebSocket").with_headers(wanted));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(required("WebSocket version 13 is needed").with_headers(&[("sec-websocket-version", "13")]));
    }
    // 16 bytes in base 64.
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24 && key.as_bytes().ends_with(b"=="));
    key.and_then(|key| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok())
        .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "bad_handshake", "Sec-WebSocket-Key is missing or wrong"))
}

/// `/ws?resume=1`: the first frame will be a `start` with `resume`. The token itself is in no address, which others log.
fn is_coming_back(request: &Request) -> bool {
    request.uri().query().is_some_and(|query| query.split('&').any(|part| part == "resume=1"))
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}
