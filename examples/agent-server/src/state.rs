//! What all requests share.

use crate::admission::Admission;
use crate::config::{Config, Limits};
use crate::guard::Guard;
use crate::login::Login;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::providers::Providers;
use crate::registry::Registry;
use crate::tokens::Tokens;
use crate::traces::Traces;
use std::io;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use voice_core::agent::Agent;
use voice_core::{CancelToken, Error, ErrorKind, Stage};

/// The server's state. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// The parts of [`AppState`].
pub struct Shared {
    pub(crate) agent: Agent,
    pub(crate) providers: Providers,
    pub(crate) registry: Registry,
    pub(crate) memory: Memory,
    /// How long turns that are under way have to end when the server goes.
    pub(crate) drain: Duration,
    pub(crate) admission: Admission,
    pub(crate) guard: Guard,
    pub(crate) limits: Limits,
    pub(crate) tokens: Tokens,
    pub(crate) login: Login,
    pub(crate) log_transcripts: bool,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) traces: Option<Traces>,
    /// Cancelled once the server takes no more sessions.
    pub(crate) draining: CancelToken,
    tasks: TaskTracker,
    stop: CancelToken,
    /// The runtimes of the threads that serve, once there are any.
    runtimes: OnceLock<Vec<Handle>>,
}

impl AppState {
    /// The state of a server that listens on `bound`.
    ///
    /// # Errors
    /// A tool among the providers that no model could be told of; a system without random numbers, or
    /// without a thread for the traces.
    pub fn new(config: &Config, providers: Providers, bound: IpAddr) -> voice_core::Result<Self> {
        let name = Some(&config.host).filter(|host| host.parse::<IpAddr>().is_err()).cloned();
        let metrics = Arc::new(Metrics::new());
        Ok(Self(Arc::new(Shared {
            agent: providers.agent(config)?,
            providers,
            registry: Registry::new(config.max_sessions),
            memory: Memory::new(&config.memory, config.max_sessions)?,
            drain: config.memory.drain,
            admission: Admission::new(&config.limits),
            guard: Guard { bound, name, tls: config.tls.is_some(), allowed: config.allowed_origins.clone() },
            limits: config.limits.clone(),
            tokens: Tokens::new(config.tokens.clone()),
            login: Login::new(config.admin_token.clone(), config.tls.is_some()),
            log_transcripts: config.log_transcripts,
            traces: Traces::start(config, &metrics).map_err(no_threads)?,
            metrics,
            draining: CancelToken::new(),
            tasks: TaskTracker::new(),
            stop: CancelToken::new(),
            runtimes: OnceLock::new(),
        })))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// Says on which runtimes sessions will run.
    pub(crate) fn run_on(&self, runtimes: Vec<Handle>) {
        // They are told once, when the server binds its address.
        let _ = self.runtimes.set(runtimes);
    }

    /// Tasks alive on the threads that serve: connections, sessions and what belongs to them.
    pub(crate) fn tasks_alive(&self) -> usize {
        self.runtimes.get().into_iter().flatten().map(|runtime| runtime.metrics().num_alive_tasks()).sum()
    }

    /// Runs a task of a session or its socket. It is waited for, and at last told to stop, before the server exits.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.cancelled();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop => {}
                () = task => {}
            }
        });
    }

    /// Resolves when every task has ended by itself.
    pub(crate) async fn tasks_ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Stops the tasks that are left and waits for them.
    pub(crate) async fn stop_tasks(&self) {
        self.stop.cancel();
        self.tasks_ended().await;
    }
}

fn no_threads(error: io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, Stage::Session, "the traces cannot be begun").with_source(error)
}
