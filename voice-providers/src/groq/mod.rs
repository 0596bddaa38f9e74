//! Groq: its settings of the dialect in [`openai`](crate::openai).
//!
//! The base URL is that of the host, `https://api.groq.com`; `/openai/v1` is added unless it ends so already.

use crate::openai::{MaxTokensField, OpenAiLlm, OpenAiLlmConfig, OpenAiStt, OpenAiSttConfig, Service};
use crate::{Endpoint, Secret};
use voice_core::Result;

static GROQ: Service = Service {
    name: "groq",
    title: "Groq",
    base: "https://api.groq.com",
    path: "/openai/v1",
    key: "GROQ_API_KEY",
    llm: Some("openai/gpt-oss-120b"),
    stt: Some("whisper-large-v3-turbo"),
    max_tokens: MaxTokensField::MaxCompletionTokens,
    efforts: &[("openai/gpt-oss", "low"), ("qwen/", "none")],
};

/// A language model at Groq; `openai/gpt-oss-120b` unless another is named.
///
/// # Errors
/// `Auth` without a key, unless `base_url` names another host.
pub fn llm(key: Option<Secret>, model: Option<String>, base_url: Option<Endpoint>) -> Result<OpenAiLlm> {
    llm_with(OpenAiLlmConfig { key, model, base_url, ..OpenAiLlmConfig::default() })
}

/// The same with all options.
///
/// # Errors
/// As [`OpenAiLlm::new`].
pub fn llm_with(config: OpenAiLlmConfig) -> Result<OpenAiLlm> {
    OpenAiLlm::of(&GROQ, config)
}

/// Transcription at Groq; by `whisper-large-v3-turbo` unless another model is named. `language` is a tag such as `en`
/// or `en-US`; naming it makes transcripts faster and safer.
///
/// # Errors
/// As [`llm`].
pub fn stt(
    key: Option<Secret>,
    model: Option<String>,
    language: Option<String>,
    base_url: Option<Endpoint>,
) -> Result<OpenAiStt> {
    stt_with(OpenAiSttConfig { key, model, language, base_url, ..OpenAiSttConfig::default() })
}

/// The same with all options.
///
/// # Errors
/// As [`OpenAiStt::new`].
pub fn stt_with(config: OpenAiSttConfig) -> Result<OpenAiStt> {
    OpenAiStt::of(&GROQ, config)
}
