//! Runs a script.

use super::client::Client;
use super::hearing::{ScriptedStt, ScriptedVad};
use super::host::serve;
use super::script::{ForeignStage, Script, wrong};
use super::stages::{ScriptedLlm, ScriptedTool, ScriptedTts};
use crate::agent::{Agent, AgentBuilder, AgentConfig, SessionOptions, StandbyLine};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::foreign::{ClockHold, ForeignCall, ForeignHost, ForeignLlm, ForeignTool, ForeignTts};
use crate::host::Connection;
use crate::id::SessionId;
use crate::stage::{LlmProvider, Tool, TtsProvider};
use futures::stream::{FuturesUnordered, StreamExt};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::mpsc;

/// Calls that may wait for the thread of a host in Rust.
const CALLS: usize = 64;

/// Who serves the stages that a script leaves to a host. A stage without one is served in Rust, and gives the same log.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Hosts {
    /// The language model.
    pub llm: Option<Arc<dyn ForeignHost>>,
    /// The synthesiser.
    pub tts: Option<Arc<dyn ForeignHost>>,
    /// All tools.
    pub tools: Option<Arc<dyn ForeignHost>>,
}

impl Hosts {
    /// Serves everything that `script` leaves to a host in Rust, through the same seam as a host in another language: on a
    /// thread of its own, which ends with the last of its calls when the hosts are dropped.
    ///
    /// # Errors
    /// As [`run`].
    pub fn on_a_thread(script: &str) -> Result<Self> {
        let script = Script::read(script)?;
        let llm = script.llm.map(|timed| timed.says);
        let tts = script.tts.map(|timed| timed.says);
        let tools: Vec<_> = script.tools.into_iter().map(|timed| timed.says).collect();
        let (calls, mut waiting) = mpsc::channel(CALLS);
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(no_runtime)?;
        std::thread::spawn(move || {
            runtime.block_on(async {
                let mut alive = FuturesUnordered::new();
                loop {
                    tokio::select! {
                        Some(()) = alive.next() => {}
                        call = waiting.recv() => match call {
                            Some(call) => alive.push(serve(call, llm.as_ref(), tts.as_ref(), &tools)),
                            None => break,
                        },
                    }
                }
                while alive.next().await.is_some() {}
            });
        });
        let host: Arc<dyn ForeignHost> = Arc::new(move |call: ForeignCall| {
            // A call that finds no room is dropped, which fails it.
            let _ = calls.try_send(call);
        });
        Ok(Self { llm: Some(host.clone()), tts: Some(host.clone()), tools: Some(host) })
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { llm, tts, tools } = self;
        f.debug_struct("Hosts")
            .field("llm", &llm.is_some())
            .field("tts", &tts.is_some())
            .field("tools", &tools.is_some())
            .finish()
    }
}

/// Runs a script, from the opening of the session to its end, and gives the log. Takes as long as it takes to compute, on a
/// runtime of its own: not to be called from inside one, nor from the thread that serves the hosts.
///
/// # Errors
/// `InvalidInput` for a script that makes no sense, naming the field; what opening the session says.
pub fn run(script: &str, hosts: &Hosts) -> Result<Vec<String>> {
    let script = Script::read(script)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.map_err(no_runtime)?.block_on(async {
        let mut options = SessionOptions::from_json(&object(&script.session))?;
        options.id.get_or_insert(SessionId::from("scripted"));
        let format = options.format;
        let connection = Connection::open(&agent(&script, hosts)?, options)?;
        Client::new(connection, format, script).run().await
    })
}

fn no_runtime(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, Stage::Session, "no runtime for a script").with_source(error)
}

fn object(fields: &serde_json::Map<String, serde_json::Value>) -> String {
    crate::json::written(fields)
}

fn agent(script: &Script, hosts: &Hosts) -> Result<Agent> {
    let host = |stage, host: &Option<Arc<dyn ForeignHost>>| host.clone().filter(|_| script.foreign.contains(&stage));
    let clock = ClockHold::current();
    let mut builder = Agent::builder().config(AgentConfig::from_json(&object(&script.agent))?);
    if let Some(says) = &script.stt {
        builder = builder.stt(Arc::new(ScriptedStt(Arc::new(says.clone())))).vad(|| Ok(Box::new(ScriptedVad)));
    }
    if let Some(timed) = &script.llm {
        let foreign = host(ForeignStage::Llm, &hosts.llm)
            .map(|host| Arc::new(ForeignLlm::new("scripted", host).holding(clock.clone())) as Arc<dyn LlmProvider>);
        builder = builder.llm(Arc::new(ScriptedLlm::new(timed.clone(), foreign)));
    }
    if let Some(timed) = &script.tts {
        let foreign = host(ForeignStage::Tts, &hosts.tts).map(|host| {
            let tts = ForeignTts::new("scripted", timed.says.sample_rate, host);
            Arc::new(tts.holding(clock.clone())) as Arc<dyn TtsProvider>
        });
        builder = builder.tts(Arc::new(ScriptedTts::new(timed.clone(), foreign)));
    }
    if let Some(ms) = script.standby_line_ms {
        builder = builder.standby_line(StandbyLine::new(16_000, vec![-1; ms as usize * 16])?);
    }
    tools(script, builder, host(ForeignStage::Tools, &hosts.tools), clock.as_ref()).map(AgentBuilder::build)
}

fn tools(
    script: &Script,
    builder: AgentBuilder,
    host: Option<Arc<dyn ForeignHost>>,
    clock: Option<&ClockHold>,
) -> Result<AgentBuilder> {
    // Never called where the tool is served in Rust.
    let nobody: Arc<dyn ForeignHost> = Arc::new(drop::<ForeignCall>);
    let called = Arc::new(AtomicU64::new(0));
    script.tools.iter().try_fold(builder, |builder, timed| {
        let tool = ForeignTool::new(&object(&timed.says.spec), host.clone().unwrap_or_else(|| nobody.clone()))
            .map_err(|error| wrong(error.message().to_owned()))?
            .holding(clock.cloned());
        let spec = tool.spec().clone();
        let inner = host.is_some().then(|| Arc::new(tool) as Arc<dyn Tool>);
        builder.tool(Arc::new(ScriptedTool::new(spec, timed.clone(), inner, called.clone())))
    })
}
