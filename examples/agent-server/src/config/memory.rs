//! What is kept of sessions and users, and where.

use super::sources::Layers;
use super::{ConfigError, parse};
use crate::store::Target;
use std::time::Duration;

/// What the operator has set about memory.
#[derive(Debug, Clone)]
pub struct MemoryConfig {
    /// Redis, where sessions are to outlive the server.
    pub redis: Option<Target>,
    /// How long a session is kept that nobody holds.
    pub session_ttl: Duration,
    /// How long a user is remembered; nobody is where it is not set.
    pub user_ttl: Option<Duration>,
    /// How long turns that are under way have to end when the server goes.
    pub drain: Duration,
}

impl MemoryConfig {
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let redis = layers.parse("REDIS_URL", |value| Target::parse(value).map_err(ConfigError::new))?;
        let session_ttl = layers.parse("SESSION_TTL", |value| parse::within(value, 5..=86_400, "seconds"))?;
        // A year.
        let user_ttl = layers.parse("USER_MEMORY_TTL", |value| parse::within(value, 1..=31_536_000, "seconds"))?;
        let drain = layers.parse("DRAIN_MS", |value| parse::within(value, 0..=600_000, "ms"))?;
        Ok(Self {
            redis,
            session_ttl: Duration::from_secs(session_ttl.unwrap_or(120)),
            user_ttl: user_ttl.map(Duration::from_secs),
            drain: Duration::from_millis(drain.unwrap_or(5_000)),
        })
    }
}
