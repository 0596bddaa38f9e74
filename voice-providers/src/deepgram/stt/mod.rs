//! Speech to text over one live connection a session, which may be lost and made again without losing a word.

mod connection;
mod prerecorded;
mod seam;
mod session;
mod tape;
mod transcript;

use super::config::DeepgramSttConfig;
use super::{SCHEME, STT, wire};
use crate::ws::Line;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use session::Session;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use voice_core::stage::{CallContext, SttEvent, SttInput, SttProvider};
use voice_core::stream::CancelStreamExt;
use voice_core::{Error, ErrorKind, Result, Stage};

/// Deepgram's live transcription (`/v1/listen`).
///
/// A call connects as soon as it is first polled, so that the connection is open before the first word. What was said is
/// kept until its words are final; when the connection is lost, another one is made and gets exactly that audio again.
#[derive(Clone)]
pub struct DeepgramStt {
    shared: Arc<Shared>,
}

/// What all sessions share.
struct Shared {
    config: DeepgramSttConfig,
    address: String,
    authorization: HeaderValue,
}

impl Shared {
    fn connect(&self) -> BoxFuture<'static, Result<Line>> {
        Line::open(STT, self.address.clone(), self.authorization.clone(), Some(wire::CLOSE_STREAM)).boxed()
    }
}

impl DeepgramStt {
    /// A recogniser with these options. Connects to nothing yet.
    ///
    /// # Errors
    /// `Auth` for a key that cannot be one; `InvalidConfig` for an option that cannot work.
    pub fn new(config: DeepgramSttConfig) -> Result<Self> {
        let wrong = |message: &str| Err(Error::new(ErrorKind::InvalidConfig, Stage::Stt, message));
        if config.model.trim().is_empty() {
            return wrong("STT: the model is empty");
        }
        if !(config.replay_speed.is_finite() && config.replay_speed >= 1.0) {
            return wrong("the replay speed must be at least 1");
        }
        let (address, authorization) = (config.address(), STT.authorization(SCHEME, &config.key)?);
        Ok(Self { shared: Arc::new(Shared { config, address, authorization }) })
    }
}

impl SttProvider for DeepgramStt {
    fn name(&self) -> &str {
        "deepgram"
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        let mut seed = DefaultHasher::new();
        cx.session.hash(&mut seed);
        Session::new(self.shared.clone(), input, seed.finish()).until_cancelled(&cx.cancel).boxed()
    }

    /// Opens a connection and closes it: the key is right, the model exists, the addresses are resolved.
    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        self.shared.connect().map(|line| line.map(drop)).boxed()
    }
}

impl fmt::Debug for DeepgramStt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeepgramStt").field("config", &self.shared.config).finish_non_exhaustive()
    }
}
