//! Listening, and one task a connection, on the thread with the fewest.

use crate::config::Config;
use crate::drain;
use crate::metrics::{Connected, lateness};
use crate::providers::Providers;
use crate::routes;
use crate::shards::{Place, Shards};
use crate::state::AppState;
use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tower_service::Service;
use voice_core::CancelToken;

/// What the kernel may hold of unsent data, in bytes: Linux doubles the figure for its bookkeeping. Audio beyond that
/// stays with the pacer, which can still take it back.
const SEND_BUFFER: usize = 32 << 10;
/// Bytes of a request's head.
const HEAD_BUFFER: usize = 16 << 10;
/// How long a client may take for a request's head, and idle between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// Connections beside those that sessions need. Further ones wait in the kernel's queue.
const SPARE_CONNECTIONS: usize = 256;
/// How long requests under way have at the end.
const LAST_REQUESTS: Duration = Duration::from_secs(1);
/// A pause after the system refused a connection, which it will for as long as files are short.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A place among the open connections; a WebSocket keeps it for as long as it is open.
pub(crate) type ConnectionPermit = Arc<(OwnedSemaphorePermit, Place, Connected)>;

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: AppState,
    shards: Shards,
}

impl Server {
    /// Binds the configured address.
    ///
    /// # Errors
    /// The name does not resolve, the address or threads cannot be had, or a tool is one that no model could be told of.
    pub async fn bind(config: &Config, providers: Providers) -> io::Result<Self> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in tokio::net::lookup_host((config.host.as_str(), config.port)).await? {
            match listen(address) {
                Ok(listener) => {
                    let address = listener.local_addr()?;
                    let state = AppState::new(config, providers, address.ip()).map_err(io::Error::other)?;
                    let shards = Shards::start()?;
                    shards.on_each(|| lateness::watch(state.metrics.clone()));
                    return Ok(Self { listener, address, state, shards });
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
        for name in &config.without_effect {
            tracing::warn!("{name} is set, but changes nothing in this build");
        }
        if config.admin_token.is_none() && !self.address.ip().is_loopback() {
            tracing::warn!("/api, /metrics and /dashboard are closed: set ADMIN_TOKEN to open them");
        }
    }

    /// Serves until `shutdown` resolves, then says goodbye to every session and returns.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, state, shards, .. } = self;
        let closing = CancelToken::new();
        let connections = TaskTracker::new();
        let places = Arc::new(Semaphore::new(state.registry.limit().saturating_add(SPARE_CONNECTIONS)));
        let accepting = accept(listener, &state, places, &shards, &connections, &closing);
        let ending = async {
            shutdown.await;
            // New connections are still answered, with the news that this server is going.
            drain::drain(&state).await;
        };
        tokio::select! {
            () = accepting => {}
            () = ending => {}
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

async fn accept(
    listener: TcpListener,
    state: &AppState,
    places: Arc<Semaphore>,
    shards: &Shards,
    connections: &TaskTracker,
    closing: &CancelToken,
) {
    let app = routes::app(state.clone());
    // The semaphore is never closed, and there is a thread.
    while let (Ok(permit), Some(place)) = (places.clone().acquire_owned().await, shards.place()) {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (app, closing, thread) = (app.clone(), closing.clone(), place.handle().clone());
                let connected = state.metrics.connected();
                let connection = async move {
                    match settle(stream) {
                        Ok(stream) => serve(stream, app, Arc::new((permit, place, connected)), closing).await,
                        Err(error) => tracing::debug!(%error, "a connection was lost at once"),
                    }
                };
                connections.spawn_on(connection, &thread);
            }
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// Errors of the one connection that was to be accepted.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Brings a connection to the thread that serves it from now on.
fn settle(stream: TcpStream) -> io::Result<TcpStream> {
    let stream = TcpStream::from_std(stream.into_std()?)?;
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER)?;
    Ok(stream)
}

async fn serve(stream: TcpStream, app: Router, place: ConnectionPermit, closing: CancelToken) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(place.clone());
        app.clone().call(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection failed");
    }
}
