//! Which servers are alive: each tells Redis every 2 s, by Redis' own clock.

use crate::store::{Link, NodeId, StoreError, script};
use redis::Cmd;
use std::sync::Arc;
use std::time::Duration;
use voice_core::CancelToken;

const KEY: &str = "voice-agent:nodes";
/// How often a server says that it is alive.
const EVERY: Duration = Duration::from_secs(2);
/// One that has said nothing for so long is dead, in ms: two beats may be lost.
const DEAD_AFTER_MS: u64 = 6_000;

/// Tells, and forgets those that are long dead.
const BEAT: &str = "
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
return 1";

/// All that are alive.
const ALIVE: &str = "
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], now - ARGV[1], '+inf')";

/// The heartbeats of all servers, and this one's.
pub(crate) struct Heartbeats {
    link: Arc<Link>,
    node: NodeId,
}

impl Heartbeats {
    pub(crate) fn new(link: Arc<Link>, node: NodeId) -> Self {
        Self { link, node }
    }

    /// One beat of this server: also what shows that Redis takes what is written.
    pub(crate) fn beat(&self) -> Cmd {
        let mut command = script(BEAT, KEY);
        command.arg(&*self.node).arg(DEAD_AFTER_MS);
        command
    }

    /// The servers that are alive.
    ///
    /// # Errors
    /// Redis cannot be reached.
    pub(crate) async fn alive(&self) -> Result<Vec<NodeId>, StoreError> {
        let mut command = script(ALIVE, KEY);
        command.arg(DEAD_AFTER_MS);
        let nodes: Vec<String> = self.link.call(&command).await?;
        Ok(nodes.into_iter().map(Into::into).collect())
    }

    /// Beats until it is told to stop, then says that this server is gone.
    pub(crate) async fn go_on(&self, stop: &CancelToken) {
        let mut beats = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = beats.tick() => {}
            }
            // What cannot be told is told by the link.
            let _ = self.link.call::<bool>(&self.beat()).await;
        }
        let mut command = redis::cmd("ZREM");
        command.arg(KEY).arg(&*self.node);
        // Else it is found dead in a few seconds.
        let _ = self.link.call::<u32>(&command).await;
    }
}
