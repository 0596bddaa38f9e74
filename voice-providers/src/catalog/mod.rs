//! Providers by specification: `{"provider":"deepgram","model":"nova-3",…}`, where what stands beside `provider` are the
//! fields of that provider's own settings, under their own names, times in ms. A name alone is enough, with a model where
//! one is to be chosen (`"groq:openai/gpt-oss-120b"`), and a list is several providers of which the next takes over when the
//! first fails; `{"provider":"fallback","of":[…],…}` is the same with settings.
//!
//! | stage | providers |
//! |---|---|
//! | `stt` | `deepgram` `groq` `openai` `local` `fake` |
//! | `llm` | `groq` `openai` `local` `fake` |
//! | `tts` | `cartesia` `deepgram` `local` `fake` |
//! | `tool` | `tavily` (web search), `tavily_extract` (the text of web pages) |
//!
//! A `key` or `base_url` that is left out is looked for in the environment, under the names of the configuration:
//! `DEEPGRAM_API_KEY`, `DEEPGRAM_BASE_URL` and so on. An unknown provider, one that this build does not have, and a field that
//! is unknown or wrong are errors of the kind `InvalidConfig` that name it.
//!
//! ```
//! # #[cfg(feature = "local")]
//! # fn main() -> voice_core::Result<()> {
//! use voice_providers::catalog::Catalog;
//!
//! let catalog = Catalog::new(|_name: &str| None);
//! let brain = catalog.llm(r#"{"provider":"local","word_interval_ms":0}"#)?;
//! assert_eq!(brain.name(), "local");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "local"))]
//! # fn main() {}
//! ```

#[cfg(feature = "testing")]
mod fakes;
mod makers;
mod specification;

use crate::fallback::{FallbackConfig, FallbackLlm, FallbackStt, FallbackTts};
use specification::Specification;
use std::sync::Arc;
use voice_core::stage::{LlmProvider, SttProvider, Tool, TtsProvider};
use voice_core::{Error, ErrorKind, Result, Stage};

/// Gives the value of a variable.
type Environment<'a> = Box<dyn Fn(&str) -> Option<String> + 'a>;

/// Makes providers of their specifications.
pub struct Catalog<'a> {
    environment: Environment<'a>,
}

/// One provider, or several of which one serves.
enum Chosen {
    One(Specification),
    Several(Vec<Specification>, FallbackConfig),
}

impl<'a> Catalog<'a> {
    /// A catalog that looks for keys and addresses in `environment`. An empty value means unset.
    pub fn new(environment: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self { environment: Box::new(environment) }
    }

    /// A catalog that looks in the environment of this process.
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// A recogniser.
    ///
    /// # Errors
    /// `InvalidConfig`; `Auth` without a key that is needed; `EngineMissing` for what is not installed.
    pub fn stt(&self, specification: &str) -> Result<Arc<dyn SttProvider>> {
        let several = |all, config| FallbackStt::new(all, config).map(|stt| Arc::new(stt) as _);
        self.make(Stage::Stt, specification, makers::stt, several)
    }

    /// A language model.
    ///
    /// # Errors
    /// As [`stt`](Self::stt).
    pub fn llm(&self, specification: &str) -> Result<Arc<dyn LlmProvider>> {
        let several = |all, config| FallbackLlm::new(all, config).map(|llm| Arc::new(llm) as _);
        self.make(Stage::Llm, specification, makers::llm, several)
    }

    /// A synthesiser.
    ///
    /// # Errors
    /// As [`stt`](Self::stt).
    pub fn tts(&self, specification: &str) -> Result<Arc<dyn TtsProvider>> {
        let several = |all, config| FallbackTts::new(all, config).map(|tts| Arc::new(tts) as _);
        self.make(Stage::Tts, specification, makers::tts, several)
    }

    /// A tool.
    ///
    /// # Errors
    /// As [`stt`](Self::stt).
    pub fn tool(&self, specification: &str) -> Result<Arc<dyn Tool>> {
        let several = |_, _| Err(wrong(Stage::Tool, "tools do not take each other's place; give them one by one"));
        self.make(Stage::Tool, specification, makers::tool, several)
    }

    fn make<P: ?Sized>(
        &self,
        stage: Stage,
        specification: &str,
        make: impl Fn(Specification) -> Result<Arc<P>>,
        several: impl FnOnce(Vec<Arc<P>>, FallbackConfig) -> Result<Arc<P>>,
    ) -> Result<Arc<P>> {
        let make = |one: Specification| make(one.completed(&*self.environment));
        match Chosen::read(stage, specification)? {
            Chosen::One(one) => make(one),
            Chosen::Several(all, config) => several(all.into_iter().map(make).collect::<Result<_>>()?, config),
        }
    }
}

impl Chosen {
    fn read(stage: Stage, specification: &str) -> Result<Self> {
        let value = serde_json::from_str(specification)
            .map_err(|error| wrong(stage, format!("a provider's specification: {error}")))?;
        match value {
            serde_json::Value::Array(all) => Self::several(stage, all, FallbackConfig::default()),
            value => {
                let mut one = Specification::read(stage, value)?;
                if one.provider != "fallback" {
                    return Ok(Self::One(one));
                }
                let serde_json::Value::Array(all) = one.take("of") else {
                    return Err(wrong(stage, "`of`: the providers of a fallback, as a list"));
                };
                Self::several(stage, all, one.settings()?)
            }
        }
    }

    fn several(stage: Stage, all: Vec<serde_json::Value>, config: FallbackConfig) -> Result<Self> {
        let all = all.into_iter().map(|one| Specification::read(stage, one)).collect::<Result<Vec<_>>>()?;
        Ok(Self::Several(all, config))
    }
}

/// The providers of this build, by stage: `{"stt":["deepgram",…],"llm":[…],"tts":[…],"tool":[…]}`.
pub fn report() -> serde_json::Value {
    let cloud = |name: &'static str, built: bool| built.then_some(name);
    let deepgram = cloud("deepgram", cfg!(feature = "deepgram"));
    let cartesia = cloud("cartesia", cfg!(feature = "cartesia"));
    let openai = cloud("openai", cfg!(feature = "openai"));
    let groq = cloud("groq", cfg!(feature = "openai"));
    let tavily = cloud("tavily", cfg!(feature = "tavily"));
    let extract = cloud("tavily_extract", cfg!(feature = "tavily"));
    let local = cloud("local", cfg!(feature = "local"));
    let fake = cloud("fake", cfg!(feature = "testing"));
    let names = |names: &[Option<&'static str>]| names.iter().flatten().copied().collect::<Vec<_>>();
    serde_json::json!({
        "stt": names(&[deepgram, groq, openai, local, fake]),
        "llm": names(&[groq, openai, local, fake]),
        "tts": names(&[cartesia, deepgram, local, fake]),
        "tool": names(&[tavily, extract]),
    })
}

fn wrong(stage: Stage, problem: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidConfig, stage, problem)
}
