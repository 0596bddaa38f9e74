//! How much the server takes on beside its sessions, and how long it waits.

use super::parse::within;
use super::sources::Layers;
use super::{ConfigError, parse};
use crate::guard::Network;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// Limits of admission and patience. `None` is no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How late the threads may be before no further session is taken.
    pub max_late: Option<Duration>,
    /// The share of the processors, in percent, from which on no further session is taken.
    pub max_cpu_percent: Option<u64>,
    /// New WebSockets of one address, and of one token.
    pub upgrades_per_minute: Option<NonZeroU32>,
    /// Requests to `/api` and `/login` from one address.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Connections of one address at once.
    pub connections_per_address: Option<NonZeroUsize>,
    /// Messages of one WebSocket; beyond that they are read as slowly.
    pub messages_per_second: Option<NonZeroU32>,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<Network>,
    /// How long nothing may happen in a session.
    pub idle: Option<Duration>,
    /// How long a session may last.
    pub longest: Option<Duration>,
    /// How often a client is asked whether it is still there.
    pub ping: Duration,
    /// How long a client may send nothing, not even an answer to that.
    pub silence: Duration,
    /// How long a client may take nothing of what it is sent.
    pub stalled: Duration,
    /// How long a client may take for the head of a request, for its body, and for the handshake of TLS.
    pub request: Duration,
}

impl Limits {
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        // 0 stands for no limit.
        let number = |name, default, most, unit| -> Result<Option<u64>, ConfigError> {
            let given = layers.parse(name, |value| within(value, 0..=most, unit))?.unwrap_or(default);
            Ok(Some(given).filter(|given| *given > 0))
        };
        let count = |name, default, unit| -> Result<Option<NonZeroU32>, ConfigError> {
            Ok(number(name, default, 1_000_000, unit)?.and_then(|count| NonZeroU32::new(count.try_into().ok()?)))
        };
        let seconds = |name, default, most| -> Result<Duration, ConfigError> {
            let given = layers.parse(name, |value| within(value, 1..=most, "seconds"))?;
            Ok(Duration::from_secs(given.unwrap_or(default)))
        };
        let life = |name, default| -> Result<Option<Duration>, ConfigError> {
            Ok(number(name, default, 30 * 24 * 3_600, "seconds")?.map(Duration::from_secs))
        };
        Ok(Self {
            max_late: number("MAX_LATE_MS", 20, 10_000, "ms")?.map(Duration::from_millis),
            max_cpu_percent: number("MAX_CPU_PERCENT", 70, 100, "percent")?,
            upgrades_per_minute: count("UPGRADES_PER_MINUTE", 600, "connections")?,
            requests_per_minute: count("REQUESTS_PER_MINUTE", 1_200, "requests")?,
            connections_per_address: count("CONNECTIONS_PER_ADDRESS", 512, "connections")?
                .and_then(|count| count.try_into().ok()),
            messages_per_second: count("MESSAGES_PER_SECOND", 200, "messages")?,
            trusted_proxies: layers.parse("TRUSTED_PROXIES", parse::networks)?.unwrap_or_default(),
            idle: life("IDLE_S", 15 * 60)?,
            longest: life("MAX_SESSION_S", 4 * 3_600)?,
            ping: seconds("PING_S", 15, 3_600)?,
            silence: seconds("SILENCE_S", 45, 36_000)?,
            stalled: seconds("STALLED_S", 10, 3_600)?,
            request: seconds("REQUEST_S", 15, 600)?,
        })
    }
}
