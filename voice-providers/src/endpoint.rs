//! Where a service is found.

use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use voice_core::{Error, ErrorKind, Stage};

/// Scheme, host and optional path prefix of a service: `https://api.deepgram.com`, `http://localhost:11434/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoint {
    secure: bool,
    /// Host, port and prefix, without a slash at the end.
    rest: String,
}

impl Endpoint {
    /// The address of `path`, which begins with a slash and may hold a query.
    pub fn http(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.secure { "https" } else { "http" }, self.rest)
    }

    /// The same for a WebSocket: `wss` where HTTP would be `https`.
    pub fn websocket(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.secure { "wss" } else { "ws" }, self.rest)
    }

    /// Whether it speaks TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Its host, without the brackets of an IPv6 address, and its port; `None` where the port is none.
    pub fn host_and_port(&self) -> Option<(&str, u16)> {
        let authority = self.rest.split('/').next()?;
        let usual = if self.secure { 443 } else { 80 };
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        match port.strip_prefix(':') {
            Some(port) => Some((host, port.parse().ok()?)),
            None => Some((host, usual)),
        }
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    /// Reads a base URL. Keys have no place in it: one with a user, a query or a fragment is refused.
    fn from_str(url: &str) -> Result<Self, Error> {
        let (secure, rest) = match url.split_once("://") {
            Some(("https" | "wss", rest)) => (true, rest),
            Some(("http" | "ws", rest)) => (false, rest),
            _ => return Err(unusable()),
        };
        let rest = rest.trim_end_matches('/');
        let host = rest.split('/').next().unwrap_or_default();
        let odd = |character: char| character.is_whitespace() || matches!(character, '@' | '?' | '#');
        if host.is_empty() || rest.contains(odd) {
            return Err(unusable());
        }
        Ok(Self { secure, rest: rest.to_owned() })
    }
}

impl TryFrom<String> for Endpoint {
    type Error = Error;

    fn try_from(url: String) -> Result<Self, Error> {
        url.parse()
    }
}

fn unusable() -> Error {
    let message = "a base URL must be http:// or https://, a host and at most a path";
    Error::new(ErrorKind::InvalidConfig, Stage::Session, message)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.http(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_of_the_websocket_follows() {
        for (base, http, websocket) in [
            ("https://api.deepgram.com", "https://api.deepgram.com/v1/listen", "wss://api.deepgram.com/v1/listen"),
            (
                "http://127.0.0.1:8080/deepgram/",
                "http://127.0.0.1:8080/deepgram/v1/listen",
                "ws://127.0.0.1:8080/deepgram/v1/listen",
            ),
            ("wss://[::1]:1", "https://[::1]:1/v1/listen", "wss://[::1]:1/v1/listen"),
        ] {
            let endpoint: Endpoint = base.parse().unwrap();
            assert_eq!(
                (endpoint.http("/v1/listen"), endpoint.websocket("/v1/listen")),
                (http.into(), websocket.into())
            );
        }
    }

    #[test]
    fn host_and_port_are_told_as_they_are_connected_to() {
        for (base, expected) in [
            ("https://api.deepgram.com/v1", Some(("api.deepgram.com", 443))),
            ("http://localhost", Some(("localhost", 80))),
            ("http://localhost:11434/v1", Some(("localhost", 11_434))),
            ("https://[::1]:8443/x", Some(("::1", 8_443))),
            ("https://[::1]", Some(("::1", 443))),
            ("https://host:port", None),
        ] {
            assert_eq!(base.parse::<Endpoint>().unwrap().host_and_port(), expected, "{base}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for url in [
            "",
            "api.deepgram.com",
            "ftp://host",
            "https://",
            "https:///v1",
            "https://user:key@host",
            "https://host?key=1",
            "https://a b",
        ] {
            assert!(url.parse::<Endpoint>().is_err(), "{url}");
        }
    }
}
