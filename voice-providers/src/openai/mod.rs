//! OpenAI, and every server that speaks its dialect: Groq, Ollama, vLLM, llama.cpp.
//!
//! [`OpenAiLlm`] streams chat completions, [`OpenAiStt`] transcribes whole utterances. What differs between services is
//! data: names, addresses and defaults.

mod answer;
mod config;
mod connection;
mod limits;
mod llm;
mod reasoning;
mod stt;
mod turn;
mod wire;

pub use config::{MaxTokensField, OpenAiLlmConfig, OpenAiSttConfig};
pub use llm::OpenAiLlm;
pub use stt::OpenAiStt;

use crate::Endpoint;
use crate::http::Asked;
use voice_core::{Result, Stage};

/// One service that speaks the dialect.
#[derive(Debug)]
pub(crate) struct Service {
    /// Its name in configuration, and in the words of an error.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// Where it is found, and what is added to this and to any address given in its place.
    pub(crate) base: &'static str,
    pub(crate) path: &'static str,
    /// The setting that holds its key.
    pub(crate) key: &'static str,
    /// Models taken where none is named; `None` where one must be.
    pub(crate) llm: Option<&'static str>,
    pub(crate) stt: Option<&'static str>,
    /// Under which name it takes the limit of an answer.
    pub(crate) max_tokens: MaxTokensField,
    /// The reasoning effort that suits a voice, by the beginning of the model's name; the first that fits.
    pub(crate) efforts: &'static [(&'static str, &'static str)],
}

static OPENAI: Service = Service {
    name: "openai",
    title: "OpenAI",
    base: "https://api.openai.com/v1",
    path: "",
    key: "OPENAI_API_KEY",
    llm: Some("gpt-5.4-mini"),
    stt: Some("whisper-1"),
    max_tokens: MaxTokensField::MaxCompletionTokens,
    // The first models of the generation cannot do without, the later ones can.
    efforts: &[("gpt-5-chat", ""), ("gpt-5-", "minimal"), ("gpt-5.", "none")],
};

/// Any other server under OpenAI's name: it has models of its own and may know only the older field names.
static COMPATIBLE: Service = Service {
    name: "openai",
    title: "the OpenAI-compatible server",
    base: OPENAI.base,
    path: "",
    key: OPENAI.key,
    llm: None,
    stt: None,
    max_tokens: MaxTokensField::MaxTokens,
    efforts: &[],
};

impl Service {
    /// OpenAI itself, or a server that speaks its dialect elsewhere.
    fn at(base_url: Option<&Endpoint>) -> &'static Self {
        match base_url {
            Some(url) if OPENAI.is_elsewhere(url) => &COMPATIBLE,
            _ => &OPENAI,
        }
    }

    /// Whether this is another host than the service's own, which needs none of its keys.
    fn is_elsewhere(&self, url: &Endpoint) -> bool {
        let origin = |url: &str| url.split('/').take(3).map(str::to_ascii_lowercase).collect::<Vec<_>>();
        origin(&url.http("")) != origin(self.base)
    }

    /// Address of the API, without a slash at the end.
    fn api(&self, base_url: Option<&Endpoint>) -> Result<String> {
        let base = match base_url {
            Some(url) => url.http(""),
            None => self.base.parse::<Endpoint>()?.http(""),
        };
        Ok(if base.ends_with(self.path) { base } else { base + self.path })
    }

    fn asked(&self, stage: Stage) -> Asked {
        let model = if stage == Stage::Stt { "STT" } else { "LLM" };
        Asked { service: self.title, stage, key: self.key, model }
    }

    fn effort(&self, model: &str) -> Option<&'static str> {
        let effort = self.efforts.iter().find(|(prefix, _)| model.starts_with(prefix)).map(|(_, effort)| *effort);
        effort.filter(|effort| !effort.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_host_is_another_service() {
        for (url, service) in [
            ("https://api.openai.com/v1", &OPENAI),
            ("https://API.openai.com/v1/", &OPENAI),
            ("http://localhost:11434/v1", &COMPATIBLE),
            ("https://api.openai.com.example/v1", &COMPATIBLE),
        ] {
            assert_eq!(Service::at(Some(&url.parse().unwrap())).title, service.title, "{url}");
        }
        assert_eq!(Service::at(None).title, OPENAI.title);
    }

    #[test]
    fn the_effort_follows_the_model() {
        for (model, effort) in [
            ("gpt-5.4-mini", Some("none")),
            ("gpt-5-mini", Some("minimal")),
            ("gpt-5-chat-latest", None),
            ("gpt-4.1-mini", None),
        ] {
            assert_eq!(OPENAI.effort(model), effort, "{model}");
        }
        assert_eq!(COMPATIBLE.effort("gpt-5.4-mini"), None);
    }
}
