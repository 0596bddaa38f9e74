//! The store of a server that is alone: a table in this process. It is what a session goes on from whose task broke down.

use super::{
    Claimed, Hold, KnownUser, NodeId, Pass, Record, SessionStore, StoreError, UserMemory, UserStore, Whereabouts,
};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use voice_core::SessionId;

/// Users that are remembered at most; the one that was written longest ago goes first.
const MOST_USERS: usize = 10_000;

/// Keeps sessions and users until they are too old, and no more of them than it may.
pub(crate) struct MemoryStore {
    sessions: Mutex<Table<Record>>,
    users: Mutex<Table<UserMemory>>,
}

/// Values by name, each with a time at which it is forgotten.
struct Table<V> {
    rows: HashMap<String, Row<V>>,
    ttl: Duration,
    most: usize,
}

struct Row<V> {
    value: V,
    written: Instant,
}

impl MemoryStore {
    /// One that keeps as many sessions, and what nobody writes for so long.
    pub(crate) fn new(most: usize, session_ttl: Duration, user_ttl: Duration) -> Self {
        Self {
            sessions: Mutex::new(Table::new(most, session_ttl)),
            users: Mutex::new(Table::new(MOST_USERS, user_ttl)),
        }
    }
}

impl<V> Table<V> {
    fn new(most: usize, ttl: Duration) -> Self {
        Self { rows: HashMap::new(), ttl, most }
    }

    fn get(&mut self, name: &str) -> Option<&mut V> {
        let ttl = self.ttl;
        self.rows
            .get_mut(name)
            .filter(|row| now().saturating_duration_since(row.written) < ttl)
            .map(|row| &mut row.value)
    }

    fn put(&mut self, name: &str, value: V) {
        let written = now();
        if self.rows.len() >= self.most && !self.rows.contains_key(name) {
            self.make_room(written);
        }
        self.rows.insert(name.to_owned(), Row { value, written });
    }

    /// Forgets what is too old, or else the oldest.
    fn make_room(&mut self, now: Instant) {
        self.rows.retain(|_, row| now.saturating_duration_since(row.written) < self.ttl);
        if self.rows.len() >= self.most
            && let Some(oldest) = self.rows.iter().min_by_key(|(_, row)| row.written).map(|(name, _)| name.clone())
        {
            self.rows.remove(&oldest);
        }
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn save(&self, record: &Record) -> Result<Hold, StoreError> {
        let mut sessions = lock(&self.sessions);
        if sessions.get(record.id.as_str()).is_some_and(|kept| kept.epoch > record.epoch) {
            return Ok(Hold::Lost);
        }
        sessions.put(record.id.as_str(), record.clone());
        Ok(Hold::Ours)
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Whereabouts>, StoreError> {
        let mut sessions = lock(&self.sessions);
        Ok(sessions.get(id.as_str()).map(|record| Whereabouts {
            token: record.token.clone(),
            owner: record.owner.clone(),
            node: record.node.clone(),
        }))
    }

    async fn claim(&self, pass: &Pass, node: &NodeId) -> Result<Option<Claimed>, StoreError> {
        let mut sessions = lock(&self.sessions);
        Ok(sessions.get(pass.id.as_str()).filter(|record| record.token == pass.hash()).map(|record| {
            record.epoch += 1;
            record.node = Some(node.clone());
            Claimed {
                epoch: record.epoch,
                owner: record.owner.clone(),
                user: record.user.clone(),
                snapshot: record.snapshot.clone(),
            }
        }))
    }

    async fn end(&self, id: &SessionId, epoch: u64) -> Result<(), StoreError> {
        let mut sessions = lock(&self.sessions);
        if sessions.get(id.as_str()).is_some_and(|kept| kept.epoch <= epoch) {
            // Its only writer is the session that has just ended.
            sessions.rows.remove(id.as_str());
        }
        Ok(())
    }
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn read(&self, user: &str) -> Result<UserMemory, StoreError> {
        Ok(lock(&self.users).get(user).cloned().unwrap_or_default())
    }

    async fn write(&self, user: &KnownUser, summary: &str) -> Result<bool, StoreError> {
        let mut users = lock(&self.users);
        let UserMemory { version, erased, .. } = users.get(&user.name).cloned().unwrap_or_default();
        let as_read = (version, erased) == (user.version, user.erased);
        if as_read {
            users.put(&user.name, UserMemory { version: version + 1, erased, summary: Some(summary.to_owned()) });
        }
        Ok(as_read)
    }

    async fn erase(&self, user: &str) -> Result<(), StoreError> {
        let mut users = lock(&self.users);
        let UserMemory { version, erased, .. } = users.get(user).cloned().unwrap_or_default();
        users.put(user, UserMemory { version, erased: erased + 1, summary: None });
        Ok(())
    }
}

#[allow(clippy::disallowed_methods)] // What is kept grows old by the clock of the process, which no session's time is.
fn now() -> Instant {
    Instant::now()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
