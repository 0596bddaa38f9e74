//! The options of both providers.

use super::wire::Query;
use crate::endpoint::Endpoint;
use crate::secret::Secret;
use serde::Deserialize;
use std::time::Duration;

/// Deepgram in North America.
const BASE: &str = "https://api.deepgram.com";

/// Options of [`DeepgramStt`](super::DeepgramStt). Made by [`new`](Self::new), then changed field by field.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DeepgramSttConfig {
    /// The API key.
    pub key: Secret,
    /// Where Deepgram is found; `None` is <https://api.deepgram.com>.
    #[serde(rename = "base_url")]
    pub endpoint: Option<Endpoint>,
    /// The model, `nova-3` by default. Any name is passed on.
    pub model: String,
    /// BCP-47, or `multi`; `None` leaves it to the service, which takes English.
    pub language: Option<String>,
    /// Numbers, dates and currency written as one would; implies punctuation. On by default.
    pub smart_format: bool,
    /// Punctuation and capitals. On by default.
    pub punctuate: bool,
    /// Words to listen for. Sent as `keyterm` to nova-3 and as `keywords` to older models.
    pub keyterms: Vec<String>,
    /// Milliseconds of silence after which the service itself looks for an end; `None`, the default, leaves that to
    /// this library.
    pub endpointing_ms: Option<u32>,
    /// Flux only: how sure it must be that a turn is over, 0.5 … 1.0; `None` leaves it to the service (0.7).
    pub eot_threshold: Option<f32>,
    /// Flux only: how sure it must be to say so early, 0.3 … 0.9 and at most `eot_threshold`. 0.4 by default, since that
    /// is where its estimates come from; `None` for none before the end.
    pub eager_eot_threshold: Option<f32>,
    /// Flux only: milliseconds of silence that end a turn in any case; `None` leaves it to the service (5,000).
    pub eot_timeout_ms: Option<u32>,
    /// How long the service may say nothing new once it was asked for a final transcript. 1,000 ms by default. After it the
    /// final is made of what is there, if that reaches to the end of the audio; if it does not, the connection counts as
    /// lost, and what has no final words goes to another.
    #[serde(rename = "finalize_timeout_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub finalize_timeout: Duration,
    /// How long a final transcript may take in all, recovery included. 4,500 ms by default. After it the final is made of
    /// what is there.
    #[serde(rename = "recovery_timeout_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub recovery_timeout: Duration,
    /// How often an idle connection is kept alive: 4 s by default; the service closes it after 10 s.
    #[serde(rename = "keep_alive_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub keep_alive: Duration,
    /// How long the service may say nothing while it is spoken to, before the connection counts as lost. 5 s by default.
    #[serde(rename = "stall_timeout_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub stall_timeout: Duration,
    /// Connections in a row that fail or end without a word before the call does. 5 by default.
    pub give_up_after: u32,
    /// The longest pause before the first attempt to connect again; it doubles with each. 250 ms by default.
    #[serde(rename = "first_pause_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub first_pause: Duration,
    /// How much faster than real time audio is sent again when more than a second of it waits. 1.25 by default, which
    /// is what the service keeps up with.
    pub replay_speed: f64,
    /// A backlog longer than this, when a connection begins, is transcribed by a request of its own while the live audio
    /// goes on; their words are joined by the time at which they sound. 1 s by default. `Duration::MAX` for never.
    #[serde(rename = "longest_live_backlog_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub longest_live_backlog: Duration,
}

impl Default for DeepgramSttConfig {
    /// The defaults without a key, which has to be set.
    fn default() -> Self {
        Self::new(Secret::new(""))
    }
}

impl DeepgramSttConfig {
    /// The defaults with this key.
    pub fn new(key: Secret) -> Self {
        Self {
            key,
            endpoint: None,
            model: "nova-3".to_owned(),
            language: None,
            smart_format: true,
            punctuate: true,
            keyterms: Vec::new(),
            endpointing_ms: None,
            eot_threshold: None,
            eager_eot_threshold: Some(0.4),
            eot_timeout_ms: None,
            finalize_timeout: Duration::from_millis(1_000),
            recovery_timeout: Duration::from_millis(4_500),
            keep_alive: Duration::from_secs(4),
            stall_timeout: Duration::from_secs(5),
            give_up_after: 5,
            first_pause: Duration::from_millis(250),
            replay_speed: 1.25,
            longest_live_backlog: Duration::from_secs(1),
        }
    }

    /// The defaults, except for what is given.
    pub fn from_settings(key: Secret, base: Option<Endpoint>, model: Option<String>, language: Option<String>) -> Self {
        let defaults = Self::new(key);
        Self { endpoint: base, model: model.unwrap_or(defaults.model), language, ..defaults }
    }

    /// Whether the model takes turns itself, and speaks the protocol of those.
    pub(super) fn is_flux(&self) -> bool {
        self.model.starts_with("flux-")
    }

    /// The address of a live connection.
    pub(super) fn address(&self) -> String {
        if self.is_flux() {
            return self.flux_address();
        }
        let mut query = self.audio_query();
        query.add("interim_results", "true");
        match self.endpointing_ms {
            Some(milliseconds) => query.add("endpointing", &milliseconds.to_string()),
            None => query.add("endpointing", "false"),
        };
        self.add_words(&mut query);
        address(self.endpoint.as_ref(), &format!("/v1/listen{query}"))
    }

    fn flux_address(&self) -> String {
        let mut query = Query::default();
        query.add("model", &self.model).add("encoding", "linear16").add("sample_rate", "16000");
        if let Some(language) = self.language.as_ref().filter(|_| self.model.contains("multi")) {
            query.add("language_hint", language.split('-').next().unwrap_or(language));
        }
        for (name, threshold) in
            [("eot_threshold", self.eot_threshold), ("eager_eot_threshold", self.eager_eot_threshold)]
        {
            if let Some(threshold) = threshold {
                query.add(name, &threshold.to_string());
            }
        }
        if let Some(milliseconds) = self.eot_timeout_ms {
            query.add("eot_timeout_ms", &milliseconds.to_string());
        }
        for term in &self.keyterms {
            query.add("keyterm", term);
        }
        address(self.endpoint.as_ref(), &format!("/v2/listen{query}"))
    }

    /// The address of a request that holds all the audio.
    pub(super) fn prerecorded_address(&self) -> String {
        let mut query = self.audio_query();
        self.add_words(&mut query);
        request_address(self.endpoint.as_ref(), &format!("/v1/listen{query}"))
    }

    fn audio_query(&self) -> Query {
        let mut query = Query::default();
        query.add("model", &self.model);
        if let Some(language) = &self.language {
            query.add("language", language);
        }
        query.add("encoding", "linear16").add("sample_rate", "16000").add("channels", "1");
        query
    }

    /// How words are written, and which to listen for.
    fn add_words(&self, query: &mut Query) {
        query.add("punctuate", if self.punctuate { "true" } else { "false" });
        query.add("smart_format", if self.smart_format { "true" } else { "false" });
        let keyterm = if self.model.starts_with("nova-3") { "keyterm" } else { "keywords" };
        for term in &self.keyterms {
            query.add(keyterm, term);
        }
    }
}

/// How [`DeepgramTts`](super::DeepgramTts) reaches the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DeepgramTtsTransport {
    /// Connections that are kept and used again for the next reply.
    #[default]
    WebSocket,
    /// A request a sentence, where connections cannot be kept. The next one is begun while the last is heard.
    Rest,
}

/// Options of [`DeepgramTts`](super::DeepgramTts). Made by [`new`](Self::new), then changed field by field.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DeepgramTtsConfig {
    /// The API key.
    pub key: Secret,
    /// Where Deepgram is found; `None` is <https://api.deepgram.com>.
    #[serde(rename = "base_url")]
    pub endpoint: Option<Endpoint>,
    /// The voice, which is the model: `aura-2-thalia-en` by default.
    pub voice: String,
    /// In Hz: 8,000, 16,000, 24,000 (the default), 32,000 or 48,000.
    pub sample_rate: u32,
    /// WebSocket by default.
    pub transport: DeepgramTtsTransport,
    /// How long the service may say nothing while it owes audio. 5 s by default.
    #[serde(rename = "stall_timeout_ms", deserialize_with = "crate::milliseconds::deserialize")]
    pub stall_timeout: Duration,
}

impl Default for DeepgramTtsConfig {
    /// The defaults without a key, which has to be set.
    fn default() -> Self {
        Self::new(Secret::new(""))
    }
}

impl DeepgramTtsConfig {
    /// The defaults with this key.
    pub fn new(key: Secret) -> Self {
        Self {
            key,
            endpoint: None,
            voice: "aura-2-thalia-en".to_owned(),
            sample_rate: 24_000,
            transport: DeepgramTtsTransport::default(),
            stall_timeout: Duration::from_secs(5),
        }
    }

    /// The defaults, except for what is given.
    pub fn from_settings(key: Secret, base: Option<Endpoint>, voice: Option<String>) -> Self {
        let defaults = Self::new(key);
        Self { endpoint: base, voice: voice.unwrap_or(defaults.voice), ..defaults }
    }

    /// The address of a connection.
    pub(super) fn address(&self) -> String {
        address(self.endpoint.as_ref(), &format!("/v1/speak{}", self.audio_query()))
    }

    /// The address of requests, which are to be answered by samples alone.
    pub(super) fn request_address(&self) -> String {
        let mut query = self.audio_query();
        query.add("container", "none");
        request_address(self.endpoint.as_ref(), &format!("/v1/speak{query}"))
    }

    fn audio_query(&self) -> Query {
        let mut query = Query::default();
        query.add("model", &self.voice).add("encoding", "linear16");
        query.add("sample_rate", &self.sample_rate.to_string());
        query
    }
}

fn request_address(endpoint: Option<&Endpoint>, path: &str) -> String {
    endpoint.map_or_else(|| format!("{BASE}{path}"), |endpoint| endpoint.http(path))
}

fn address(endpoint: Option<&Endpoint>, path: &str) -> String {
    match endpoint {
        Some(endpoint) => endpoint.websocket(path),
        None => format!("{}{path}", BASE.replacen("https", "wss", 1)),
    }
}
