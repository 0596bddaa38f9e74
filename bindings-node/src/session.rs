//! An open session: audio and controls in; events and audio out, as the face asks for them.

use crate::border::{Settled, settle};
use crate::call::Thrown;
use bytes::Bytes;
use futures::FutureExt;
use napi::bindgen_prelude::Int16Array;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Either, Env};
use napi_derive::napi;
use serde::{Deserialize, Deserializer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use voice_core::agent::Control;
use voice_core::audio::pcm;
use voice_core::conversation::CloseReason;
use voice_core::host::{Connection, Delivery, NotTaken, history_json, status_json};
use voice_core::protocol::WireMessage;
use voice_core::{ErrorKind, Stage, TurnId, json};

/// Tells the face that there is something to take. It keeps the process alive as long as the session is open, as a socket
/// would.
pub(crate) type Wake = ThreadsafeFunction<(), (), (), napi::Status, false>;

/// A frame as JSON, or audio, or an error together with what JavaScript threw.
#[napi(object, object_from_js = false)]
pub struct NativeDelivery {
    /// The frame.
    pub json: Option<String>,
    /// The turn of the audio.
    pub turn: Option<u32>,
    /// Mono, at the output rate.
    pub pcm: Option<Int16Array>,
    /// The number of what was thrown.
    pub thrown: Option<u32>,
}

/// Most items are frames of which there is nothing to say but themselves.
type Item = Either<String, NativeDelivery>;

/// An open session.
#[napi]
pub struct NativeSession {
    connection: Arc<Connection>,
    reading: Arc<Reading>,
}

/// Who reads the session: the face as long as there is something, the pump while there is not.
#[derive(Default)]
struct Reading {
    /// The face found nothing and wants to be woken.
    asked: Notify,
    /// The pump has the word.
    pumping: AtomicBool,
    /// What the pump was given.
    given: Mutex<Option<Delivery>>,
}

/// New instructions or context: `null` clears, what is not there stays.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Context {
    #[serde(deserialize_with = "given")]
    instructions: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    context: Option<Option<String>>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

impl NativeSession {
    /// Takes over a connection.
    pub(crate) fn new(connection: Connection, wake: Wake) -> Self {
        let (connection, reading) = (Arc::new(connection), Arc::new(Reading::default()));
        napi::bindgen_prelude::spawn(pump(connection.clone(), reading.clone(), wake));
        Self { connection, reading }
    }

    fn control<'env>(&self, env: &'env Env, control: Control) -> napi::Result<Settled<'env, ()>> {
        let session = self.connection.session().clone();
        settle(env, async move { session.control_wait(control).await })
    }
}

#[napi]
impl NativeSession {
    /// Its name.
    #[napi(getter)]
    pub fn id(&self) -> &str {
        self.connection.session().id().as_str()
    }

    /// At most so many items that are there; none means that `wake` will be called once, `null` that the session is over
    /// and everything was taken.
    #[napi(catch_unwind)]
    pub fn take(&self, most: u32) -> Option<Vec<Item>> {
        if self.reading.pumping.load(Ordering::Acquire) {
            return Some(Vec::new());
        }
        let first = self.reading.given.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut items: Vec<_> = first.into_iter().map(item).collect();
        while items.len() < most as usize {
            match self.connection.next().now_or_never() {
                Some(Some(delivery)) => items.push(item(delivery)),
                Some(None) if items.is_empty() => return None,
                None if items.is_empty() => {
                    self.reading.pumping.store(true, Ordering::Release);
                    self.reading.asked.notify_one();
                    break;
                }
                Some(None) | None => break,
            }
        }
        Some(items)
    }

    /// Hands over microphone audio: bytes of whole samples. Waits while the session is too far ahead of real time.
    #[napi(catch_unwind)]
    pub fn feed<'env>(&self, env: &'env Env, pcm: &[u8]) -> napi::Result<Settled<'env, ()>> {
        let (session, pcm) = (self.connection.session().clone(), Bytes::copy_from_slice(pcm));
        settle(env, async move { session.send_audio(pcm).await })
    }

    /// Hands over a message of a client on a WebSocket. Gives 0, or the code to close its connection with.
    #[napi(catch_unwind)]
    pub fn receive<'env>(&self, env: &'env Env, received: Either<String, &[u8]>) -> napi::Result<Settled<'env, u32>> {
        let (connection, message) = (self.connection.clone(), message(received));
        settle(env, async move {
            Ok(match connection.take_message(message).await {
                Err(NotTaken::Close(code)) => u32::from(code),
                // What is left to read says why it is over.
                Ok(()) | Err(_) => 0,
            })
        })
    }

    /// A typed user turn.
    #[napi(catch_unwind)]
    pub fn text<'env>(&self, env: &'env Env, text: String) -> napi::Result<Settled<'env, ()>> {
        self.control(env, Control::Text(text))
    }

    /// Says this when the floor is free; protected, only a stop word stops it.
    #[napi(catch_unwind)]
    pub fn say<'env>(&self, env: &'env Env, text: String, protected: bool) -> napi::Result<Settled<'env, ()>> {
        self.control(env, if protected { Control::Announce(text) } else { Control::Say(text) })
    }

    /// Stops the reply.
    #[napi(catch_unwind)]
    pub fn interrupt<'env>(&self, env: &'env Env) -> napi::Result<Settled<'env, ()>> {
        self.control(env, Control::Interrupt)
    }

    /// The loudspeaker has played so many samples of the turn.
    #[napi(catch_unwind)]
    pub fn played<'env>(&self, env: &'env Env, turn: u32, samples: f64) -> napi::Result<Settled<'env, ()>> {
        self.control(env, Control::Played { turn: TurnId(turn), samples: samples as u64 })
    }

    /// New instructions or context, as JSON.
    #[napi(catch_unwind)]
    pub fn set_context<'env>(&self, env: &'env Env, change: String) -> napi::Result<Settled<'env, ()>> {
        let Context { instructions, context } = json::read(&change, ErrorKind::InvalidInput, Stage::Session)
            .map_err(|error| crate::errors::thrown(&error))?;
        self.control(env, Control::SetContext { instructions, context })
    }

    /// What was said and done, as JSON.
    #[napi(catch_unwind)]
    pub fn history(&self) -> String {
        history_json(self.connection.session())
    }

    /// How the session stands, as JSON.
    #[napi(catch_unwind)]
    pub fn status(&self) -> String {
        status_json(self.connection.session())
    }

    /// Whether it is over.
    #[napi(getter)]
    pub fn is_closed(&self) -> bool {
        self.connection.session().status().closed
    }

    /// Asks the session to end; it may have ended already.
    #[napi(catch_unwind)]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<Settled<'env, ()>> {
        let session = self.connection.session().clone();
        settle(env, async move {
            let _ = session.control_wait(Control::Close(CloseReason::End)).await;
            session.closed().await;
            Ok(())
        })
    }

    /// Resolves when the session is over and all its work has ended.
    #[napi(catch_unwind)]
    pub fn closed<'env>(&self, env: &'env Env) -> napi::Result<Settled<'env, ()>> {
        let session = self.connection.session().clone();
        settle(env, async move {
            session.closed().await;
            Ok(())
        })
    }
}

/// A message of a client.
pub(crate) fn message(received: Either<String, &[u8]>) -> WireMessage {
    match received {
        Either::A(text) => WireMessage::Text(text),
        Either::B(pcm) => WireMessage::Binary(Bytes::copy_from_slice(pcm)),
    }
}

fn item(delivery: Delivery) -> Item {
    let nothing = NativeDelivery { json: None, turn: None, pcm: None, thrown: None };
    match delivery {
        // Whole samples always.
        Delivery::Audio { turn, pcm } => {
            let pcm = Int16Array::new(pcm::from_bytes(&pcm).unwrap_or_default());
            Either::B(NativeDelivery { turn: Some(turn.0), pcm: Some(pcm), ..nothing })
        }
        Delivery::Frame { frame, cause } => {
            // No frame of the connection's is audio.
            let WireMessage::Text(json) = frame.encode() else { return Either::B(nothing) };
            match cause.as_ref().and_then(|token| token.get::<Thrown>()) {
                Some(Thrown(number)) => {
                    Either::B(NativeDelivery { json: Some(json), thrown: Some(*number), ..nothing })
                }
                None => Either::A(json),
            }
        }
        _ => Either::B(nothing),
    }
}

/// Waits for the session in place of the face, which cannot, and wakes it.
async fn pump(connection: Arc<Connection>, reading: Arc<Reading>, wake: Wake) {
    let session = connection.session().clone();
    let mut over = std::pin::pin!(session.closed());
    loop {
        tokio::select! {
            biased;
            () = reading.asked.notified() => {}
            // Nobody asks any more, and all that there was can still be taken.
            () = &mut over => return,
        }
        let delivery = connection.next().await;
        let ended = delivery.is_none();
        *reading.given.lock().unwrap_or_else(PoisonError::into_inner) = delivery;
        reading.pumping.store(false, Ordering::Release);
        // Fails when JavaScript has ended; the session then ends with its last handle.
        if wake.call((), ThreadsafeFunctionCallMode::NonBlocking) != napi::Status::Ok || ended {
            return;
        }
    }
}
