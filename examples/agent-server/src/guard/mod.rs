//! Who may talk to the server: browsers only from pages it trusts, and only under a name that is its own.
//!
//! A web page can make a browser send requests anywhere. `Origin` tells which page asks; `Host` tells under which name
//! the server was reached, so that a page whose name was pointed at this machine (DNS rebinding) is not taken for ours.

mod host;
mod network;
mod origin;

pub use network::Network;
pub(crate) use network::{client, household};
pub use origin::Origin;

use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use host::Authority;
use std::net::IpAddr;

/// What the checks compare with.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The address bound.
    pub bound: IpAddr,
    /// The configured host, when it is a name.
    pub name: Option<String>,
    /// Whether the server itself speaks TLS.
    pub tls: bool,
    /// Origins trusted besides its own.
    pub allowed: Vec<Origin>,
}

impl Guard {
    fn check_host(&self, request: &Request) -> Result<Authority, Problem> {
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let host = match (request.uri().authority(), hosts.next(), hosts.next()) {
            (_, _, Some(_)) => None,
            // A request to a proxy names the target in full; that then counts (RFC 9112, 3.2.2).
            (Some(authority), _, None) => Authority::parse(authority.as_str()),
            (None, Some(host), None) => host.to_str().ok().and_then(Authority::parse),
            (None, None, None) => None,
        };
        let Some(host) = host else {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_host", "one valid Host header is needed"));
        };
        let listed = self.allowed.iter().any(|origin| origin.host() == host.host());
        if listed || host.names(self.bound, self.name.as_deref()) {
            return Ok(host);
        }
        let message =
            format!("this server is not {:?}; names it may have are set by HOST and ALLOWED_ORIGINS", host.host());
        Err(Problem::new(StatusCode::FORBIDDEN, "host_not_allowed", message))
    }

    /// The origin when it is a foreign one that is trusted, `None` when there is none or it is our own.
    fn check_origin(&self, headers: &HeaderMap, host: &Authority) -> Result<Option<HeaderValue>, Problem> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(value) = origins.next() else { return Ok(None) };
        let parsed = value.to_str().ok().and_then(|text| text.parse::<Origin>().ok());
        match parsed.filter(|_| origins.next().is_none()) {
            Some(origin) if self.is_own(&origin, host) => Ok(None),
            Some(origin) if self.allowed.contains(&origin) => Ok(Some(value.clone())),
            _ => {
                let message = "pages of this origin may not use this server; ALLOWED_ORIGINS lists those that may";
                Err(Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", message))
            }
        }
    }

    /// Tells browsers to come by TLS only, where the server speaks it. On the loopback that would bar every other server
    /// of this machine from them.
    fn secured(&self, mut response: Response) -> Response {
        if self.tls && !self.bound.is_loopback() {
            let a_year = HeaderValue::from_static("max-age=31536000");
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, a_year);
        }
        response
    }

    fn is_own(&self, origin: &Origin, host: &Authority) -> bool {
        let scheme = if self.tls { "https" } else { "http" };
        *origin == Origin::new(scheme, host.host(), host.port())
    }
}

/// Which page has made a browser send a request; in the extensions of every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageOrigin {
    /// The request does not say: no browser, or one that only reads from its own server.
    Unsaid,
    /// One of this server's.
    Own,
    /// One of another origin that is trusted.
    Trusted,
}

/// The middleware around all routes.
pub(crate) async fn check(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let guard = &state.guard;
    let checked = guard.check_host(&request).and_then(|host| guard.check_origin(request.headers(), &host));
    let foreign = match checked {
        Ok(foreign) => foreign,
        Err(problem) => {
            tracing::warn!(code = problem.code(), path = request.uri().path(), "refused a request");
            return problem.into_response();
        }
    };
    let said = request.headers().contains_key(header::ORIGIN);
    request.extensions_mut().insert(match &foreign {
        Some(_) => PageOrigin::Trusted,
        None if said => PageOrigin::Own,
        None => PageOrigin::Unsaid,
    });
    let Some(origin) = foreign else { return guard.secured(next.run(request).await) };
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    if preflight {
        let allow = |text| HeaderValue::from_static(text);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow("GET, POST, PUT, DELETE"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allow("authorization, content-type"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, allow("600"));
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    guard.secured(response)
}
