//! What outlives a session's task: snapshots of sessions, kept in this process or in Redis, and who holds which.

mod keeper;
mod memory;
mod pass;
mod redis;

pub(crate) use keeper::keep;
pub(crate) use memory::MemoryStore;
pub(crate) use pass::{Pass, TokenHash, random_hex};
pub use redis::Target;
pub(crate) use redis::{Link, RedisStore, script};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use voice_core::SessionId;
use voice_core::conversation::Snapshot;

/// Names a server process: 64 random bits as hexadecimal digits, new with each start.
pub(crate) type NodeId = Arc<str>;

/// Later than any that a session ever has, and exact in a script of Redis.
pub(crate) const ANY_EPOCH: u64 = 1 << 52;

/// What is kept of a session.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: SessionId,
    /// What its client has to show to go on with it.
    pub(crate) token: TokenHash,
    /// Grows with every process that takes the session over. An older one is refused.
    pub(crate) epoch: u64,
    /// Who holds it; nobody, where it may be taken over without asking.
    pub(crate) node: Option<NodeId>,
    /// For whom the token of the client vouched that opened it: it is nobody else's to continue.
    pub(crate) owner: Option<String>,
    /// Whose memory it has brought back, and adds to at its end.
    pub(crate) user: Option<KnownUser>,
    pub(crate) snapshot: Arc<Snapshot>,
}

/// Whether a session still belongs to who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    Ours,
    /// Somebody else has taken it over, or it was ended.
    Lost,
}

/// Where a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    pub(crate) token: TokenHash,
    pub(crate) owner: Option<String>,
    pub(crate) node: Option<NodeId>,
}

/// A session that was taken over.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) epoch: u64,
    pub(crate) owner: Option<String>,
    pub(crate) user: Option<KnownUser>,
    pub(crate) snapshot: Arc<Snapshot>,
}

/// Whose session it is, as vouched for, and what was known of them when it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownUser {
    pub(crate) name: String,
    /// The version of what was brought back.
    pub(crate) version: u64,
    /// How often it had been erased.
    pub(crate) erased: u64,
}

/// Why a store gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// It cannot be reached now. It has been told in the log.
    #[error("the store cannot be reached")]
    Unavailable,
    /// What is kept there was written by another version.
    #[error("{0}")]
    Unreadable(#[from] voice_core::Error),
}

/// Keeps sessions. No call takes longer than a second, whatever the store does, and none is made while a turn waits.
#[async_trait]
pub(crate) trait SessionStore: Send + Sync {
    /// Keeps what a session is now, for as long as the store keeps what nobody writes.
    async fn save(&self, record: &Record) -> Result<Hold, StoreError>;

    /// Who holds a session that has not ended.
    async fn find(&self, id: &SessionId) -> Result<Option<Whereabouts>, StoreError>;

    /// Takes a session over: whoever held it can write no more. `None` when there is none, or it has another token.
    async fn claim(&self, pass: &Pass, node: &NodeId) -> Result<Option<Claimed>, StoreError>;

    /// Erases a session. Nobody with this epoch or an older one can bring it back.
    async fn end(&self, id: &SessionId, epoch: u64) -> Result<(), StoreError>;
}

/// What is remembered of a user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct UserMemory {
    /// Counts how often it was written.
    pub(crate) version: u64,
    /// Counts how often it was erased: what was read before must not be written back.
    pub(crate) erased: u64,
    /// What is known of them, in short.
    pub(crate) summary: Option<String>,
}

/// Keeps what is remembered of users.
#[async_trait]
pub(crate) trait UserStore: Send + Sync {
    /// What is remembered.
    async fn read(&self, user: &str) -> Result<UserMemory, StoreError>;

    /// Replaces it, if it still is as it was read.
    async fn write(&self, user: &KnownUser, summary: &str) -> Result<bool, StoreError>;

    /// Erases it; what sessions that are open now know of it is not written back.
    async fn erase(&self, user: &str) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests;
