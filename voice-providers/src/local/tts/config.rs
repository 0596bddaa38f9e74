//! Settings of the local voice.

use serde::Deserialize;
use voice_core::{Error, ErrorKind, Result, Stage};

/// Voices with 16 kHz audio.
const VOICES: [&str; 4] = ["slt", "awb", "rms", "kal16"];

/// Settings of the local voice. The defaults fit Debian's packages.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LocalTtsConfig {
    /// `slt` (a woman), `awb`, `rms` (men), or `kal16`, which sounds like a machine but the same every time.
    pub voice: String,
    /// Where the libraries lie, with a trailing slash; empty to look where the system does.
    pub directory: String,
    /// Threads that speak for all sessions; `None` for one per core.
    pub threads: Option<usize>,
}

impl Default for LocalTtsConfig {
    fn default() -> Self {
        Self { voice: "slt".to_owned(), directory: String::new(), threads: None }
    }
}

impl LocalTtsConfig {
    /// Refuses a voice that does not exist.
    pub(super) fn check(&self) -> Result<()> {
        if VOICES.contains(&self.voice.as_str()) {
            return Ok(());
        }
        let message = format!("unknown voice {:?}; there are {}", self.voice, VOICES.join(", "));
        Err(Error::new(ErrorKind::InvalidConfig, Stage::Tts, message))
    }

    /// The names each library may have, in the order they must be opened.
    pub(super) fn libraries(&self) -> Vec<Vec<String>> {
        let voice = format!("flite_cmu_us_{}", self.voice);
        ["flite", "flite_cmulex", "flite_usenglish", &voice]
            .iter()
            .map(|name| ["so.1", "so", "dylib"].map(|suffix| format!("{}lib{name}.{suffix}", self.directory)).to_vec())
            .collect()
    }

    /// The function that registers the voice.
    pub(super) fn register_function(&self) -> String {
        format!("register_cmu_us_{}", self.voice)
    }
}
