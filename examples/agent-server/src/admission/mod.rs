//! Whether one more session is taken, decided before the WebSocket is.
//!
//! A client that is refused is told so by HTTP: status 503 and `Retry-After`. Coming back to an open session needs no
//! place; which session a client wants is known only after the upgrade, so whoever says that it is coming back
//! (`/ws?resume=1`) is let in without a place, and so are as many others as there are sessions whose client is away.

mod cpu;
mod crowd;
mod gauge;
mod headroom;
mod lifetime;
mod pace;
mod pressure;
mod rate;
mod recovery;
mod refused;

pub(crate) use cpu::used as cpu_time;
pub(crate) use crowd::{Crowd, Member};
pub(crate) use lifetime::Lifetime;
pub(crate) use pace::Pace;
pub(crate) use pressure::Pressure;
pub(crate) use refused::{AGAIN_WHEN_FULL, Refused};

use crate::clock::unix_seconds;
use crate::config::Limits;
use crate::guard::household;
use crate::problem::Problem;
use crate::registry::{Place, Registry};
use crate::state::AppState;
use crate::tokens::{self, Claims};
use crate::visitor::Visitor;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rate::Rate;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where requests are counted: wherever the admin token could be guessed, or something is looked up.
const METERED: [&str; 5] = ["/api", "/login", "/logout", "/metrics", "/dashboard"];
/// Connections that may be coming back at once. Each is one for as long as its first frame takes, 250 ms at most.
const RETURNING: usize = 256;

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
    /// Of an address, the operator's apart from those of all others there.
    requests: Option<Rate<(IpAddr, bool)>>,
    connections: Option<Crowd<IpAddr>>,
    sessions: Option<Crowd<IpAddr>>,
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
            sessions: limits.connections_per_address.map(|most| Crowd::new(most.get())),
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
        match self.pressure.short(registry.len()) {
            Some(short) => Some(Refused::Overloaded(short)),
            None => registry.is_full().then_some(Refused::Full),
        }
    }

    /// A place for a session.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn room(&self, state: &AppState, visitor: &Visitor) -> Result<Place, Refused> {
        if let Some(short) = self.pressure.short(state.registry.len()) {
            return Err(Refused::Overloaded(short));
        }
        let place = state.registry.reserve().ok_or(Refused::Full)?.of_user(visitor.user());
        // A session outlives its connection for a while: counting those alone, one address could fill the server.
        match &self.sessions {
            Some(crowd) => Ok(place.of_address(crowd.join(household(visitor.address)).ok_or(Refused::Household)?)),
            None => Ok(place),
        }
    }

    /// The place with the right of this visitor to a session of its own.
    ///
    /// # Errors
    /// Its token gives it none.
    pub(crate) async fn entitle(&self, state: &AppState, place: Place, visitor: &Visitor) -> Result<Place, Refused> {
        let Some(claims) = &visitor.claims else { return Ok(place) };
        let now = unix_seconds();
        if claims.ended(now) {
            return Err(Refused::Ended);
        }
        let token = tokens::claim(state, claims, now).await.map_err(Refused::Spent)?;
        Ok(place.of_token(token))
    }

    /// What a connection may do that says whether it is coming back.
    ///
    /// # Errors
    /// Nothing.
    pub(crate) async fn enter(
        &self,
        state: &AppState,
        visitor: &Visitor,
        coming_back: bool,
    ) -> Result<Entrance, Refused> {
        if !coming_back {
            let entitled = match self.room(state, visitor) {
                Ok(place) => self.entitle(state, place, visitor).await,
                refused => refused,
            };
            match entitled {
                Ok(place) => return Ok(Entrance::Open(place)),
                // Not every client says that it is coming back.
                Err(Refused::Full | Refused::Household | Refused::Overloaded(_))
                    if state.registry.waiting() > self.coming_back() => {}
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
    if !METERED.iter().any(|prefix| path.starts_with(prefix)) {
        return next.run(request).await;
    }
    let client = household(Visitor::of(&request).address);
    let is_operator = state.login.is_of_operator(request.headers());
    match counted(state.admission.requests.as_ref(), (client, is_operator)) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
