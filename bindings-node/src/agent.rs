//! An agent: providers and settings shared by its sessions.

use crate::call::{Begin, NodeHost};
use crate::errors::thrown;
use crate::seam::{ForeignLlm, ForeignStt, ForeignTool, ForeignTts, Host};
use crate::session::{NativeSession, Wake};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use voice_core::agent::{Agent, AgentConfig, ClientFormat, SessionOptions};
use voice_core::builtin::{SileroModel, SileroVad};
use voice_core::testing::{FakeLlm, FakeStt, FakeTts};
use voice_core::{Error, ErrorKind, SessionId, SideEffect, Stage, ToolSpec};

/// An agent.
#[napi]
pub struct NativeAgent(Agent);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    #[serde(default)]
    config: AgentConfig,
    stt: Option<Value>,
    llm: Option<Value>,
    tts: Option<Value>,
    #[serde(default)]
    tools: Vec<Described>,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    description: String,
    parameters: Value,
    effect: SideEffect,
    deadline_ms: u64,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Options {
    input_rate: Option<u32>,
    output_rate: Option<u32>,
    instructions: Option<String>,
    context: Option<String>,
    pause: bool,
    echo_cancellation: bool,
    id: Option<String>,
}

fn read<T: for<'de> Deserialize<'de>>(json: &str) -> napi::Result<T> {
    serde_json::from_str(json)
        .map_err(|error| thrown(&Error::new(ErrorKind::InvalidConfig, Stage::Session, error.to_string())))
}

#[napi]
impl NativeAgent {
    /// An agent of these parts; `begin` begins the calls to those that are written in JavaScript.
    #[napi(constructor)]
    pub fn new(parts: String, begin: Begin) -> napi::Result<Self> {
        let parts: Parts = read(&parts)?;
        let host: Arc<dyn Host> = Arc::new(NodeHost(begin));
        let mut builder = Agent::builder().config(parts.config);
        if let Some(stt) = parts.stt {
            builder = if stt["foreign"].is_string() {
                builder.stt(Arc::new(ForeignStt(name(&stt), host.clone())))
            } else {
                builder.stt(Arc::new(FakeStt::new(Duration::from_millis(50), ["hello there"])))
            };
        }
        if let Some(llm) = parts.llm {
            builder = if llm["foreign"].is_string() {
                builder.llm(Arc::new(ForeignLlm(name(&llm), host.clone())))
            } else {
                builder.llm(Arc::new(FakeLlm::new(Duration::from_millis(50), Duration::from_millis(5), "You said {}.")))
            };
        }
        if let Some(tts) = parts.tts {
            builder = if tts["foreign"].is_string() {
                let rate = tts["sample_rate"].as_u64().unwrap_or(16_000) as u32;
                builder.tts(Arc::new(ForeignTts(name(&tts), rate, host.clone())))
            } else {
                builder.tts(Arc::new(FakeTts::new(Duration::from_millis(20), 16_000, Duration::from_millis(10))))
            };
        }
        for Described { name, description, parameters, effect, deadline_ms } in parts.tools {
            let spec = ToolSpec { name, description, parameters, effect, deadline: Duration::from_millis(deadline_ms) };
            builder = builder.tool(Arc::new(ForeignTool(spec, host.clone()))).map_err(|error| thrown(&error))?;
        }
        let silero = SileroModel::embedded().map_err(|error| thrown(&error))?;
        builder = builder.vad(move || Ok(Box::new(SileroVad::new(silero.clone()))));
        Ok(Self(builder.build()))
    }

    /// Opens a session. `wake` is called when there is something to take that was not there before.
    #[napi]
    pub fn open(&self, options: String, wake: Wake) -> napi::Result<NativeSession> {
        let options: Options = read(&options)?;
        let id = options.id.map(|id| SessionId::from(id.as_str()));
        let format = ClientFormat {
            input_rate: options.input_rate.unwrap_or(16_000),
            output_rate: options.output_rate.unwrap_or(16_000),
            can_pause: options.pause,
            echo_cancellation: options.echo_cancellation,
        };
        let options = SessionOptions {
            id,
            format,
            instructions: options.instructions,
            context: options.context,
            recording: None,
        };
        let session = napi::bindgen_prelude::within_runtime_if_available(|| self.0.open(options));
        session.map(|session| NativeSession::new(session, wake)).map_err(|error| thrown(&error))
    }
}

fn name(spec: &Value) -> String {
    spec["foreign"].as_str().unwrap_or_default().to_owned()
}
