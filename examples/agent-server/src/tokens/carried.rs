//! Where a request carries its token.
//!
//! A page cannot give a WebSocket headers, but it can name protocols (RFC 6455, section 1.9): `voice-agent`, and beside
//! it `token.` with the token. Other clients can do the same, or send `Authorization: Bearer`.

use axum::http::{HeaderMap, header};

/// The protocol of `/ws`.
pub(crate) const PROTOCOL: &str = "voice-agent";
const TOKEN: &str = "token.";

/// What a handshake says of itself.
pub(crate) struct Carried<'a> {
    /// The token; an error where there are two different ones.
    pub(crate) token: Result<Option<&'a str>, ()>,
    /// The protocol to answer with, when the client has offered it. A browser that offers some and gets none gives up.
    pub(crate) protocol: Option<&'static str>,
}

impl<'a> Carried<'a> {
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let values = || headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
        let offered = || values().flat_map(|value| value.split(',')).map(str::trim);
        let bearers = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| bearer(value.to_str().ok()?));
        let mut tokens = offered().filter_map(|offer| offer.strip_prefix(TOKEN)).chain(bearers);
        let first = tokens.next();
        let token = if tokens.all(|other| Some(other) == first) { Ok(first) } else { Err(()) };
        Self { token, protocol: offered().any(|offer| offer == PROTOCOL).then_some(PROTOCOL) }
    }
}

/// The credentials of `Bearer` (RFC 6750, section 2.1).
pub(crate) fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_token_is_a_protocol_or_a_bearer() {
        const PROTOCOLS: &str = "sec-websocket-protocol";
        for (pairs, token, protocol) in [
            (&[][..], Ok(None), None),
            (&[(PROTOCOLS, "voice-agent, token.abc")], Ok(Some("abc")), Some(PROTOCOL)),
            (&[(PROTOCOLS, "token.abc"), (PROTOCOLS, "voice-agent")], Ok(Some("abc")), Some(PROTOCOL)),
            (&[(PROTOCOLS, "chat")], Ok(None), None),
            (&[("authorization", "bearer abc")], Ok(Some("abc")), None),
            (&[("authorization", "Basic abc")], Ok(None), None),
            (&[("authorization", "Bearer abc"), (PROTOCOLS, "token.abc")], Ok(Some("abc")), None),
            (&[("authorization", "Bearer abc"), (PROTOCOLS, "token.def")], Err(()), None),
            (&[(PROTOCOLS, "token.abc, token.def")], Err(()), None),
        ] {
            let headers = headers(pairs);
            let carried = Carried::of(&headers);
            assert_eq!((carried.token, carried.protocol), (token, protocol), "{pairs:?}");
        }
    }
}
