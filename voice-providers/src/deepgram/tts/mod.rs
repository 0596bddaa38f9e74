//! Text to speech: over connections that are kept and used again for the next reply, or by a request a sentence.

mod rest;
mod voice;

use super::config::{DeepgramTtsConfig, DeepgramTtsTransport};
use super::{SCHEME, TTS};
use crate::speech::{Call, Lifetime, Pool};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use rest::Requests;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use voice::DeepgramVoice;
use voice_core::stage::{CallContext, TtsEvent, TtsInput, TtsProvider};
use voice_core::stream::CancelStreamExt;
use voice_core::{Error, ErrorKind, Result, Stage};

/// Rates in which the service gives plain samples, in Hz.
const RATES: [u32; 5] = [8_000, 16_000, 24_000, 32_000, 48_000];
/// The service ends a connection after 60 min, and a reply must fit in what is left. It names no limit of idleness.
const LIFETIME: Lifetime = Lifetime { age: Duration::from_secs(50 * 60), idle: Duration::from_secs(50 * 60) };

/// Deepgram's voices (`/v1/speak`).
///
/// Over WebSockets the service does not say which sentence its audio speaks. Each sentence is therefore flushed by itself,
/// whose answer is an exact border; past the number of flushes the service allows, sentences share one, and the border
/// between them is estimated by the letters of their text. By [`Rest`](DeepgramTtsTransport::Rest) every border is exact.
#[derive(Clone)]
pub struct DeepgramTts {
    config: Arc<DeepgramTtsConfig>,
    transport: Transport,
}

#[derive(Clone)]
enum Transport {
    WebSocket(Arc<Pool<DeepgramVoice>>),
    Rest(Arc<Requests>),
}

impl DeepgramTts {
    /// A voice with these options. Connects to nothing yet.
    ///
    /// # Errors
    /// `Auth` for a key that cannot be one; `InvalidConfig` for an option that cannot work.
    pub fn new(config: DeepgramTtsConfig) -> Result<Self> {
        let wrong = |message: &str| Err(Error::new(ErrorKind::InvalidConfig, Stage::Tts, message));
        if config.voice.trim().is_empty() {
            return wrong("VOICE is empty");
        }
        if !RATES.contains(&config.sample_rate) {
            return wrong("Deepgram speaks at 8000, 16000, 24000, 32000 or 48000 Hz");
        }
        let authorization = TTS.authorization(SCHEME, &config.key)?;
        let transport = match config.transport {
            DeepgramTtsTransport::WebSocket => {
                Transport::WebSocket(Arc::new(Pool::new(config.address(), authorization, LIFETIME)))
            }
            DeepgramTtsTransport::Rest => Transport::Rest(Arc::new(Requests {
                address: config.request_address(),
                authorization,
                sample_rate: config.sample_rate,
                stall_timeout: config.stall_timeout,
            })),
        };
        Ok(Self { config: Arc::new(config), transport })
    }
}

impl TtsProvider for DeepgramTts {
    fn name(&self) -> &str {
        "deepgram"
    }

    fn sample_rate(&self) -> u32 {
        self.config.sample_rate
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        let events = match &self.transport {
            Transport::WebSocket(pool) => {
                let voice = DeepgramVoice::new(self.config.sample_rate);
                Call::new(voice, pool.clone(), self.config.stall_timeout, text, &cx).boxed()
            }
            Transport::Rest(requests) => requests.clone().speak(text).boxed(),
        };
        events.until_cancelled(&cx.cancel).boxed()
    }

    /// Opens a connection for the first reply. A request cannot be prepared without paying for it.
    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        match &self.transport {
            Transport::WebSocket(pool) => pool.warm_up(),
            Transport::Rest(_) => async { Ok(()) }.boxed(),
        }
    }
}

impl fmt::Debug for DeepgramTts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeepgramTts").field("config", &self.config).finish_non_exhaustive()
    }
}
