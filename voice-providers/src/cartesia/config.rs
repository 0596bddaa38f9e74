//! The options.

use crate::endpoint::Endpoint;
use crate::secret::Secret;
use serde::Deserialize;
use std::time::Duration;

/// Cartesia.
const BASE: &str = "https://api.cartesia.ai";
/// The version of the protocol that is spoken here.
const VERSION: &str = "2026-03-01";

/// Options of [`CartesiaTts`](super::CartesiaTts). Made by [`new`](Self::new), then changed field by field.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CartesiaTtsConfig {
    /// The API key.
    pub key: Secret,
    /// Where Cartesia is found; `None` is <https://api.cartesia.ai>.
    #[serde(rename = "base_url")]
    pub endpoint: Option<Endpoint>,
    /// The model, `sonic-3.5` by default. Any name is passed on.
    pub model: String,
    /// The id of the voice. By default `6ccbfb76-1fc6-48f7-b71d-91ac6298247b`, an English one.
    pub voice: String,
    /// The language of the text as an ISO 639-1 code: `en` by default.
    pub language: String,
    /// In Hz: 8,000, 16,000, 24,000 (the default) or 48,000.
    pub sample_rate: u32,
    /// 0.6 … 1.5 times the voice's own speed; `None` leaves it to the service.
    pub speed: Option<f32>,
    /// 0.5 … 2.0 times the voice's own volume; `None` leaves it to the service.
    pub volume: Option<f32>,
    /// For example `calm`; `None` leaves it to the voice.
    pub emotion: Option<String>,
    /// Whether the service is asked when each word sounds. On by default.
    pub word_timings: bool,
    /// How long the service may say nothing while it owes audio. 5 s by default.
    #[serde(rename = "stall_timeout_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub stall_timeout: Duration,
}

impl Default for CartesiaTtsConfig {
    /// The defaults without a key, which has to be set.
    fn default() -> Self {
        Self::new(Secret::new(""))
    }
}

impl CartesiaTtsConfig {
    /// The defaults with this key.
    pub fn new(key: Secret) -> Self {
        Self {
            key,
            endpoint: None,
            model: "sonic-3.5".to_owned(),
            voice: "6ccbfb76-1fc6-48f7-b71d-91ac6298247b".to_owned(),
            language: "en".to_owned(),
            sample_rate: 24_000,
            speed: None,
            volume: None,
            emotion: None,
            word_timings: true,
            stall_timeout: Duration::from_secs(5),
        }
    }

    /// The defaults, except for what is given. Of a language tag the service takes the language: `en` of `en-GB`.
    pub fn from_settings(
        key: Secret,
        base: Option<Endpoint>,
        model: Option<String>,
        voice: Option<String>,
        language: Option<String>,
    ) -> Self {
        let defaults = Self::new(key);
        let language = language.as_deref().and_then(|tag| tag.split('-').next()).map(str::to_lowercase);
        Self {
            endpoint: base,
            model: model.unwrap_or(defaults.model),
            voice: voice.unwrap_or(defaults.voice),
            language: language.unwrap_or(defaults.language),
            ..defaults
        }
    }

    /// The address of a connection.
    pub(super) fn address(&self) -> String {
        let path = format!("/tts/websocket?cartesia_version={VERSION}");
        match &self.endpoint {
            Some(endpoint) => endpoint.websocket(&path),
            None => format!("{}{path}", BASE.replacen("https", "wss", 1)),
        }
    }
}
