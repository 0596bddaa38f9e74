//! The session over a WebSocket: `/ws`.

mod connection;
#[cfg(feature = "fakes")]
mod echo;
mod opening;
mod reader;
mod socket;
mod writer;

use crate::problem::Problem;
use crate::serve::ConnectionPermit;
use crate::state::AppState;
use crate::users::Vouched;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use socket::{Incoming, Outgoing};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// A session.
pub(crate) async fn upgrade(State(state): State<AppState>, request: Request) -> Response {
    let vouched = request.extensions().get::<Vouched>().cloned();
    shake_hands(state, request, |state, socket| connection::serve(state, vouched, socket))
}

/// A WebSocket without a session, for benches to compare with.
#[cfg(feature = "fakes")]
pub(crate) async fn echo(State(state): State<AppState>, request: Request) -> Response {
    shake_hands(state, request, |_, socket| echo::serve(socket))
}

/// Answers the handshake (RFC 6455, section 4.2) and leaves the rest to a task of its own.
fn shake_hands<F>(
    state: AppState,
    mut request: Request,
    serve: impl FnOnce(AppState, (Incoming, Outgoing)) -> F + Send + 'static,
) -> Response
where
    F: Future<Output = ()> + Send,
{
    let accept = match check(&request) {
        Ok(accept) => accept,
        Err(problem) => return problem.into_response(),
    };
    let place = request.extensions_mut().remove::<ConnectionPermit>();
    let upgraded = hyper::upgrade::on(&mut request);
    let shared = state.clone();
    state.spawn(async move {
        match upgraded.await {
            Ok(upgraded) => serve(shared, socket::accept(upgraded).await).await,
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

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}
