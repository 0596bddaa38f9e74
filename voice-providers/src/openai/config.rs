//! Options of the dialect. What is left out takes the value that the service suggests.

use crate::{Endpoint, Secret};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The name under which a server takes the limit of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MaxTokensField {
    /// `max_completion_tokens`: OpenAI and Groq. OpenAI's newer models refuse the older name.
    MaxCompletionTokens,
    /// `max_tokens`: the older name, which most other servers know alone.
    MaxTokens,
}

/// Options of a language model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct OpenAiLlmConfig {
    /// Where the server is found. For OpenAI and servers like it with its path, usually `/v1`; for Groq without.
    pub base_url: Option<Endpoint>,
    /// The key. Needed by the service itself; a server elsewhere may do without.
    pub key: Option<Secret>,
    /// The model. Must be named for a server elsewhere.
    pub model: Option<String>,
    /// How freely it chooses its words, 0 … 2. Some reasoning models refuse any value but their own.
    pub temperature: Option<f32>,
    /// The longest answer, in tokens. Reasoning counts too: too small a value gives an empty answer.
    pub max_tokens: Option<u32>,
    /// The name of that field.
    pub max_tokens_field: Option<MaxTokensField>,
    /// How much it thinks before it speaks: `none`, `minimal`, `low`, … as the model knows them. Each step delays the
    /// first word. An empty text leaves the field out.
    pub reasoning_effort: Option<String>,
    /// More headers of each request. Their values are treated as secrets.
    pub headers: BTreeMap<String, Secret>,
    /// More fields of each request's body. Those that have an option of their own are refused here.
    pub body: Map<String, Value>,
    /// From the request to the first word, a second try included, in ms.
    pub first_token_timeout_ms: u64,
    /// Between two events of the answer, in ms.
    pub gap_timeout_ms: u64,
}

impl Default for OpenAiLlmConfig {
    fn default() -> Self {
        Self {
            base_url: None,
            key: None,
            model: None,
            temperature: None,
            max_tokens: None,
            max_tokens_field: None,
            reasoning_effort: None,
            headers: BTreeMap::new(),
            body: Map::new(),
            first_token_timeout_ms: 5_000,
            gap_timeout_ms: 15_000,
        }
    }
}

/// Options of transcription.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct OpenAiSttConfig {
    /// As in [`OpenAiLlmConfig`].
    pub base_url: Option<Endpoint>,
    /// As in [`OpenAiLlmConfig`].
    pub key: Option<Secret>,
    /// The model. Must be named for a server elsewhere.
    pub model: Option<String>,
    /// The language spoken: a tag such as `en` or `en-US`, of which the service gets the first part. Without it the
    /// model guesses, which takes longer and goes wrong on short answers.
    pub language: Option<String>,
    /// Words and names to expect, at most 224 tokens.
    pub prompt: Option<String>,
    /// Whether to ask for `verbose_json`, which silence is told by. By default for models with `whisper` in their name;
    /// others refuse it.
    pub verbose: Option<bool>,
    /// A segment counts as silence when its `no_speech_prob` is above this …
    pub no_speech_threshold: f64,
    /// … and its `avg_logprob` below this. The two defaults are Whisper's own.
    pub log_probability_threshold: f64,
    /// More headers of each request. Their values are treated as secrets.
    pub headers: BTreeMap<String, Secret>,
    /// From the request to its transcript, waiting in line and a second try included, in ms.
    pub timeout_ms: u64,
    /// Requests of all sessions under way at once; more wait in line.
    pub max_concurrent: usize,
}

impl Default for OpenAiSttConfig {
    fn default() -> Self {
        Self {
            base_url: None,
            key: None,
            model: None,
            language: None,
            prompt: None,
            verbose: None,
            no_speech_threshold: 0.6,
            log_probability_threshold: -1.0,
            headers: BTreeMap::new(),
            timeout_ms: 10_000,
            max_concurrent: 64,
        }
    }
}
