//! Connections: taken, brought to a thread of their own, and served there until they end.

mod away;
mod patient;

use crate::admission::Connected;
use crate::metrics::Counted;
use crate::shards::{Place, Shards};
use crate::state::AppState;
use crate::tls::Tls;
use crate::visitor::Peer;
use away::Away;
use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use patient::Patient;
use socket2::SockRef;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
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
/// Connections beside those that sessions need; more than one address may have, so that one cannot take them all.
/// Further ones wait in the kernel's queue.
const SPARE_CONNECTIONS: usize = 1_024;
/// A pause after the system refused a connection, which it will for as long as files are short.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A place among the open connections; a WebSocket keeps it for as long as it is open.
pub(crate) type ConnectionPermit = Arc<Held>;

/// What a connection holds while it is open.
#[expect(dead_code, reason = "given back when the connection ends")]
pub(crate) struct Held(OwnedSemaphorePermit, Place, Option<Connected>, Counted);

/// Takes connections.
pub(crate) struct Door {
    pub(crate) app: Router,
    pub(crate) state: AppState,
    pub(crate) tls: Option<Arc<Tls>>,
    /// Told to end at the end.
    pub(crate) closing: CancelToken,
    /// All that are open.
    pub(crate) connections: TaskTracker,
}

/// What one connection needs.
struct Guest {
    app: Router,
    state: AppState,
    tls: Option<Arc<Tls>>,
    closing: CancelToken,
    held: ConnectionPermit,
    address: IpAddr,
}

impl Door {
    /// Takes connections for ever.
    pub(crate) async fn accept(self, listener: TcpListener, shards: &Shards) {
        let most = self.state.registry.limit().saturating_add(SPARE_CONNECTIONS);
        let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        let away = Away::new();
        // The semaphore is never closed, and there is a thread.
        while let (Ok(permit), Some(place)) = (places.clone().acquire_owned().await, shards.place()) {
            match listener.accept().await {
                Ok((stream, from)) => self.take(stream, from, (permit, place), &away),
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, from: SocketAddr, (permit, place): (OwnedSemaphorePermit, Place), away: &Away) {
        let address = from.ip();
        // Those who come through a proxy are told apart by what it says of them, once they want a session.
        let proxy = self.state.limits.trusted_proxies.iter().any(|network| network.contains(address));
        let connected = if proxy { None } else { Some(self.state.admission.connection(address)) };
        let connected = match connected {
            Some(None) => {
                self.state.metrics.refused("too_many_connections");
                tracing::debug!(%address, "too many connections of an address: refused one");
                return self.turn_away(stream, place, away);
            }
            Some(Some(connected)) => Some(connected),
            None => None,
        };
        let thread = place.handle().clone();
        let guest = Guest {
            app: self.app.clone(),
            state: self.state.clone(),
            tls: self.tls.clone(),
            closing: self.closing.clone(),
            held: Arc::new(Held(permit, place, connected, self.state.metrics.connection())),
            address,
        };
        let connection = async move {
            match settle(stream) {
                Ok(stream) => guest.welcome(stream).await,
                Err(error) => tracing::debug!(%error, "a connection was lost at once"),
            }
        };
        self.connections.spawn_on(connection, &thread);
    }

    /// Says that there is no place, where that costs no handshake and not too many are told already.
    fn turn_away(&self, stream: TcpStream, place: Place, away: &Away) {
        let Some(turn) = away.turn().filter(|_| self.tls.is_none()) else { return };
        let thread = place.handle().clone();
        let telling = async move {
            if let Ok(stream) = settle(stream) {
                away::refuse(stream, turn).await;
            }
            drop(place);
        };
        self.connections.spawn_on(telling, &thread);
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

impl Guest {
    async fn welcome(self, stream: TcpStream) {
        let Some(tls) = self.tls.clone() else { return self.serve(stream).await };
        let handshake = tokio::time::timeout(self.state.limits.request, tls.accept(stream));
        let handshake = tokio::select! {
            handshake = handshake => handshake,
            () = self.closing.cancelled() => return,
        };
        match handshake {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self { app, state, closing, held, address, .. } = self;
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(held.clone());
            request.extensions_mut().insert(Peer(address));
            app.clone().call(request.map(Body::new))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(state.limits.request)
            .max_buf_size(HEAD_BUFFER)
            .serve_connection(TokioIo::new(Patient::new(stream, state.limits.stalled)), service)
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
}
