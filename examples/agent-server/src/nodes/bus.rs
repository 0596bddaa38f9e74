//! Questions from server to server, over Redis' publish and subscribe: each listens on a channel of its own, and every question
//! has a number that its answer bears.

use super::orders::{Answer, Order, obey};
use crate::state::AppState;
use crate::store::{Link, NodeId};
use futures::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{interval, sleep, timeout};
use voice_core::CancelToken;

/// Questions of this server that may wait for an answer.
const MOST_QUESTIONS: usize = 1_024;
/// Orders of other servers that are carried out at once; more are not answered.
const MOST_ORDERS: usize = 64;
/// How long it may take to connect, to subscribe and to answer a ping.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is looked whether the subscription still stands.
const PING_EVERY: Duration = Duration::from_secs(5);
/// A pause before subscribing again.
const RETRY: Duration = Duration::from_millis(300);

/// Why a question got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// Nobody listens there.
    Gone,
    /// There was no answer in time.
    Late,
    /// Redis cannot be reached, or too many questions wait.
    Unavailable,
}

/// A message between servers. Another version has other names and is not read.
#[derive(Debug, Serialize, Deserialize)]
enum Message {
    #[serde(rename = "ask1")]
    Ask { id: u64, from: String, order: Order },
    #[serde(rename = "answer1")]
    Answer { id: u64, answer: Answer },
}

/// This server's questions to others, and theirs to it.
pub(crate) struct Bus {
    link: Arc<Link>,
    node: NodeId,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
    next: AtomicU64,
}

/// A question that waits; dropped, it waits no more.
struct Waiting<'a> {
    bus: &'a Bus,
    id: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.bus.waiting).remove(&self.id);
    }
}

impl Bus {
    pub(crate) fn new(link: Arc<Link>, node: NodeId) -> Self {
        Self { link, node, waiting: Mutex::default(), next: AtomicU64::new(0) }
    }

    /// Has a server carry an order out.
    ///
    /// # Errors
    /// There was no answer within `patience`.
    pub(crate) async fn ask(&self, node: &str, order: Order, patience: Duration) -> Result<Answer, Unanswered> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        {
            let mut waiting = lock(&self.waiting);
            if waiting.len() >= MOST_QUESTIONS {
                return Err(Unanswered::Unavailable);
            }
            waiting.insert(id, sender);
        }
        let _waiting = Waiting { bus: self, id };
        let asking = async {
            let listeners = self.publish(node, &Message::Ask { id, from: self.node.to_string(), order }).await?;
            // A node of a cluster counts its own subscribers only.
            if listeners == 0 && !self.link.is_cluster() {
                return Err(Unanswered::Gone);
            }
            answer.await.map_err(|_| Unanswered::Unavailable)
        };
        timeout(patience, asking).await.unwrap_or(Err(Unanswered::Late))
    }

    async fn publish(&self, node: &str, message: &Message) -> Result<u64, Unanswered> {
        let text = serde_json::to_string(message).map_err(|_| Unanswered::Unavailable)?;
        let mut command = redis::cmd("PUBLISH");
        command.arg(channel(node)).arg(text);
        self.link.call(&command).await.map_err(|_| Unanswered::Unavailable)
    }

    /// Listens until it is told to stop.
    pub(crate) async fn listen(&self, state: &AppState, stop: &CancelToken) {
        let orders = Arc::new(Semaphore::new(MOST_ORDERS));
        let listening = async {
            for attempt in 0.. {
                match timeout(PATIENCE, self.subscribe(attempt)).await {
                    Ok(Ok((sink, stream))) => self.hear(sink, stream, state, &orders).await,
                    // The link tells when Redis cannot be reached.
                    Ok(Err(error)) => tracing::debug!(%error, "cannot hear other servers"),
                    Err(_) => tracing::debug!("cannot hear other servers in time"),
                }
                sleep(RETRY).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = listening => {}
        }
    }

    async fn subscribe(&self, attempt: usize) -> redis::RedisResult<(PubSubSink, PubSubStream)> {
        let (mut sink, stream) = self.link.client(attempt).get_async_pubsub().await?.split();
        sink.subscribe(channel(&self.node)).await?;
        Ok((sink, stream))
    }

    /// Hears until the connection is lost, or does not answer any more.
    async fn hear(&self, mut sink: PubSubSink, mut stream: PubSubStream, state: &AppState, orders: &Arc<Semaphore>) {
        let mut pings = interval(PING_EVERY);
        let pinging = async {
            loop {
                pings.tick().await;
                if !matches!(timeout(PATIENCE, sink.ping::<redis::Value>()).await, Ok(Ok(_))) {
                    return;
                }
            }
        };
        let hearing = async {
            while let Some(message) = stream.next().await {
                match serde_json::from_slice(message.get_payload_bytes()) {
                    Ok(message) => self.heard(message, state, orders),
                    Err(error) => tracing::warn!(%error, "another server says what this version does not understand"),
                }
            }
        };
        tokio::select! {
            () = pinging => {}
            () = hearing => {}
        }
    }

    fn heard(&self, message: Message, state: &AppState, orders: &Arc<Semaphore>) {
        match message {
            Message::Answer { id, answer } => {
                if let Some(waiting) = lock(&self.waiting).remove(&id) {
                    // Who asked may have lost patience.
                    let _ = waiting.send(answer);
                }
            }
            Message::Ask { id, from, order } => {
                let Ok(place) = orders.clone().try_acquire_owned() else {
                    return tracing::warn!(from, "too many orders of other servers at once: one is not answered");
                };
                let shared = state.clone();
                state.memory.spawn(async move {
                    let answer = obey(&shared, order).await;
                    if let Some(bus) = shared.memory.bus() {
                        // Who asked will lose patience.
                        let _ = bus.publish(&from, &Message::Answer { id, answer }).await;
                    }
                    drop(place);
                });
            }
        }
    }
}

fn channel(node: &str) -> String {
    format!("voice-agent:node:{node}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
