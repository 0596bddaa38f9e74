//! Cartesia: text to speech with word timings, and exact borders between sentences.
//!
//! It talks WebSocket, with the key in a header alone. See `docs/providers.md` for the options.

mod config;
mod tts;
mod wire;

pub use config::CartesiaTtsConfig;
pub use tts::CartesiaTts;

use crate::http::Asked;
use voice_core::Stage;

const TTS: Asked = Asked { service: "Cartesia", stage: Stage::Tts, key: "CARTESIA_API_KEY", model: "TTS or VOICE" };
