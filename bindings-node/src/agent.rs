//! An agent: providers and settings shared by its sessions.

use crate::call::{Begin, NodeHost};
use crate::errors::thrown;
use crate::session::{NativeSession, Wake, message};
use crate::stages::NativeTurnDetector;
use napi::Either;
use napi_derive::napi;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use voice_core::agent::{Agent, AgentConfig, SessionOptions};
use voice_core::foreign::{ForeignHost, ForeignLlm, ForeignStt, ForeignTool, ForeignTts, ForeignVad};
use voice_core::host::{Connection, Ears, providers_json};
use voice_core::stage::{LlmProvider, SttProvider, Tool, TtsProvider};
use voice_core::{Error, ErrorKind, Result, Stage, json};
use voice_providers::catalog::Catalog;
use voice_providers::fallback::{FallbackConfig, FallbackLlm, FallbackStt, FallbackTts};

/// An agent.
#[napi]
pub struct NativeAgent(Agent);

/// What the face gives.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    config: Value,
    ears: Value,
    stt: Vec<Part>,
    llm: Vec<Part>,
    tts: Vec<Part>,
    tools: Vec<Part>,
    vad: Option<Written>,
}

/// A provider: written in JavaScript, or a specification for the catalog.
#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Written(Written),
    Specified(Value),
}

/// What is written in JavaScript.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Its number in the calls.
    foreign: u32,
    name: String,
    #[serde(default)]
    sample_rate: u32,
    #[serde(default)]
    window_len: usize,
    /// Of a tool: what is told of it.
    #[serde(default)]
    description: Value,
}

/// Where calls to what is written in JavaScript begin.
struct Hosts(Arc<Begin>);

impl Hosts {
    fn of(&self, written: &Written) -> Arc<dyn ForeignHost> {
        Arc::new(NodeHost { begin: self.0.clone(), number: written.foreign })
    }
}

#[napi]
impl NativeAgent {
    /// An agent of these parts; `begin` begins the calls to those that are written in JavaScript.
    #[napi(constructor, catch_unwind)]
    pub fn new(parts: String, begin: Begin, turn_detector: Option<&NativeTurnDetector>) -> napi::Result<Self> {
        build(&parts, Hosts(Arc::new(begin)), turn_detector).map(Self).map_err(|error| thrown(&error))
    }

    /// The names of its providers, as JSON.
    #[napi(catch_unwind)]
    pub fn providers(&self) -> String {
        providers_json(&self.0.providers())
    }

    /// Opens a session. `wake` is called when there is something to take that was not there before.
    #[napi(catch_unwind)]
    pub fn open(&self, options: String, wake: Wake) -> napi::Result<NativeSession> {
        let open = || Connection::open(&self.0, SessionOptions::from_json(&options)?);
        let connection = napi::bindgen_prelude::within_runtime_if_available(open);
        connection.map(|connection| NativeSession::new(connection, wake)).map_err(|error| thrown(&error))
    }

    /// Opens a session for a client on a WebSocket, whose first message this is; none when none came for 250 ms.
    #[napi(catch_unwind)]
    pub fn accept(
        &self,
        options: String,
        first: Option<Either<String, &[u8]>>,
        wake: Wake,
    ) -> napi::Result<NativeSession> {
        let accept = || {
            let options = SessionOptions::from_json(&options)?;
            // It waits for nothing: a session that has just begun has room for one message.
            futures::FutureExt::now_or_never(Connection::accept(&self.0, options, first.map(message)))
                .unwrap_or_else(|| Err(wrong(Stage::Session, "the first message is too long")))
        };
        let connection = napi::bindgen_prelude::within_runtime_if_available(accept);
        connection.map(|connection| NativeSession::new(connection, wake)).map_err(|error| thrown(&error))
    }
}

fn build(parts: &str, hosts: Hosts, turn_detector: Option<&NativeTurnDetector>) -> Result<Agent> {
    let Parts { config, ears, stt, llm, tts, tools, vad } =
        json::read(parts, ErrorKind::InvalidConfig, Stage::Session)?;
    let catalog = Catalog::of_process();
    let builder = Agent::builder().config(AgentConfig::from_json(&config.to_string())?);
    let mut builder = Ears::from_json(&ears.to_string())?.give_to(builder)?;
    if let Some(stt) = one_of(stt, |part| hosts.stt(part, &catalog), FallbackStt::new, |all| Arc::new(all))? {
        builder = builder.stt(stt);
    }
    if let Some(llm) = one_of(llm, |part| hosts.llm(part, &catalog), FallbackLlm::new, |all| Arc::new(all))? {
        builder = builder.llm(llm);
    }
    if let Some(tts) = one_of(tts, |part| hosts.tts(part, &catalog), FallbackTts::new, |all| Arc::new(all))? {
        builder = builder.tts(tts);
    }
    if let Some(written) = vad {
        let host = hosts.of(&written);
        builder = builder.vad(move || Ok(Box::new(ForeignVad::new(written.sample_rate, written.window_len, &*host)?)));
    }
    if let Some(detector) = turn_detector {
        builder = builder.turn_detector(detector.shared());
    }
    for part in tools {
        builder = builder.tool(hosts.tool(part, &catalog)?)?;
    }
    Ok(builder.build())
}

/// The one provider of a stage, or several that take each other's place.
fn one_of<P: ?Sized, All>(
    parts: Vec<Part>,
    make: impl Fn(Part) -> Result<Arc<P>>,
    several: impl FnOnce(Vec<Arc<P>>, FallbackConfig) -> Result<All>,
    wrap: impl FnOnce(All) -> Arc<P>,
) -> Result<Option<Arc<P>>> {
    let mut providers = parts.into_iter().map(make).collect::<Result<Vec<_>>>()?;
    match providers.len() {
        0 | 1 => Ok(providers.pop()),
        _ => several(providers, FallbackConfig::default()).map(|all| Some(wrap(all))),
    }
}

impl Hosts {
    fn stt(&self, part: Part, catalog: &Catalog<'_>) -> Result<Arc<dyn SttProvider>> {
        match part {
            Part::Written(written) => Ok(Arc::new(ForeignStt::new(&*written.name, self.of(&written)))),
            Part::Specified(specification) => catalog.stt(&specification.to_string()),
        }
    }

    fn llm(&self, part: Part, catalog: &Catalog<'_>) -> Result<Arc<dyn LlmProvider>> {
        match part {
            Part::Written(written) => Ok(Arc::new(ForeignLlm::new(&*written.name, self.of(&written)))),
            Part::Specified(specification) => catalog.llm(&specification.to_string()),
        }
    }

    fn tts(&self, part: Part, catalog: &Catalog<'_>) -> Result<Arc<dyn TtsProvider>> {
        match part {
            Part::Written(written) if !(4_000..=192_000).contains(&written.sample_rate) => {
                Err(wrong(Stage::Tts, "`sampleRate` of a synthesiser: 4000 … 192000 Hz"))
            }
            Part::Written(written) => {
                Ok(Arc::new(ForeignTts::new(&*written.name, written.sample_rate, self.of(&written))))
            }
            Part::Specified(specification) => catalog.tts(&specification.to_string()),
        }
    }

    fn tool(&self, part: Part, catalog: &Catalog<'_>) -> Result<Arc<dyn Tool>> {
        match part {
            Part::Written(written) => {
                Ok(Arc::new(ForeignTool::new(&written.description.to_string(), self.of(&written))?))
            }
            Part::Specified(specification) => catalog.tool(&specification.to_string()),
        }
    }
}

fn wrong(stage: Stage, problem: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, stage, problem)
}
