//! Web origins.

use super::host::Authority;
use std::fmt;
use std::str::FromStr;

/// Scheme, host and port of a page (RFC 6454), in lower case and with the scheme's own port left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    pub(super) fn new(scheme: &str, host: &str, port: Option<u16>) -> Self {
        let scheme = scheme.to_ascii_lowercase();
        let usual = if scheme == "https" { 443 } else { 80 };
        Self { host: host.to_owned(), port: port.filter(|port| *port != usual), scheme }
    }

    /// The host, an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (scheme, rest) = text.split_once("://").ok_or(())?;
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return Err(());
        }
        let authority = Authority::parse(rest).ok_or(())?;
        Ok(Self::new(scheme, authority.host(), authority.port()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_compare_by_scheme_host_and_port() {
        let parse = |text: &str| text.parse::<Origin>();
        assert_eq!(parse("HTTPS://Voice.Example:443"), parse("https://voice.example"));
        assert_eq!(parse("http://[::1]:3000").map(|origin| origin.to_string()), Ok("http://[::1]:3000".into()));
        assert_ne!(parse("http://voice.example"), parse("https://voice.example"));
        assert_ne!(parse("http://localhost:3000"), parse("http://localhost:3001"));
        for wrong in ["null", "", "voice.example", "file:///x", "https://a/b", "https://user@a", "*"] {
            assert_eq!(parse(wrong), Err(()), "{wrong:?}");
        }
    }
}
