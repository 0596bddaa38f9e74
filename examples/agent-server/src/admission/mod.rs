//! Whether one more session is taken, decided before the WebSocket is.
//!
//! A client that is refused is told so by HTTP: status 503 and `Retry-After`. Coming back to an open session needs no
//! place; which session a client wants is known only after the upgrade, so whoever says that it is coming back
//! (`/ws?resume=1`) is let in without a place, and so are as many others as there are sessions whose client is away.

mod cpu;
mod crowd;
mod gauge;
mod lifetime;
mod pace;
mod pressure;
mod rate;

pub(crate) use crowd::{Crowd, Member};
pub(crate) use lifetime::Lifetime;
pub(crate) use pace::Pace;
pub(crate) use pressure::{Pressure, Short};

use crate::clock::unix_seconds;
use crate::config::Limits;
use crate::guard::household;
use crate::problem::Problem;
use crate::registry::{Place, Registry};
use crate::state::AppState;
use crate::tokens::{Claims, Spent};
use crate::visitor::Visitor;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rate::Rate;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that may be coming back at once. Each is one for as long as its first frame takes, 250 ms at most.
const RETURNING: usize = 256;
/// When it is worth asking again: sessions last for minutes, and pressure is judged by the last 2 s.
const AGAIN_WHEN_FULL: Duration = Duration::from_secs(10);
const AGAIN_WHEN_OVERLOADED: Duration = Duration::from_secs(5);
const AGAIN_AT_ONCE: Duration = Duration::from_secs(1);

/// Why no session is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// As many are open as may be.
    Full,
    /// The server is late, or its processors are busy.
    Overloaded(Short),
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
            Self::Overloaded(_) | Self::Crowded | Self::Spent(Spent::Crowded) => "overloaded",
            Self::Spent(Spent::Busy) => "token_busy",
            Self::Spent(Spent::Used) => "token_used_up",
            Self::Ended => "token_expired",
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Full => "as many sessions are open as there may be",
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
            Self::Full | Self::Spent(Spent::Busy) => Some(AGAIN_WHEN_FULL),
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
            Self::Spent(Spent::Busy) => StatusCode::TOO_MANY_REQUESTS,
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

/// What a connection may do.
pub(crate) enum Entrance {
    /// Open a session.
    Open(Place),
    /// Go on with one; a new one only if there is room after all.
    Return(#[expect(dead_code, reason = "counts while it is held")] OwnedSemaphorePermit),
}

/// A connection that counts among those of its address.
pub(crate) struct Connected(#[expect(dead_code, reason = "counts while it is held")] Option<Member<IpAddr>>);

/// Decides who comes in.
pub(crate) struct Admission {
    pub(crate) pressure: Arc<Pressure>,
    returning: Arc<Semaphore>,
    upgrades: Option<Rate<IpAddr>>,
    token_upgrades: Option<Rate<String>>,
    requests: Option<Rate<IpAddr>>,
    connections: Option<Crowd<IpAddr>>,
}

impl Admission {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            pressure: Arc::new(Pressure::new(limits)),
            returning: Arc::new(Semaphore::new(RETURNING)),
            upgrades: limits.upgrades_per_minute.map(Rate::per_minute),
            token_upgrades: limits.upgrades_per_minute.map(Rate::per_minute),
            requests: limits.requests_per_minute.map(Rate::per_minute),
            connections: limits.connections_per_address.map(|most| Crowd::new(most.get())),
        }
    }

    /// Counts a new WebSocket of this visitor, and the connection it keeps open where a proxy brought it: all those of a
    /// proxy come from one address.
    ///
    /// # Errors
    /// It has opened too many lately, or has too many open.
    pub(crate) fn upgrade(&self, visitor: &Visitor) -> Result<Option<Connected>, Problem> {
        counted(self.upgrades.as_ref(), household(visitor.address))?;
        if !visitor.proxied {
            return Ok(None);
        }
        self.connection(visitor.address).map(Some).ok_or_else(|| {
            let message = "this address has as many connections as it may";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_connections", message).retry_after(AGAIN_WHEN_FULL)
        })
    }

    /// Counts a new WebSocket with this token.
    ///
    /// # Errors
    /// Too many were opened with it lately.
    pub(crate) fn upgrade_with(&self, claims: &Claims) -> Result<(), Problem> {
        counted(self.token_upgrades.as_ref(), claims.id.clone())
    }

    /// Counts a connection of this address for as long as it is open; `None` where it has as many as it may.
    pub(crate) fn connection(&self, address: IpAddr) -> Option<Connected> {
        match &self.connections {
            Some(crowd) => Some(Connected(Some(crowd.join(household(address))?))),
            None => Some(Connected(None)),
        }
    }

    /// Why no session would be taken at this moment, if so.
    pub(crate) fn closed(&self, registry: &Registry) -> Option<Refused> {
        match self.pressure.short() {
            Some(short) => Some(Refused::Overloaded(short)),
            None => registry.is_full().then_some(Refused::Full),
        }
    }

    /// A place for a session of this visitor.
    ///
    /// # Errors
    /// There is none, or none for its token.
    pub(crate) fn place(&self, state: &AppState, visitor: &Visitor) -> Result<Place, Refused> {
        if let Some(short) = self.pressure.short() {
            return Err(Refused::Overloaded(short));
        }
        let place = state.registry.reserve().ok_or(Refused::Full)?;
        let Some(claims) = &visitor.claims else { return Ok(place) };
        let now = unix_seconds();
        if claims.ended(now) {
            return Err(Refused::Ended);
        }
        let token = state.tokens.ledger.claim(claims, now).map_err(Refused::Spent)?;
        Ok(place.of_token(token, visitor.user()))
    }

    /// What a connection may do that says whether it is coming back.
    ///
    /// # Errors
    /// Nothing.
    pub(crate) fn enter(&self, state: &AppState, visitor: &Visitor, coming_back: bool) -> Result<Entrance, Refused> {
        if !coming_back {
            match self.place(state, visitor) {
                Ok(place) => return Ok(Entrance::Open(place)),
                // Not every client says that it is coming back.
                Err(Refused::Full | Refused::Overloaded(_)) if state.registry.waiting() > self.coming_back() => {}
                Err(refused) => return Err(refused),
            }
        }
        let permit = self.returning.clone().try_acquire_owned();
        permit.map(Entrance::Return).map_err(|_| Refused::Crowded)
    }

    fn coming_back(&self) -> usize {
        RETURNING - self.returning.available_permits()
    }
}

fn counted<K: Clone + Hash + Eq>(rate: Option<&Rate<K>>, client: K) -> Result<(), Problem> {
    rate.map_or(Ok(()), |rate| rate.count(client)).map_err(|wait| {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests; try again later")
            .retry_after(wait)
    })
}

/// The middleware that counts requests for which somebody has to prove something or to look something up.
pub(crate) async fn limit_requests(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let metered = ["/api", "/login", "/logout"].iter().any(|prefix| path.starts_with(prefix));
    let visitor = request.extensions().get::<Visitor>().filter(|_| metered);
    let checked =
        visitor.map_or(Ok(()), |visitor| counted(state.admission.requests.as_ref(), household(visitor.address)));
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
