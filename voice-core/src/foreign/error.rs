//! What went wrong in the host.

use crate::error::{Error, ErrorKind, Stage, Token};
use serde::Deserialize;
use std::time::Duration;

/// An exception of the host, as the core gets to know it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ForeignError {
    /// What can be done about it; `Internal` for an exception of no kind.
    pub kind: ErrorKind,
    /// In words, without secrets.
    pub message: String,
    /// The exception itself, for the host to have back.
    pub token: Option<Token>,
}

impl ForeignError {
    /// An exception that says nothing of what can be done.
    pub fn new(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Internal, message: message.into(), token: None }
    }

    /// The same of another kind.
    #[must_use]
    pub fn kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// The same with the host's own exception.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// The same of the kind of this name, as it stands in error events; an unknown one counts as `internal`.
    #[must_use]
    pub fn kind_named(self, name: &str, retry_after: Option<Duration>) -> Self {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Named(ErrorKind);
        let kind = match name {
            "rate_limited" => ErrorKind::RateLimited { retry_after },
            name => serde_json::from_value(name.into()).map_or(ErrorKind::Internal, |Named(kind)| kind),
        };
        self.kind(kind)
    }

    pub(super) fn at(self, stage: Stage) -> Error {
        let error = Error::new(self.kind, stage, self.message);
        match self.token {
            Some(token) => error.with_source(token),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_an_error_is_named_as_it_stands_in_events() {
        let named = |name| ForeignError::new("…").kind_named(name, None).kind;
        for kind in [ErrorKind::Auth, ErrorKind::Timeout, ErrorKind::EngineMissing, ErrorKind::InvalidInput] {
            assert_eq!(named(kind.as_str()), kind);
        }
        assert_eq!(named("rate_limited"), ErrorKind::RateLimited { retry_after: None });
        assert_eq!(named("ValueError"), ErrorKind::Internal);
    }

    #[test]
    fn the_host_has_its_exception_back() {
        let error = ForeignError::new("it broke").token(Token::new("the exception".to_owned())).at(Stage::Llm);
        let token = error.token().expect("it was given one");
        assert_eq!(token.get::<String>().map(String::as_str), Some("the exception"));
        assert_eq!(error.to_string(), "llm: it broke");
    }
}
