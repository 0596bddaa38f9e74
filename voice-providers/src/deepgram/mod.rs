//! Deepgram: speech to text over a live connection that outlives its losses, and text to speech.
//!
//! Both talk WebSocket, the voice on request REST, with the key in a header alone. See `docs/providers.md` for the options.

mod config;
mod stt;
mod tts;
mod wire;

pub use config::{DeepgramSttConfig, DeepgramTtsConfig, DeepgramTtsTransport};
pub use stt::DeepgramStt;
pub use tts::DeepgramTts;

use crate::http::Asked;
use voice_core::Stage;

const STT: Asked = Asked { service: "Deepgram", stage: Stage::Stt, key: "DEEPGRAM_API_KEY", model: "STT" };
const TTS: Asked = Asked { service: "Deepgram", stage: Stage::Tts, key: "DEEPGRAM_API_KEY", model: "VOICE" };

/// By which the key is known in a header.
const SCHEME: &str = "Token";
