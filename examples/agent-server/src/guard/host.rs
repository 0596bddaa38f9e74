//! The name under which a request reached the server.

use std::net::{IpAddr, Ipv6Addr};

/// Host and port as a `Host` header gives them, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']')?;
                address.parse::<Ipv6Addr>().ok()?;
                (format!("[{}]", address.to_ascii_lowercase()), rest)
            }
            None => {
                let end = text.find(':').unwrap_or(text.len());
                let (name, rest) = text.split_at(end);
                let name = name.strip_suffix('.').unwrap_or(name);
                let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                (Some(name.to_ascii_lowercase()).filter(|name| !name.is_empty() && name.chars().all(valid))?, rest)
            }
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.chars().all(|c| c.is_ascii_digit()) => Some(digits.parse().ok()?),
            Some(_) => return None,
            None if port.is_empty() => None,
            None => return None,
        };
        Some(Self { host, port })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.port
    }

    fn address(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// Whether a server bound to `bound`, configured as `name`, may be called this.
    ///
    /// Names are where rebinding happens: only those of the loopback and the configured one count. An address cannot be
    /// rebound, but has to be one the server listens on. Ports are not compared: a forwarded port is still ours.
    pub(super) fn names(&self, bound: IpAddr, name: Option<&str>) -> bool {
        match self.address() {
            Some(address) => address.is_loopback() || bound.is_unspecified() || address == bound,
            None => {
                self.host == "localhost"
                    || self.host.ends_with(".localhost")
                    || name.is_some_and(|name| name.eq_ignore_ascii_case(&self.host))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_host_is_refused() {
        for text in
            ["", ":80", "a b", "user@localhost", "localhost:80x", "localhost:99999", "[::1", "[::1]80", "::1", "[x]"]
        {
            assert_eq!(Authority::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_own_names_and_addresses_count() {
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let any: IpAddr = "0.0.0.0".parse().unwrap();
        let lan: IpAddr = "192.168.1.5".parse().unwrap();
        for (host, bound, name, own) in [
            ("localhost:3000", loopback, None, true),
            ("LOCALHOST.", loopback, None, true),
            ("app.localhost", loopback, None, true),
            ("127.0.0.1:9", loopback, None, true),
            ("[::1]:3000", loopback, None, true),
            ("192.168.1.5", loopback, None, false),
            ("evil.example", loopback, None, false),
            ("localhost.evil.example", loopback, None, false),
            ("127.0.0.1.evil.example", loopback, None, false),
            ("192.168.1.5", any, None, true),
            ("evil.example", any, None, false),
            ("192.168.1.5", lan, None, true),
            ("192.168.1.6", lan, None, false),
            ("voice.example", lan, Some("Voice.Example"), true),
        ] {
            assert_eq!(Authority::parse(host).unwrap().names(bound, name), own, "{host} on {bound}");
        }
    }
}
