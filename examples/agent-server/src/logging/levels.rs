//! What `LOG` may say.

use crate::config::ConfigError;
use std::str::FromStr;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// A level, and levels of parts: `info`, `warn,voice_core=debug`.
#[derive(Debug, Clone)]
pub struct LogLevels(Targets);

impl LogLevels {
    pub(super) fn targets(&self) -> Targets {
        self.0.clone()
    }
}

impl Default for LogLevels {
    fn default() -> Self {
        Self(Targets::new().with_default(LevelFilter::INFO))
    }
}

impl FromStr for LogLevels {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let level = |word: &str| {
            let names = ["off", "error", "warn", "info", "debug", "trace"];
            let known = names.iter().any(|name| name.eq_ignore_ascii_case(word));
            let message = "must be off, error, warn, info, debug or trace, and may add target=level after commas";
            if !known {
                return Err(ConfigError::new(message));
            }
            word.parse::<LevelFilter>().map_err(|_| ConfigError::new(message))
        };
        let mut targets = Targets::new();
        for part in text.split(',').map(str::trim) {
            targets = match part.split_once('=') {
                Some((target, word)) => targets.with_target(target.trim(), level(word.trim())?),
                None => targets.with_default(level(part)?),
            };
        }
        Ok(Self(targets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn a_level_of_a_part_wins_over_the_general_one() {
        let levels: LogLevels = "WARN, voice_core=debug".parse().unwrap();
        assert!(levels.targets().would_enable("voice_core::agent", &Level::DEBUG));
        assert!(!levels.targets().would_enable("agent_server", &Level::INFO));
        for wrong in ["loud", "info;debug", "voice_core=", "", "3"] {
            assert!(wrong.parse::<LogLevels>().is_err(), "{wrong:?}");
        }
    }
}
