//! The connection to Redis. Every call has a deadline; while Redis is away, calls fail at once and one task tries to reach it.

use super::super::StoreError;
use super::target::Target;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, RedisError, RedisResult, Value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use voice_core::CancelToken;

/// How long a call may take. A Redis in the same data centre takes well under a millisecond.
const CALL: Duration = Duration::from_millis(500);
/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(1);
/// The first wait before another attempt, and the longest. A server that dies before it is back takes along what was said, and
/// an attempt costs next to nothing.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));
/// A connection that has stood for so long is a good one.
const STEADY: Duration = Duration::from_secs(10);
/// Attempts that fail alike between two warnings: about a minute of them.
const WARN_EVERY: u32 = 80;

/// Redis, as far as it can be reached.
pub(crate) struct Link {
    target: Target,
    connection: Mutex<Current>,
    up: watch::Sender<bool>,
    lost: Notify,
    outages: AtomicU64,
}

/// The connection there is, if any, and how many there were: a late failure of an old one says nothing about the new one.
#[derive(Default)]
struct Current {
    connection: Option<Connection>,
    count: u64,
}

#[derive(Clone)]
enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    async fn call(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(command).await,
            Self::Cluster(connection) => connection.req_packed_command(command).await,
        }
    }
}

impl Link {
    /// One that has not connected.
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            connection: Mutex::default(),
            up: watch::Sender::new(false),
            lost: Notify::new(),
            outages: AtomicU64::new(0),
        }
    }

    /// Tells when Redis can be reached, from now on.
    pub(crate) fn up(&self) -> watch::Receiver<bool> {
        self.up.subscribe()
    }

    /// How often it was lost.
    pub(crate) fn outages(&self) -> u64 {
        self.outages.load(Ordering::Relaxed)
    }

    pub(crate) fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// A server to subscribe at: any node of a cluster passes on what is published.
    pub(crate) fn client(&self, attempt: usize) -> &redis::Client {
        let clients = &self.target.clients;
        // There is at least one.
        &clients[attempt % clients.len()]
    }

    pub(crate) fn is_cluster(&self) -> bool {
        self.target.is_cluster
    }

    /// Carries out a command, or fails in less than a second.
    ///
    /// # Errors
    /// `Unavailable`; why is in the log.
    pub(crate) async fn call<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let (connection, count) = {
            let current = lock(&self.connection);
            (current.connection.clone(), current.count)
        };
        let Some(mut connection) = connection else { return Err(StoreError::Unavailable) };
        let error = match timeout(CALL, connection.call(command)).await {
            Ok(Ok(value)) => match value.extract_error().and_then(|value| Ok(redis::from_redis_value(value)?)) {
                Ok(value) => return Ok(value),
                Err(error) => told(&error),
            },
            Ok(Err(error)) => told(&error),
            Err(_) => format!("no answer within {} ms", CALL.as_millis()),
        };
        self.lose(count, &error);
        Err(StoreError::Unavailable)
    }

    /// Gives the connection up; the first to notice says so.
    fn lose(&self, count: u64, error: &str) {
        {
            let mut current = lock(&self.connection);
            if current.count != count {
                return;
            }
            current.connection = None;
        }
        if self.up.send_replace(false) {
            self.outages.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(error, "Redis cannot be reached: sessions go on with what this server remembers");
            self.lost.notify_one();
        }
    }

    /// One attempt to connect; `probe` is a write that has to succeed.
    pub(crate) async fn connect(&self, probe: &Cmd) -> Result<(), String> {
        let connecting = async {
            let mut connection = self.open().await?;
            connection.call(probe).await?.extract_error()?;
            Ok::<_, RedisError>(connection)
        };
        let connection = match timeout(CONNECT, connecting).await {
            Ok(connection) => connection.map_err(|error| told(&error))?,
            Err(_) => return Err(format!("no connection within {} ms", CONNECT.as_millis())),
        };
        {
            let mut current = lock(&self.connection);
            *current = Current { connection: Some(connection), count: current.count + 1 };
        }
        self.up.send_replace(true);
        Ok(())
    }

    async fn open(&self) -> RedisResult<Connection> {
        if self.target.is_cluster {
            let client = ClusterClient::builder(self.target.urls.clone())
                .connection_timeout(CONNECT)
                .response_timeout(CALL)
                .retries(2)
                .build()?;
            return client.get_async_connection().await.map(Connection::Cluster);
        }
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(CALL));
        self.client(0).get_multiplexed_async_connection_with_config(&config).await.map(Connection::Single)
    }

    /// Keeps the connection up until it is told to stop.
    pub(crate) async fn tend(&self, probe: &Cmd, stop: &CancelToken) {
        let tending = async {
            let mut wait = WAITS.0;
            loop {
                if self.is_up() {
                    // One that is lost again at once is not worth more haste than one that cannot be had.
                    if timeout(STEADY, self.lost.notified()).await.is_err() {
                        wait = WAITS.0;
                        self.lost.notified().await;
                    }
                }
                self.come_back(probe, &mut wait).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tending => {}
        }
    }

    async fn come_back(&self, probe: &Cmd, wait: &mut Duration) {
        for attempt in 0u32.. {
            sleep(jittered(*wait)).await;
            *wait = (*wait * 2).min(WAITS.1);
            match self.connect(probe).await {
                Ok(()) => break,
                Err(error) if attempt % WARN_EVERY == WARN_EVERY - 1 => {
                    tracing::warn!(error, attempt, "Redis still cannot be reached");
                }
                Err(error) => tracing::debug!(error, attempt, "Redis cannot be reached"),
            }
        }
        tracing::info!("Redis can be reached again: what sessions are now is written");
    }
}

/// Servers that lost the same Redis do not come back in one moment: between half of the wait and all of it.
fn jittered(wait: Duration) -> Duration {
    let mut byte = [0u8; 1];
    // Without random numbers all wait alike.
    let _ = getrandom::fill(&mut byte);
    wait / 2 + wait * u32::from(byte[0]) / 512
}

/// An error in words. Redis does not quote the password, and commands are not part of its errors.
fn told(error: &RedisError) -> String {
    error.to_string()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
