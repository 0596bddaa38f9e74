//! An open session: audio and controls in; events and audio out, as the face asks for them.

use crate::border::{Settled, settle};
use bytes::Bytes;
use futures::FutureExt;
use napi::Env;
use napi::bindgen_prelude::{Either, Int16Array};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use voice_core::agent::{Control, Output, Session};
use voice_core::audio::pcm;
use voice_core::conversation::CloseReason;
use voice_core::TurnId;
use voice_core::protocol::{ServerFrame, WireMessage};

/// Tells the face that there is something to take. It keeps the process alive as long as the session is open, as a socket
/// would.
pub(crate) type Wake = ThreadsafeFunction<(), (), (), napi::Status, false>;

/// Audio of a reply.
#[napi(object, object_from_js = false)]
pub struct NativeAudio {
    /// The turn it belongs to.
    pub turn: u32,
    /// Mono, at the output rate.
    pub pcm: Int16Array,
}

/// An event as JSON, or audio.
type Item = Either<String, NativeAudio>;

/// An open session.
#[napi]
pub struct NativeSession {
    session: Session,
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
    given: Mutex<Option<Output>>,
}

impl NativeSession {
    /// Takes over `session`.
    pub(crate) fn new(session: Session, wake: Wake) -> Self {
        let reading = Arc::new(Reading::default());
        napi::bindgen_prelude::spawn(pump(session.clone(), reading.clone(), wake));
        Self { session, reading }
    }

    fn control<'env>(&self, env: &'env Env, control: Control) -> napi::Result<Settled<'env, ()>> {
        let session = self.session.clone();
        settle(env, async move { session.control_wait(control).await })
    }
}

#[napi]
impl NativeSession {
    /// Its name.
    #[napi(getter)]
    pub fn id(&self) -> String {
        self.session.id().to_string()
    }

    /// At most so many items that are there; none means that `wake` will be called once, `null` that the session is over
    /// and everything was taken.
    #[napi]
    pub fn take(&self, most: u32) -> Option<Vec<Item>> {
        if self.reading.pumping.load(Ordering::Acquire) {
            return Some(Vec::new());
        }
        let first = self.reading.given.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut items: Vec<_> = first.into_iter().map(item).collect();
        while items.len() < most as usize {
            match self.session.next_output().now_or_never() {
                Some(Some(output)) => items.push(item(output)),
                Some(None) if items.is_empty() => return None,
                Some(None) => break,
                None if items.is_empty() => {
                    self.reading.pumping.store(true, Ordering::Release);
                    self.reading.asked.notify_one();
                    break;
                }
                None => break,
            }
        }
        Some(items)
    }

    /// Hands over microphone audio: bytes of whole samples. Waits while the session is too far ahead of real time.
    #[napi]
    pub fn feed<'env>(&self, env: &'env Env, pcm: &[u8]) -> napi::Result<Settled<'env, ()>> {
        let (session, pcm) = (self.session.clone(), Bytes::copy_from_slice(pcm));
        settle(env, async move { session.send_audio(pcm).await })
    }

    /// A typed user turn.
    #[napi]
    pub fn text<'env>(&self, env: &'env Env, text: String) -> napi::Result<Settled<'env, ()>> {
        self.control(env, Control::Text(text))
    }

    /// Says this when the floor is free; `protected`: only a stop word stops it.
    #[napi]
    pub fn say<'env>(&self, env: &'env Env, text: String, protected: bool) -> napi::Result<Settled<'env, ()>> {
        self.control(env, if protected { Control::Announce(text) } else { Control::Say(text) })
    }

    /// Stops the reply.
    #[napi]
    pub fn interrupt<'env>(&self, env: &'env Env) -> napi::Result<Settled<'env, ()>> {
        self.control(env, Control::Interrupt)
    }

    /// The loudspeaker has played this many samples of the turn.
    #[napi]
    pub fn played<'env>(&self, env: &'env Env, turn: u32, samples: f64) -> napi::Result<Settled<'env, ()>> {
        self.control(env, Control::Played { turn: TurnId(turn), samples: samples as u64 })
    }

    /// Ends the session, and waits until all its work has ended.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<Settled<'env, ()>> {
        let session = self.session.clone();
        settle(env, async move {
            // Fails when it is over already, which is as good.
            let _ = session.control_wait(Control::Close(CloseReason::End)).await;
            session.closed().await;
            Ok(())
        })
    }

    /// Resolves when the session is over and all its work has ended.
    #[napi]
    pub fn closed<'env>(&self, env: &'env Env) -> napi::Result<Settled<'env, ()>> {
        let session = self.session.clone();
        settle(env, async move {
            session.closed().await;
            Ok(())
        })
    }
}

fn item(output: Output) -> Item {
    match output {
        Output::Event(event) => match ServerFrame::from(event).encode() {
            WireMessage::Text(json) => Either::A(json),
            WireMessage::Binary(_) => Either::A(String::new()),
        },
        // Whole samples always.
        Output::Audio { turn, pcm } => {
            Either::B(NativeAudio { turn: turn.0, pcm: Int16Array::new(pcm::from_bytes(&pcm).unwrap_or_default()) })
        }
    }
}

/// Waits for the session in place of the face, which cannot, and wakes it.
async fn pump(session: Session, reading: Arc<Reading>, wake: Wake) {
    let mut over = std::pin::pin!(session.closed());
    loop {
        tokio::select! {
            biased;
            () = reading.asked.notified() => {}
            // Nobody asks any more, and all that there was can still be taken.
            () = &mut over => return,
        }
        let output = session.next_output().await;
        let ended = output.is_none();
        *reading.given.lock().unwrap_or_else(PoisonError::into_inner) = output;
        reading.pumping.store(false, Ordering::Release);
        // Fails when JavaScript has ended; the session then ends with its last handle.
        if wake.call((), ThreadsafeFunctionCallMode::NonBlocking) != napi::Status::Ok || ended {
            return;
        }
    }
}
