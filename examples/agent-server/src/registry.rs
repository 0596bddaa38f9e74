//! The open sessions, by id and by resume token, and no more of them than the limit.

use crate::admission::{Member, Refused};
use crate::observe::Seen;
use crate::store::{KnownUser, Pass};
use crate::tokens::Use;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, broadcast};
use voice_core::agent::{Agent, Session, SessionOptions};
use voice_core::conversation::Event;
use voice_core::{CancelToken, Error, SessionId};

/// What an observer of a session reads.
pub(crate) type Events = broadcast::Receiver<Event>;

/// One open session.
pub(crate) struct Entry {
    pub(crate) session: Session,
    /// Continues the session; its token is known to its client alone.
    pub(crate) pass: Pass,
    /// Grows with every server that takes the session over.
    pub(crate) epoch: u64,
    /// Whose it is, where users are remembered.
    pub(crate) user: Option<KnownUser>,
    /// Cancelled when the session is over and the store knows.
    pub(crate) kept: CancelToken,
    /// What has been seen of it.
    pub(crate) seen: Seen,
    seat: Arc<tokio::sync::Mutex<()>>,
    /// Tells the connection in the seat to leave it.
    occupant: Mutex<CancelToken>,
    attended: Arc<AtomicUsize>,
    place: Place,
}

/// The right to open a session, and to have it open.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _address: Option<Member<IpAddr>>,
    token: Option<Use>,
    user: Option<String>,
}

impl Place {
    /// The same, for this user.
    pub(crate) fn of_user(self, user: Option<&str>) -> Self {
        Self { user: user.map(str::to_owned), ..self }
    }

    /// The same, counted among those of an address.
    pub(crate) fn of_address(self, member: Member<IpAddr>) -> Self {
        Self { _address: Some(member), ..self }
    }

    /// The same, counted as a use of a token.
    pub(crate) fn of_token(self, token: Use) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The same with whatever token it counts as a use of.
    pub(crate) fn of_any_token(self, token: Option<Use>) -> Self {
        Self { token, ..self }
    }

    /// The session that it is for, where a token gave the right to it.
    pub(crate) fn session(&self) -> Option<&SessionId> {
        self.token.as_ref().map(|token| &token.session)
    }
}

/// The right to be the one connection of a session.
pub(crate) struct Seat {
    _guard: OwnedMutexGuard<()>,
    attended: Arc<AtomicUsize>,
    /// Cancelled when a newer connection wants the seat.
    pub(crate) evicted: CancelToken,
}

impl Entry {
    /// The user who has opened it, where a token vouched for one.
    pub(crate) fn owner(&self) -> Option<&str> {
        self.place.user.as_deref()
    }

    /// Whether a client for whom a token vouches as this user may go on with the session: one that a user has opened is
    /// nobody else's, whoever knows how to resume it.
    pub(crate) fn is_open_to(&self, user: Option<&str>) -> bool {
        is_open_to(self.owner(), user)
    }

    /// Takes the seat; whoever has it is told to leave and waited for.
    pub(crate) async fn sit_down(&self) -> Seat {
        let evicted = CancelToken::new();
        std::mem::replace(&mut *lock(&self.occupant), evicted.clone()).cancel();
        let guard = self.seat.clone().lock_owned().await;
        self.attended.fetch_add(1, Ordering::Relaxed);
        Seat { _guard: guard, attended: self.attended.clone(), evicted }
    }

    /// Tells the connection in the seat, if any, to leave it without a goodbye.
    pub(crate) fn evict(&self) {
        std::mem::take(&mut *lock(&self.occupant)).cancel();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.attended.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whose a session is.
pub(crate) struct Holder {
    pub(crate) pass: Pass,
    pub(crate) epoch: u64,
    pub(crate) user: Option<KnownUser>,
}

/// As [`Entry::is_open_to`], of a session that is not here.
pub(crate) fn is_open_to(owner: Option<&str>, user: Option<&str>) -> bool {
    owner.is_none() || owner == user
}

/// All open sessions.
pub(crate) struct Registry {
    table: Mutex<Table>,
    places: Arc<Semaphore>,
    limit: usize,
    /// Sessions whose client is connected.
    attended: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Table {
    by_id: HashMap<SessionId, Arc<Entry>>,
    by_token: HashMap<String, SessionId>,
    closed: bool,
}

/// Why no session was opened.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no place for one more.
    NoPlace(Refused),
    /// The server is shutting down.
    Draining,
    /// The agent could not.
    Failed(Error),
}

impl Refusal {
    /// As one word, for counts.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::NoPlace(refused) => refused.word(),
            Self::Draining => "draining",
            Self::Failed(_) => "failed",
        }
    }
}

impl Registry {
    pub(crate) fn new(limit: usize) -> Self {
        let places = Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        Self { table: Mutex::default(), places, limit, attended: Arc::default() }
    }

    /// A place for one session, unless all are taken.
    pub(crate) fn reserve(&self) -> Option<Place> {
        Some(Place { _permit: self.places.clone().try_acquire_owned().ok()?, _address: None, token: None, user: None })
    }

    /// Opens a session in its place; its events come with it, from the first on.
    pub(crate) fn open(
        &self,
        mut place: Place,
        agent: &Agent,
        options: SessionOptions,
        Holder { pass, epoch, user }: Holder,
    ) -> Result<(Arc<Entry>, Events), Refusal> {
        let options = SessionOptions { id: Some(pass.id.clone()), snapshots: true, ..options };
        let (session, events) = agent.open_observed(options).map_err(Refusal::Failed)?;
        if let Some(token) = &mut place.token {
            token.begun();
        }
        let (seat, occupant, kept) = (Arc::default(), Mutex::default(), CancelToken::new());
        let (seen, attended) = (Seen::default(), self.attended.clone());
        let entry = Arc::new(Entry { session, pass, epoch, user, kept, seen, seat, occupant, attended, place });
        let mut table = lock(&self.table);
        if table.closed {
            return Err(Refusal::Draining);
        }
        let id = entry.session.id();
        // Two connections of one client may have taken it over one after the other, and get here the other way round.
        // The earlier one finds that out when it is to be kept for the first time.
        if table.by_id.get(id).is_none_or(|known| known.epoch < epoch) {
            table.by_token.insert(entry.pass.token.clone(), id.clone());
            if let Some(earlier) = table.by_id.insert(id.clone(), entry.clone()) {
                earlier.evict();
            }
        }
        drop(table);
        Ok((entry, events))
    }

    /// Opens no more sessions; those that are open.
    pub(crate) fn close(&self) -> Vec<Arc<Entry>> {
        let mut table = lock(&self.table);
        table.closed = true;
        table.by_id.values().cloned().collect()
    }

    /// The session that `token` continues, unless it is over.
    pub(crate) fn resume(&self, token: &str) -> Option<Arc<Entry>> {
        let table = lock(&self.table);
        table.by_id.get(table.by_token.get(token)?).filter(|entry| !entry.session.status().closed).cloned()
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Entry>> {
        lock(&self.table).by_id.get(&SessionId::from(id)).cloned()
    }

    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        let mut entries: Vec<_> = lock(&self.table).by_id.values().cloned().collect();
        entries.sort_by(|a, b| a.session.id().cmp(b.session.id()));
        entries
    }

    /// Forgets a session that is over. Doing it twice does nothing, also when it goes on under the same id.
    pub(crate) fn remove(&self, id: &SessionId) {
        let mut table = lock(&self.table);
        let is_over = |entry: &Arc<Entry>| entry.session.status().closed;
        if table.by_id.get(id).is_some_and(is_over)
            && let Some(entry) = table.by_id.remove(id)
        {
            table.by_token.remove(&entry.pass.token);
        }
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.table).by_id.len()
    }

    /// Sessions whose client is away.
    pub(crate) fn waiting(&self) -> usize {
        self.len().saturating_sub(self.attended.load(Ordering::Relaxed))
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn is_full(&self) -> bool {
        self.places.available_permits() == 0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_two_that_took_a_session_over_the_later_one_has_it_whichever_gets_here_first() {
        let (registry, agent) = (Registry::new(4), Agent::builder().build());
        let pass = Pass::new(SessionId::random()).unwrap();
        let open = |epoch| {
            let holder = Holder { pass: pass.clone(), epoch, user: None };
            registry.open(registry.reserve().unwrap(), &agent, SessionOptions::default(), holder).unwrap().0
        };
        let first = open(2);
        let seat = first.sit_down().await;
        let (third, _second) = (open(4), open(3));
        let held = registry.get(pass.id.as_str()).unwrap();
        assert_eq!((held.epoch, registry.len()), (4, 1));
        assert!(Arc::ptr_eq(&registry.resume(&pass.token).unwrap(), &third));
        seat.evicted.cancelled().await;
    }
}
