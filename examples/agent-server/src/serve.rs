//! The server: where it listens, what it says of itself, how it ends.

use crate::accept::Door;
use crate::config::Config;
use crate::drain;
use crate::providers::{Providers, regions};
use crate::routes;
use crate::shards::Shards;
use crate::state::AppState;
use crate::tls::Tls;
use socket2::{Domain, Protocol, Socket, Type};
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use voice_core::CancelToken;

/// How long requests under way have at the end.
const LAST_REQUESTS: Duration = Duration::from_secs(1);
/// Bytes of an admin token that nobody guesses at the rate at which requests are taken.
const ADMIN_TOKEN_BYTES: usize = 16;

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: AppState,
    shards: Shards,
    tls: Option<Arc<Tls>>,
}

impl Server {
    /// Binds the configured address.
    ///
    /// # Errors
    /// The name does not resolve, the address, threads or the certificate cannot be had, or a tool is one that no model
    /// could be told of.
    pub async fn bind(config: &Config, providers: Providers) -> io::Result<Self> {
        let tls = config.tls.as_ref().map(Tls::load).transpose().map_err(io::Error::other)?.map(Arc::new);
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in tokio::net::lookup_host((config.host.as_str(), config.port)).await? {
            match listen(address) {
                Ok(listener) => {
                    let address = listener.local_addr()?;
                    let state = AppState::new(config, providers, address.ip()).map_err(io::Error::other)?;
                    state.memory.connect().await;
                    let shards = Shards::start(&state.admission.pressure, &state.metrics)?;
                    state.run_on(shards.handles());
                    return Ok(Self { listener, address, state, shards, tls });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its state.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Says in the log where it listens, with whom, and what is missing.
    pub fn announce(&self, config: &Config) {
        let providers = &self.state.providers;
        let name = |stage: &serde_json::Value| stage.as_str().unwrap_or("none").to_owned();
        let names = providers.names();
        let (stt, llm, tts) = (name(&names["stt"]), name(&names["llm"]), name(&names["tts"]));
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        tracing::info!(address = %format_args!("{scheme}://{}", self.address), stt, llm, tts, "listening");
        for engine in &providers.missing {
            tracing::warn!(stage = engine.stage.as_str(), "{}", engine.message);
        }
        for remark in &providers.remarks {
            tracing::warn!("{remark}");
        }
        if let Some(language) = config.language.as_deref().filter(|language| !is_english(language))
            && providers.english_only
        {
            tracing::warn!(language, "the local engines know English only");
        }
        match &config.admin_token {
            Some(token) if token.expose().len() < ADMIN_TOKEN_BYTES => {
                tracing::warn!("ADMIN_TOKEN is short enough to be guessed: `openssl rand -hex 32` makes a better one");
            }
            None if !self.address.ip().is_loopback() => {
                tracing::warn!("/api, /metrics and /dashboard are closed: set ADMIN_TOKEN to open them");
            }
            _ => {}
        }
    }

    /// Serves until `shutdown` resolves, then says goodbye to every session and returns.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        self.run_until(shutdown, pending()).await;
    }

    /// Serves until `shutdown` resolves, then says goodbye to every session and returns. Turns that are under way have some time
    /// to end, until `hurry` resolves, which is not asked before.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>, hurry: impl Future<Output = ()>) {
        let Self { listener, state, shards, tls, .. } = self;
        state.memory.start(&state);
        let closing = CancelToken::new();
        let connections = TaskTracker::new();
        let door = Door {
            app: routes::app(state.clone()),
            state: state.clone(),
            tls: tls.clone(),
            closing: closing.clone(),
            connections: connections.clone(),
        };
        let accepting = door.accept(listener, &shards);
        let ending = async {
            shutdown.await;
            // New connections are still answered, with the news that this server is going.
            drain::drain(&state, hurry).await;
        };
        tokio::select! {
            () = accepting => {}
            () = ending => {}
            () = state.admission.pressure.watch_process(|| state.registry.len()) => {}
            () = regions::watch(&state.providers.regions) => {}
            () = reload(tls) => {}
        }
        closing.cancel();
        connections.close();
        if tokio::time::timeout(LAST_REQUESTS, connections.wait()).await.is_err() {
            tracing::warn!(connections = connections.len(), "requests did not end in time");
        }
        shards.end().await;
        if let Some(traces) = &state.traces {
            traces.end().await;
        }
    }
}

fn is_english(language: &str) -> bool {
    language.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case("en"))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart need not wait for the last connections of its predecessor to be forgotten.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}

/// Reads the certificate again at each SIGHUP, for ever.
async fn reload(tls: Option<Arc<Tls>>) {
    #[cfg(unix)]
    if let Some(tls) = tls {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::hangup()) {
            Ok(mut hangup) => {
                while hangup.recv().await.is_some() {
                    tls.reload();
                }
            }
            Err(error) => tracing::warn!(%error, "the certificate is read at the start only"),
        }
    }
    #[cfg(not(unix))]
    drop(tls);
    std::future::pending().await
}
