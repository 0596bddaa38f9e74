//! Who asks: the address, and what a token vouches for.

use crate::guard;
use crate::state::AppState;
use crate::tokens::Claims;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// The other end of a connection; put into the extensions of its requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Whoever has sent a request. Every request has one in its extensions.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// Where it came from, seen through the proxies that are trusted.
    pub(crate) address: IpAddr,
    /// Whether such a proxy brought it.
    pub(crate) proxied: bool,
    /// What its token says, once that was looked at: on `/ws`.
    pub(crate) claims: Option<Arc<Claims>>,
}

impl Visitor {
    /// Who has sent this request. One that came by no socket, as in a test of the router alone, is from nowhere.
    pub(crate) fn of(request: &Request) -> Self {
        let nowhere = || Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), proxied: false, claims: None };
        request.extensions().get().cloned().unwrap_or_else(nowhere)
    }

    /// For whom its token vouches.
    pub(crate) fn user(&self) -> Option<&str> {
        self.claims.as_ref()?.user.as_deref()
    }
}

/// Puts the [`Visitor`] into a request's extensions.
pub(crate) async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    // Without a peer there is no socket: a test that calls the router itself.
    let peer = request.extensions().get().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(address)| *address);
    let forwarded = request.headers().get_all("x-forwarded-for").iter();
    // What is no text is no address either, and ends the search like anything else that is none.
    let forwarded = forwarded.map(|value| value.to_str().unwrap_or("?"));
    let address = guard::client(peer, forwarded, &state.limits.trusted_proxies);
    request.extensions_mut().insert(Visitor { address, proxied: address != peer.to_canonical(), claims: None });
    next.run(request).await
}
