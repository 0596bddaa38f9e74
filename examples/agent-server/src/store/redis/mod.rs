//! Sessions and users in Redis. Each is one key, so that a script on it is one step and a cluster knows where it is.
//!
//! ```text
//! voice-agent:session:<id>       hash: token (its hash), epoch, node, owner, user, data (a snapshot); or ended
//! voice-agent:user:<hash>        hash: version, erased (counts), data (a summary)
//! voice-agent:nodes              sorted set: nodes by the time of their last heartbeat
//! ```

mod link;
mod target;

pub(crate) use link::Link;
pub use target::Target;

use super::{
    Claimed, Hold, KnownUser, NodeId, Pass, Record, SessionStore, StoreError, TokenHash, UserMemory, UserStore,
    Whereabouts,
};
use async_trait::async_trait;
use redis::Cmd;
use std::sync::Arc;
use std::time::Duration;
use voice_core::SessionId;
use voice_core::conversation::Snapshot;

/// Bytes of a snapshot that are kept at most: as many as the history is usually bounded to, several times over.
pub(crate) const MOST_BYTES: usize = 256 << 10;

/// Writes a session unless somebody with a later epoch has, or it was ended. 1 or 0.
const SAVE: &str = "
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch and tonumber(epoch) > tonumber(ARGV[1]) then return 0 end
if redis.call('HEXISTS', KEYS[1], 'ended') == 1 then return 0 end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'token', ARGV[2], 'node', ARGV[3], 'owner', ARGV[4],
    'user', ARGV[5], 'data', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return 1";

/// Takes a session over: epoch, owner, user and data, or nothing.
const CLAIM: &str = "
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return nil end
if redis.call('HEXISTS', KEYS[1], 'ended') == 1 then return nil end
local epoch = redis.call('HINCRBY', KEYS[1], 'epoch', 1)
redis.call('HSET', KEYS[1], 'node', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'owner', 'user', 'data')
return {epoch, kept[1], kept[2], kept[3]}";

/// Erases a session unless somebody has taken it over. What is left keeps late writers out.
const END: &str = "
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch and tonumber(epoch) > tonumber(ARGV[1]) then return 0 end
redis.call('HDEL', KEYS[1], 'token', 'node', 'owner', 'user', 'data')
redis.call('HSET', KEYS[1], 'ended', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1";

/// Replaces what is remembered of a user, if nobody else has. 1 or 0.
const REMEMBER: &str = "
local version = redis.call('HGET', KEYS[1], 'version') or '0'
local erased = redis.call('HGET', KEYS[1], 'erased') or '0'
if version ~= ARGV[1] or erased ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'version', version + 1, 'data', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1";

/// Erases it. The counts stay, so that who has read it before does not write it back.
const FORGET: &str = "
redis.call('HDEL', KEYS[1], 'data')
redis.call('HINCRBY', KEYS[1], 'erased', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1";

/// Keeps sessions and users in Redis.
pub(crate) struct RedisStore {
    link: Arc<Link>,
    session_ttl: Duration,
    user_ttl: Duration,
}

impl RedisStore {
    pub(crate) fn new(link: Arc<Link>, session_ttl: Duration, user_ttl: Duration) -> Self {
        Self { link, session_ttl, user_ttl }
    }
}

/// A call of a script on one key.
pub(crate) fn script(text: &str, key: &str) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(text.trim()).arg(1).arg(key);
    command
}

fn session_key(id: &SessionId) -> String {
    format!("voice-agent:session:{id}")
}

/// Who the user is may be nobody's business but the application's.
fn user_key(user: &str) -> String {
    format!("voice-agent:user:{}", TokenHash::of(user).as_str())
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[async_trait]
impl SessionStore for RedisStore {
    async fn save(&self, record: &Record) -> Result<Hold, StoreError> {
        let (data, dropped) = record.snapshot.to_json_within(MOST_BYTES);
        if dropped > 0 {
            tracing::warn!(session = %record.id, dropped, "a history is too long to be kept whole: its oldest turns were left out");
        }
        let mut command = script(SAVE, &session_key(&record.id));
        let node = record.node.as_deref().unwrap_or_default();
        let user = record.user.as_ref().map(voice_core::json::written).unwrap_or_default();
        command.arg(record.epoch).arg(record.token.as_str()).arg(node);
        command.arg(record.owner.as_deref().unwrap_or_default()).arg(user);
        command.arg(data).arg(milliseconds(self.session_ttl));
        let ours: bool = self.link.call(&command).await?;
        Ok(if ours { Hold::Ours } else { Hold::Lost })
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Whereabouts>, StoreError> {
        let mut command = redis::cmd("HMGET");
        command.arg(session_key(id)).arg("token").arg("owner").arg("node");
        let (token, owner, node): (Option<String>, Option<String>, Option<String>) = self.link.call(&command).await?;
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (owner, node) = (given(owner), given(node).map(Into::into));
        Ok(token.map(|token| Whereabouts { token: TokenHash::written(token), owner, node }))
    }

    async fn claim(&self, pass: &Pass, node: &NodeId) -> Result<Option<Claimed>, StoreError> {
        let mut command = script(CLAIM, &session_key(&pass.id));
        command.arg(pass.hash().as_str()).arg(&**node).arg(milliseconds(self.session_ttl));
        let claimed: Option<(u64, String, String, Vec<u8>)> = self.link.call(&command).await?;
        let Some((epoch, owner, user, data)) = claimed else { return Ok(None) };
        let snapshot = Arc::new(Snapshot::from_json(&data)?);
        // Nobody, or written by another version: then nothing is added to what is known of them.
        let owner = Some(owner).filter(|owner| !owner.is_empty());
        Ok(Some(Claimed { epoch, owner, user: serde_json::from_str(&user).ok(), snapshot }))
    }

    async fn end(&self, id: &SessionId, epoch: u64) -> Result<(), StoreError> {
        let mut command = script(END, &session_key(id));
        command.arg(epoch).arg(milliseconds(self.session_ttl));
        self.link.call(&command).await
    }
}

#[async_trait]
impl UserStore for RedisStore {
    async fn read(&self, user: &str) -> Result<UserMemory, StoreError> {
        let mut command = redis::cmd("HMGET");
        command.arg(user_key(user)).arg("version").arg("erased").arg("data");
        let (version, erased, summary): (Option<u64>, Option<u64>, Option<String>) = self.link.call(&command).await?;
        Ok(UserMemory { version: version.unwrap_or(0), erased: erased.unwrap_or(0), summary })
    }

    async fn write(&self, user: &KnownUser, summary: &str) -> Result<bool, StoreError> {
        let mut command = script(REMEMBER, &user_key(&user.name));
        command.arg(user.version).arg(user.erased).arg(summary).arg(milliseconds(self.user_ttl));
        self.link.call(&command).await
    }

    async fn erase(&self, user: &str) -> Result<(), StoreError> {
        let mut command = script(FORGET, &user_key(user));
        command.arg(milliseconds(self.user_ttl));
        self.link.call(&command).await
    }
}
