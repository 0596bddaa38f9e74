//! Connections that wait for the next reply.

use super::Voice;
use crate::timer::Timer;
use crate::ws::Line;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::task::noop_waker;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use voice_core::Result;

/// Connections kept.
const KEPT: usize = 4;

/// How long a service keeps a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    /// In all.
    pub(crate) age: Duration,
    /// Without a message from the client.
    pub(crate) idle: Duration,
}

/// A connection and what is remembered of it.
pub(crate) struct Connection<V: Voice> {
    pub(super) line: Line,
    pub(super) memory: V::Memory,
    /// It has served before, and may have been closed since.
    pub(super) is_used: bool,
    age: Pin<Box<Sleep>>,
    idle: Timer,
}

impl<V: Voice> Connection<V> {
    /// Queues a message for which there is room.
    pub(super) fn send(&mut self, message: String) -> Result<()> {
        self.idle.restart();
        self.line.send(Message::text(message))
    }

    /// Sends a message as far as that needs no waiting; gives whether it has gone.
    pub(super) fn send_now(&mut self, message: String) -> bool {
        let waker = noop_waker();
        let context = &mut Context::from_waker(&waker);
        let done = |poll: Poll<Result<()>>| matches!(poll, Poll::Ready(Ok(())));
        done(self.line.poll_ready(context))
            && self.line.send(Message::text(message)).is_ok()
            && done(self.line.poll_flush(context))
    }

    /// Whether the connection is open, as far as is known without waiting. What has come on it meanwhile (a greeting,
    /// the rest of a cancelled reply) goes.
    fn is_alive(&mut self) -> bool {
        let waker = noop_waker();
        let context = &mut Context::from_waker(&waker);
        while let Poll::Ready(received) = self.line.poll_receive(context) {
            if received.is_err() {
                return false;
            }
        }
        self.age.as_mut().now_or_never().is_none() && self.idle.poll(context).is_pending()
    }
}

pub(crate) struct Pool<V: Voice> {
    address: String,
    authorization: HeaderValue,
    lifetime: Lifetime,
    idle: Mutex<Vec<Connection<V>>>,
}

impl<V: Voice> Pool<V> {
    pub(crate) fn new(address: String, authorization: HeaderValue, lifetime: Lifetime) -> Self {
        Self { address, authorization, lifetime, idle: Mutex::new(Vec::new()) }
    }

    /// A connection that waits, or `None`. Dead ones are thrown away.
    pub(super) fn take(&self) -> Option<Connection<V>> {
        loop {
            let mut connection = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if connection.is_alive() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next reply, if it is alive and there is room.
    pub(super) fn give_back(&self, mut connection: Connection<V>) {
        connection.is_used = true;
        if !V::may_serve_again(&mut connection.memory) || !connection.is_alive() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
    }

    /// A new connection.
    pub(super) fn connect(&self) -> BoxFuture<'static, Result<Connection<V>>> {
        let line = Line::open(V::ASKED, self.address.clone(), self.authorization.clone(), V::FAREWELL);
        let Lifetime { age, idle } = self.lifetime;
        async move {
            let line = line.await?;
            let (age, idle) = (Box::pin(sleep(age)), Timer::new(idle));
            Ok(Connection { line, memory: V::Memory::default(), is_used: false, age, idle })
        }
        .boxed()
    }

    /// A connection that waits, or else a new one.
    pub(super) fn take_or_connect(self: &Arc<Self>) -> BoxFuture<'static, Result<Connection<V>>> {
        let pool = self.clone();
        async move {
            match pool.take() {
                Some(connection) => Ok(connection),
                None => pool.connect().await,
            }
        }
        .boxed()
    }

    /// Opens a connection for the first reply.
    pub(crate) fn warm_up(self: &Arc<Self>) -> BoxFuture<'static, Result<()>> {
        let pool = self.clone();
        async move {
            let connection = pool.connect().await?;
            pool.give_back(connection);
            Ok(())
        }
        .boxed()
    }
}
