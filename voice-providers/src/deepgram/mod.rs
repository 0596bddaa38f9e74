//! Deepgram: speech to text over a live connection that outlives its losses, and text to speech.
//!
//! Both talk WebSocket, with the key in a header alone. See `docs/providers.md` for the options.

mod config;
mod stt;
mod tts;
mod wire;

pub use config::{DeepgramSttConfig, DeepgramTtsConfig};
pub use stt::DeepgramStt;
pub use tts::DeepgramTts;

use crate::http::Asked;
use crate::secret::Secret;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use voice_core::{Error, ErrorKind, Result, Stage};

const STT: Asked = Asked { service: "Deepgram", stage: Stage::Stt, key: "DEEPGRAM_API_KEY", model: "STT" };
const TTS: Asked = Asked { service: "Deepgram", stage: Stage::Tts, key: "DEEPGRAM_API_KEY", model: "VOICE" };

/// The key as a header that is never printed.
fn authorization(key: &Secret, asked: Asked) -> Result<HeaderValue> {
    let unusable = || Error::new(ErrorKind::Auth, asked.stage, format!("{} is empty or no key", asked.key));
    if key.expose().trim().is_empty() {
        return Err(unusable());
    }
    let mut value = HeaderValue::from_str(&format!("Token {}", key.expose().trim())).map_err(|_| unusable())?;
    value.set_sensitive(true);
    Ok(value)
}
