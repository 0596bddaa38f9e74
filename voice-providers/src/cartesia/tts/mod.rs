//! Text to speech in contexts, over connections that are kept and used again for the next reply.

mod voice;

use super::TTS;
use super::config::CartesiaTtsConfig;
use crate::speech::{Call, Lifetime, Pool};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use voice::CartesiaVoice;
use voice_core::stage::{CallContext, TtsEvent, TtsInput, TtsProvider};
use voice_core::stream::CancelStreamExt;
use voice_core::{Error, ErrorKind, Result, Stage};

/// Rates of plain samples, in Hz, that need no blocks to be resampled from.
const RATES: [u32; 4] = [8_000, 16_000, 24_000, 48_000];
/// The service closes a connection on which nothing is said for 5 min.
const LIFETIME: Lifetime = Lifetime { age: Duration::from_secs(50 * 60), idle: Duration::from_secs(4 * 60 + 30) };

/// Cartesia's voices (`/tts/websocket`).
///
/// A reply is a context, in which each sentence is a piece: the service numbers them and tells when all audio of one has
/// come, so that the borders between sentences are exact. An interrupted reply is cancelled by a message and leaves its
/// connection open.
#[derive(Clone)]
pub struct CartesiaTts {
    config: Arc<CartesiaTtsConfig>,
    pool: Arc<Pool<CartesiaVoice>>,
}

impl CartesiaTts {
    /// A voice with these options. Connects to nothing yet.
    ///
    /// # Errors
    /// `Auth` for a key that cannot be one; `InvalidConfig` for an option that cannot work.
    pub fn new(config: CartesiaTtsConfig) -> Result<Self> {
        let wrong = |message: &str| Err(Error::new(ErrorKind::InvalidConfig, Stage::Tts, message));
        if config.voice.trim().is_empty() || config.model.trim().is_empty() || config.language.trim().is_empty() {
            return wrong("the voice, the model or the language is empty");
        }
        if !RATES.contains(&config.sample_rate) {
            return wrong("Cartesia speaks at 8000, 16000, 24000 or 48000 Hz");
        }
        let within = |value: Option<f32>, least, most| value.is_none_or(|value| (least..=most).contains(&value));
        if !within(config.speed, 0.6, 1.5) || !within(config.volume, 0.5, 2.0) {
            return wrong("Cartesia's speed is 0.6 to 1.5 and its volume 0.5 to 2.0");
        }
        let pool = Arc::new(Pool::new(config.address(), TTS.authorization("Bearer", &config.key)?, LIFETIME));
        Ok(Self { config: Arc::new(config), pool })
    }
}

impl TtsProvider for CartesiaTts {
    fn name(&self) -> &str {
        "cartesia"
    }

    fn sample_rate(&self) -> u32 {
        self.config.sample_rate
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        let voice = CartesiaVoice::new(self.config.clone(), &cx);
        Call::new(voice, self.pool.clone(), self.config.stall_timeout, text, &cx).until_cancelled(&cx.cancel).boxed()
    }

    /// Opens a connection for the first reply, which shows whether the key is right.
    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        self.pool.warm_up()
    }
}

impl fmt::Debug for CartesiaTts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CartesiaTts").field("config", &self.config).finish_non_exhaustive()
    }
}
