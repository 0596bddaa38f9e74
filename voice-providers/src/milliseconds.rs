//! Durations in settings: whole or broken milliseconds, in a field whose name ends in `_ms`.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::time::Duration;

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let ms = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(ms / 1_000.0).map_err(|_| D::Error::custom(format!("{ms} is no time in ms")))
}
