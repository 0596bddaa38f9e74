//! Who makes the provider of a name.

use super::specification::Specification;
use super::wrong;
use std::sync::Arc;
use voice_core::stage::{LlmProvider, SttProvider, Tool, TtsProvider};
use voice_core::{Error, Result};

pub(super) fn stt(one: Specification) -> Result<Arc<dyn SttProvider>> {
    match one.provider.as_str() {
        #[cfg(feature = "deepgram")]
        "deepgram" => Ok(Arc::new(crate::deepgram::DeepgramStt::new(one.settings()?)?)),
        #[cfg(feature = "openai")]
        "groq" => Ok(Arc::new(crate::groq::stt_with(one.settings()?)?)),
        #[cfg(feature = "openai")]
        "openai" => Ok(Arc::new(crate::openai::OpenAiStt::new(one.settings()?)?)),
        #[cfg(feature = "local")]
        "local" => Ok(Arc::new(crate::local::LocalStt::load(one.settings()?)?)),
        #[cfg(feature = "testing")]
        "fake" => Ok(Arc::new(super::fakes::stt(one.settings()?))),
        _ => Err(unknown(&one, "deepgram, groq, openai, local, fake")),
    }
}

pub(super) fn llm(one: Specification) -> Result<Arc<dyn LlmProvider>> {
    match one.provider.as_str() {
        #[cfg(feature = "openai")]
        "groq" => Ok(Arc::new(crate::groq::llm_with(one.settings()?)?)),
        #[cfg(feature = "openai")]
        "openai" => Ok(Arc::new(crate::openai::OpenAiLlm::new(one.settings()?)?)),
        #[cfg(feature = "local")]
        "local" => Ok(Arc::new(crate::local::DemoBrain::new(one.settings()?)?)),
        #[cfg(feature = "testing")]
        "fake" => Ok(Arc::new(super::fakes::llm(one.settings()?))),
        _ => Err(unknown(&one, "groq, openai, local, fake")),
    }
}

pub(super) fn tts(one: Specification) -> Result<Arc<dyn TtsProvider>> {
    match one.provider.as_str() {
        #[cfg(feature = "cartesia")]
        "cartesia" => Ok(Arc::new(crate::cartesia::CartesiaTts::new(one.settings()?)?)),
        #[cfg(feature = "deepgram")]
        "deepgram" => Ok(Arc::new(crate::deepgram::DeepgramTts::new(one.settings()?)?)),
        #[cfg(feature = "local")]
        "local" => Ok(Arc::new(crate::local::LocalTts::load(one.settings()?)?)),
        #[cfg(feature = "testing")]
        "fake" => Ok(Arc::new(super::fakes::tts(one.settings()?))),
        _ => Err(unknown(&one, "cartesia, deepgram, local, fake")),
    }
}

pub(super) fn tool(one: Specification) -> Result<Arc<dyn Tool>> {
    match one.provider.as_str() {
        #[cfg(feature = "tavily")]
        "tavily" => Ok(Arc::new(crate::tavily::WebSearch::new(one.settings()?)?)),
        #[cfg(feature = "tavily")]
        "tavily_extract" => Ok(Arc::new(crate::tavily::WebExtract::new(one.settings()?)?)),
        _ => Err(unknown(&one, "tavily, tavily_extract")),
    }
}

/// One of these that this build does not have, or none of them.
fn unknown(one: &Specification, known: &str) -> Error {
    let Specification { stage, provider, .. } = one;
    let problem = match known.split(", ").any(|name| name == provider) {
        true => format!("`provider`: {provider} is not part of this build"),
        false => format!("`provider`: {provider:?} is no provider of {stage}; there are {known}"),
    };
    wrong(*stage, problem)
}
