//! Connections that wait for the next reply. Only clean ones: all that was asked of them has come.

use super::TTS;
use crate::deepgram::wire;
use crate::ws::Line;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::task::noop_waker;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Context;
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use voice_core::Result;

/// Connections kept.
const KEPT: usize = 4;
/// The service ends a connection after 60 min; a reply must fit in what is left.
const AGE: Duration = Duration::from_secs(50 * 60);
/// Flushes the service allows in [`WINDOW`] are 20. Some are left for the ends of replies.
const FLUSHES: usize = 16;
const WINDOW: Duration = Duration::from_secs(60);

/// A connection and how much it may still be used.
pub(super) struct Spoken {
    pub(super) line: Line,
    age: Pin<Box<Sleep>>,
    /// One for each flush of the last minute.
    flushes: VecDeque<Pin<Box<Sleep>>>,
}

impl Spoken {
    /// Whether a sentence may be flushed by itself.
    pub(super) fn may_flush(&mut self) -> bool {
        while self.flushes.front_mut().is_some_and(|flush| flush.as_mut().now_or_never().is_some()) {
            self.flushes.pop_front();
        }
        self.flushes.len() < FLUSHES
    }

    /// One more flush.
    pub(super) fn flushed(&mut self) {
        self.flushes.push_back(Box::pin(sleep(WINDOW)));
    }

    /// Whether the connection is open, as far as is known without waiting.
    fn is_alive(&mut self) -> bool {
        let waker = noop_waker();
        let context = &mut Context::from_waker(&waker);
        while let std::task::Poll::Ready(received) = self.line.poll_receive(context) {
            // The greeting of a connection that was never used.
            if received.is_err() {
                return false;
            }
        }
        self.age.as_mut().now_or_never().is_none()
    }
}

pub(super) struct Pool {
    address: String,
    authorization: HeaderValue,
    idle: Mutex<Vec<Spoken>>,
}

impl Pool {
    pub(super) fn new(address: String, authorization: HeaderValue) -> Self {
        Self { address, authorization, idle: Mutex::new(Vec::new()) }
    }

    /// A connection that waits, or `None`. Dead ones are thrown away.
    pub(super) fn take(&self) -> Option<Spoken> {
        loop {
            let mut spoken = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if spoken.is_alive() {
                return Some(spoken);
            }
        }
    }

    /// Keeps a clean connection for the next reply, if there is room and it may still be flushed.
    pub(super) fn give_back(&self, mut spoken: Spoken) {
        if !spoken.may_flush() || !spoken.is_alive() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(spoken);
        }
    }

    /// A new connection.
    pub(super) fn connect(self: &Arc<Self>) -> BoxFuture<'static, Result<Spoken>> {
        let line = Line::open(TTS, self.address.clone(), self.authorization.clone(), wire::CLOSE);
        async move { Ok(Spoken { line: line.await?, age: Box::pin(sleep(AGE)), flushes: VecDeque::new() }) }.boxed()
    }
}
