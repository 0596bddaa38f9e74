//! How a session is refused.

use super::pressure::Short;
use crate::problem::Problem;
use crate::tokens::Spent;
use axum::http::StatusCode;
use std::time::Duration;

/// When it is worth asking again: sessions last for minutes, and pressure is judged by the last 2 s.
pub(crate) const AGAIN_WHEN_FULL: Duration = Duration::from_secs(10);
const AGAIN_WHEN_OVERLOADED: Duration = Duration::from_secs(5);
const AGAIN_AT_ONCE: Duration = Duration::from_secs(1);

/// Why no session is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// As many are open as may be.
    Full,
    /// The server is late, or its processors are busy.
    Overloaded(Short),
    /// The client's address has as many as it may, those waiting for their client included.
    Household,
    /// Too many are coming back at this moment.
    Crowded,
    /// The token may have no more sessions.
    Spent(Spent),
    /// The token has ended.
    Ended,
}

impl Refused {
    /// The word in `/readyz`, and the code of the error.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Household => "too_many_connections",
            Self::Overloaded(_) | Self::Crowded | Self::Spent(Spent::Crowded) => "overloaded",
            Self::Spent(Spent::Busy) => "token_busy",
            Self::Spent(Spent::Used) => "token_used_up",
            Self::Ended => "token_expired",
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Full => "as many sessions are open as there may be",
            Self::Household => "this address has as many sessions as it may",
            Self::Overloaded(Short::Time) => "the server is late and takes no further session for now",
            Self::Overloaded(Short::Processors) => "the server is busy and takes no further session for now",
            Self::Crowded => "too many clients are coming back at once",
            Self::Spent(Spent::Busy) => "the token has as many sessions open as it may",
            Self::Spent(Spent::Used) => "the token has had as many sessions as it may",
            Self::Spent(Spent::Crowded) => "too many tokens are in use",
            Self::Ended => "the token has ended",
        }
    }

    /// When to try again; `None` where it is of no use.
    pub(crate) fn again(self) -> Option<Duration> {
        match self {
            Self::Full | Self::Household | Self::Spent(Spent::Busy) => Some(AGAIN_WHEN_FULL),
            Self::Overloaded(_) | Self::Spent(Spent::Crowded) => Some(AGAIN_WHEN_OVERLOADED),
            Self::Crowded => Some(AGAIN_AT_ONCE),
            Self::Spent(Spent::Used) | Self::Ended => None,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Full | Self::Overloaded(_) | Self::Crowded | Self::Spent(Spent::Crowded) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Household | Self::Spent(Spent::Busy) => StatusCode::TOO_MANY_REQUESTS,
            Self::Spent(Spent::Used) => StatusCode::FORBIDDEN,
            Self::Ended => StatusCode::UNAUTHORIZED,
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let problem = Self::new(refused.status(), refused.word(), refused.message());
        match refused.again() {
            Some(wait) => problem.retry_after(wait),
            None => problem,
        }
    }
}
