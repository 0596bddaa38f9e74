//! An agent, put together on the event loop of its sessions.

use crate::errors::raise;
use crate::foreign::{Foreign, field};
use crate::mailbox::Letters;
use crate::stages::SharedDetector;
use pyo3::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};
use voice_core::agent::{Agent as Core, AgentBuilder, AgentConfig};
use voice_core::foreign::{ForeignCall, ForeignHost, ForeignLlm, ForeignStt, ForeignTool, ForeignTts, ForeignVad};
use voice_core::host::{Ears, providers_json};
use voice_core::stage::{LlmProvider, SttProvider, Tool, TtsProvider};
use voice_core::{Error, ErrorKind, Result, Stage};
use voice_providers::catalog::Catalog;
use voice_providers::fallback::{FallbackConfig, FallbackLlm, FallbackStt, FallbackTts};

/// A provider: a specification for the catalog, as JSON, or one written in Python.
#[derive(FromPyObject)]
pub(crate) enum Part {
    Specified(String),
    Written(Py<Foreign>),
}

/// The parts of an agent. Several of a stage take each other's place when one fails.
#[pyclass(frozen, module = "voice_agent._native")]
pub(crate) struct Agent {
    config: AgentConfig,
    stt: Vec<Made<dyn SttProvider>>,
    llm: Vec<Made<dyn LlmProvider>>,
    tts: Vec<Made<dyn TtsProvider>>,
    tools: Vec<Made<dyn Tool>>,
    ears: Ears,
    vad: Option<Py<Foreign>>,
    turn_detector: Option<SharedDetector>,
    /// Their names, as JSON.
    providers: String,
    /// The agent on the loop that was used last.
    bound: Mutex<Option<(Arc<Letters>, Core)>>,
}

/// A provider of the catalog is made once; one written in Python is bound to each loop.
enum Made<P: ?Sized> {
    Ready(Arc<P>),
    Written(Py<Foreign>),
}

#[pymethods]
impl Agent {
    /// `ears` are the engines that are built in, `vad` a detector written in Python.
    #[new]
    #[allow(clippy::too_many_arguments)] // An agent has that many parts; Python names them.
    #[pyo3(signature = (config, *, ears, stt, llm, tts, tools, vad, turn_detector))]
    fn new(
        py: Python<'_>,
        config: &str,
        ears: &str,
        stt: Vec<Part>,
        llm: Vec<Part>,
        tts: Vec<Part>,
        tools: Vec<Part>,
        vad: Option<Py<Foreign>>,
        turn_detector: Option<SharedDetector>,
    ) -> PyResult<Self> {
        // Loading a model takes a while, and nothing of it is Python's.
        let made = py.detach(|| -> Result<_> {
            let catalog = Catalog::of_process();
            let (config, ears) = (AgentConfig::from_json(config)?, Ears::from_json(ears)?);
            let stt = made(stt, |one| catalog.stt(one))?;
            let llm = made(llm, |one| catalog.llm(one))?;
            let tts = made(tts, |one| catalog.tts(one))?;
            let tools = made(tools, |one| catalog.tool(one))?;
            let (providers, bound) = (String::new(), Mutex::default());
            Ok(Self { config, stt, llm, tts, tools, ears, vad, turn_detector, providers, bound })
        });
        let mut agent = made.map_err(raise)?;
        // What does not fit together is told here, and not when a session is opened.
        agent.providers = providers_json(&agent.build(&|_| Arc::new(drop::<ForeignCall>))?.providers());
        Ok(agent)
    }

    /// The names of the providers, as JSON; with `null` where a stage is missing.
    fn providers(&self) -> &str {
        &self.providers
    }
}

impl Agent {
    /// The agent on this loop.
    pub(crate) fn on(&self, letters: &Arc<Letters>) -> PyResult<Core> {
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, core)) = &*bound
            && Arc::ptr_eq(at, letters)
        {
            return Ok(core.clone());
        }
        let core = self.build(&|written| written.get().on(letters))?;
        *bound = Some((letters.clone(), core.clone()));
        Ok(core)
    }

    fn build(&self, host: &Bind<'_>) -> PyResult<Core> {
        let mut builder = self.ears.give_to(Core::builder().config(self.config.clone())).map_err(raise)?;
        if let Some(stt) = one_of(&self.stt, stt_of(host), FallbackStt::new, |all| Arc::new(all))? {
            builder = builder.stt(stt);
        }
        if let Some(llm) = one_of(&self.llm, llm_of(host), FallbackLlm::new, |all| Arc::new(all))? {
            builder = builder.llm(llm);
        }
        if let Some(tts) = one_of(&self.tts, tts_of(host), FallbackTts::new, |all| Arc::new(all))? {
            builder = builder.tts(tts);
        }
        if let Some(detector) = &self.turn_detector {
            builder = builder.turn_detector(detector.get());
        }
        if let Some(written) = &self.vad {
            builder = hear(builder, host(written), &written.get().description)?;
        }
        for tool in &self.tools {
            builder = builder.tool(tool.on(&tool_of(host))?).map_err(raise)?;
        }
        Ok(builder.build())
    }
}

/// Gives an agent a detector written in Python, a fresh one for each session.
fn hear(builder: AgentBuilder, host: Arc<dyn ForeignHost>, description: &str) -> PyResult<AgentBuilder> {
    let number = |name| field(description, name).map(|value| value.as_u64().unwrap_or_default());
    let rate = u32::try_from(number("sample_rate")?).unwrap_or_default();
    let window = usize::try_from(number("window_len")?).unwrap_or_default();
    Ok(builder.vad(move || Ok(Box::new(ForeignVad::new(rate, window, &*host)?))))
}

fn made<P: ?Sized>(parts: Vec<Part>, make: impl Fn(&str) -> Result<Arc<P>>) -> Result<Vec<Made<P>>> {
    let made = |part| match part {
        Part::Specified(specification) => make(&specification).map(Made::Ready),
        Part::Written(foreign) => Ok(Made::Written(foreign)),
    };
    parts.into_iter().map(made).collect()
}

impl<P: ?Sized> Made<P> {
    fn on(&self, written: &dyn Fn(&Py<Foreign>) -> PyResult<Arc<P>>) -> PyResult<Arc<P>> {
        match self {
            Self::Ready(provider) => Ok(provider.clone()),
            Self::Written(foreign) => written(foreign),
        }
    }
}

/// The one provider of a stage, or several as one.
fn one_of<P: ?Sized, All>(
    parts: &[Made<P>],
    written: impl Fn(&Py<Foreign>) -> PyResult<Arc<P>>,
    several: impl FnOnce(Vec<Arc<P>>, FallbackConfig) -> Result<All>,
    wrap: impl FnOnce(All) -> Arc<P>,
) -> PyResult<Option<Arc<P>>> {
    let mut providers = parts.iter().map(|part| part.on(&written)).collect::<PyResult<Vec<_>>>()?;
    match providers.len() {
        0 | 1 => Ok(providers.pop()),
        _ => several(providers, FallbackConfig::default()).map(|all| Some(wrap(all))).map_err(raise),
    }
}

type Bind<'a> = dyn Fn(&Py<Foreign>) -> Arc<dyn ForeignHost> + 'a;

fn name(foreign: &Foreign) -> PyResult<String> {
    Ok(field(&foreign.description, "name")?.as_str().unwrap_or("python").to_owned())
}

fn stt_of(host: &Bind<'_>) -> impl Fn(&Py<Foreign>) -> PyResult<Arc<dyn SttProvider>> {
    |written| Ok(Arc::new(ForeignStt::new(name(written.get())?, host(written))))
}

fn llm_of(host: &Bind<'_>) -> impl Fn(&Py<Foreign>) -> PyResult<Arc<dyn LlmProvider>> {
    |written| Ok(Arc::new(ForeignLlm::new(name(written.get())?, host(written))))
}

fn tts_of(host: &Bind<'_>) -> impl Fn(&Py<Foreign>) -> PyResult<Arc<dyn TtsProvider>> {
    |written| {
        let rate = field(&written.get().description, "sample_rate")?;
        let rate =
            rate.as_u64().and_then(|rate| u32::try_from(rate).ok()).filter(|rate| (4_000..=192_000).contains(rate));
        let wrong = || Error::new(ErrorKind::InvalidConfig, Stage::Tts, "`sample_rate`: 4000 … 192000 Hz, as a number");
        let rate = rate.ok_or_else(|| raise(wrong()))?;
        Ok(Arc::new(ForeignTts::new(name(written.get())?, rate, host(written))))
    }
}

fn tool_of(host: &Bind<'_>) -> impl Fn(&Py<Foreign>) -> PyResult<Arc<dyn Tool>> {
    |written| Ok(Arc::new(ForeignTool::new(&written.get().description, host(written)).map_err(raise)?))
}
