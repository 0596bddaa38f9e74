//! The open sessions, by id and by resume token, and no more of them than the limit.

use crate::observe::Seen;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, broadcast};
use voice_core::agent::{Agent, Session, SessionOptions};
use voice_core::conversation::Event;
use voice_core::{CancelToken, Error, ErrorKind, Result, SessionId, Stage};

/// What an observer of a session reads.
pub(crate) type Events = broadcast::Receiver<Event>;

/// One open session.
pub(crate) struct Entry {
    pub(crate) session: Session,
    /// Continues the session; known to its client alone.
    pub(crate) token: String,
    /// What has been seen of it.
    pub(crate) seen: Seen,
    seat: Arc<tokio::sync::Mutex<()>>,
    /// Tells the connection in the seat to leave it.
    occupant: Mutex<CancelToken>,
    _place: OwnedSemaphorePermit,
}

/// The right to be the one connection of a session.
pub(crate) struct Seat {
    _guard: OwnedMutexGuard<()>,
    /// Cancelled when a newer connection wants the seat.
    pub(crate) evicted: CancelToken,
}

impl Entry {
    /// Takes the seat; whoever has it is told to leave and waited for.
    pub(crate) async fn sit_down(&self) -> Seat {
        let evicted = CancelToken::new();
        std::mem::replace(&mut *lock(&self.occupant), evicted.clone()).cancel();
        Seat { _guard: self.seat.clone().lock_owned().await, evicted }
    }
}

/// All open sessions.
pub(crate) struct Registry {
    table: Mutex<Table>,
    places: Arc<Semaphore>,
    limit: usize,
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
    /// As many are open as may be.
    Full,
    /// The server is shutting down.
    Draining,
    /// The agent could not.
    Failed(Error),
}

impl Refusal {
    /// As one word, for counts.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Draining => "draining",
            Self::Failed(_) => "failed",
        }
    }
}

impl Registry {
    pub(crate) fn new(limit: usize) -> Self {
        let places = Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        Self { table: Mutex::default(), places, limit }
    }

    /// Opens a session; its events come with it, from the first on.
    pub(crate) fn open(&self, agent: &Agent, options: SessionOptions) -> Result<(Arc<Entry>, Events), Refusal> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Refusal::Full)?;
        let token = random_token().map_err(Refusal::Failed)?;
        let (session, events) = agent.open_observed(options).map_err(Refusal::Failed)?;
        let (seen, seat, occupant) = (Seen::default(), Arc::default(), Mutex::default());
        let entry = Arc::new(Entry { session, token: token.clone(), seen, seat, occupant, _place: place });
        let mut table = lock(&self.table);
        if table.closed {
            return Err(Refusal::Draining);
        }
        table.by_token.insert(token, entry.session.id().clone());
        table.by_id.insert(entry.session.id().clone(), entry.clone());
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

    /// Forgets a session that is over. Doing it twice does nothing.
    pub(crate) fn remove(&self, id: &SessionId) {
        let mut table = lock(&self.table);
        if let Some(entry) = table.by_id.remove(id) {
            table.by_token.remove(&entry.token);
        }
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.table).by_id.len()
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

/// 256 random bits as hexadecimal digits.
fn random_token() -> Result<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(ErrorKind::Internal, Stage::Session, "the system gives no random numbers").with_source(error)
    })?;
    let mut token = String::with_capacity(64);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(token, "{byte:02x}");
    }
    Ok(token)
}
