//! What the operator has set: defaults, then `agent.toml`, `.env`, the environment and flags, the later ones winning.

mod choice;
mod limits;
mod memory;
mod parse;
mod settings;
mod sources;
mod telemetry;
mod tokens;

pub use choice::{Provider, ProviderChoice, StageKind};
pub use limits::Limits;
pub use memory::MemoryConfig;
pub use settings::{SETTINGS, Setting};
pub use sources::{Sources, command};
pub use telemetry::Telemetry;
pub use tokens::TokenSettings;

use crate::guard::Origin;
use crate::logging::LogLevels;
use crate::tls::{self, Tls};
use sources::Layers;
use std::collections::BTreeMap;
use std::path::PathBuf;
use voice_core::agent::AgentConfig;
use voice_providers::{Endpoint, Secret};

/// A setting that cannot work, in one line that names its key. Secret values are never part of it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The setting asks for something that this build does not have.
    pub fn unavailable(setting: &str) -> Self {
        Self(format!("{setting}: not available in this build"))
    }
}

/// Paths of the server's certificate chain and private key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Everything the operator can set, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address or name to listen on.
    pub host: String,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// Set when the server is to speak TLS itself.
    pub tls: Option<TlsFiles>,
    /// Keys of cloud services, by the name of their setting.
    pub keys: BTreeMap<&'static str, Secret>,
    /// Where cloud services are found, by the name of the setting, one for each region; elsewhere only when named.
    pub base_urls: BTreeMap<&'static str, Vec<Endpoint>>,
    /// Recognisers, the first preferred; empty when not named.
    pub stt: Vec<ProviderChoice>,
    /// Language models, the first preferred; empty when not named.
    pub llm: Vec<ProviderChoice>,
    /// Synthesisers, the first preferred; empty when not named.
    pub tts: Vec<ProviderChoice>,
    /// Whether the recogniser hears denoised audio.
    pub denoise: bool,
    /// The turn detection model Smart Turn v3; without it silence alone ends turns.
    pub turn_model: Option<PathBuf>,
    /// The ONNX Runtime library that runs it; where the system's loader finds it when not named.
    pub onnx_runtime: Option<PathBuf>,
    /// Language of the conversation, as a BCP 47 tag.
    pub language: Option<String>,
    /// Voice of the synthesiser.
    pub voice: Option<String>,
    /// Latencies of the fake providers, in ms: recogniser, language model, synthesiser.
    pub fake_ms: [u64; 3],
    /// Calls of the fake providers that fail, of a hundred, and the seed of how.
    pub fake_faults: Option<(u64, u64)>,
    /// The core's own settings.
    pub agent: AgentConfig,
    /// Opens `/api`.
    pub admin_token: Option<Secret>,
    /// Session tokens.
    pub tokens: TokenSettings,
    /// Web origins besides the server's own that may use it.
    pub allowed_origins: Vec<Origin>,
    /// Sessions open at once, those waiting for their client to come back included.
    pub max_sessions: usize,
    /// What is kept of sessions and users, and where.
    pub memory: MemoryConfig,
    /// How much else the server takes on, and how long it waits.
    pub limits: Limits,
    /// What the log holds.
    pub log: LogLevels,
    /// Whether the log may hold what was said.
    pub log_transcripts: bool,
    /// Where traces go.
    pub telemetry: Telemetry,
}

impl Config {
    /// Puts the layers together and checks every value.
    ///
    /// # Errors
    /// One line naming the first setting that cannot work.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let layers = Layers::read(sources)?;
        let mut base_urls = BTreeMap::new();
        for name in settings::BASE_URLS {
            if let Some(url) = layers.parse(name, parse::base_urls)? {
                base_urls.insert(name, url);
            }
        }
        let mut config = Self {
            host: layers.parse("HOST", parse::host)?.unwrap_or_else(|| "127.0.0.1".into()),
            port: layers.parse("PORT", parse::port)?.unwrap_or(3000),
            tls: tls_files(&layers)?,
            keys: settings::KEYS
                .iter()
                .filter_map(|name| layers.get(name).map(|value| (*name, Secret::new(value))))
                .collect(),
            base_urls,
            stt: layers.parse("STT", |value| choice::list(StageKind::Stt, value))?.unwrap_or_default(),
            llm: layers.parse("LLM", |value| choice::list(StageKind::Llm, value))?.unwrap_or_default(),
            tts: layers.parse("TTS", |value| choice::list(StageKind::Tts, value))?.unwrap_or_default(),
            denoise: layers.parse("DENOISE", parse::switch)?.unwrap_or(false),
            turn_model: layers.parse("TURN_MODEL", parse::file)?,
            onnx_runtime: layers.parse("ORT_DYLIB_PATH", parse::library)?,
            language: layers.parse("LANGUAGE", parse::language)?.flatten(),
            voice: layers.get("VOICE").map(str::to_owned),
            fake_ms: [
                layers.parse("FAKE_STT_MS", parse::fake_latency)?.unwrap_or(0),
                layers.parse("FAKE_LLM_MS", parse::fake_latency)?.unwrap_or(0),
                layers.parse("FAKE_TTS_MS", parse::fake_latency)?.unwrap_or(0),
            ],
            fake_faults: layers.parse("FAKE_FAULTS", parse::fake_faults)?,
            agent: layers.agent()?,
            admin_token: layers.parse("ADMIN_TOKEN", parse::token)?,
            tokens: TokenSettings::read(&layers)?,
            allowed_origins: layers.parse("ALLOWED_ORIGINS", parse::origins)?.unwrap_or_default(),
            max_sessions: layers.parse("MAX_SESSIONS", parse::session_limit)?.unwrap_or(1_000),
            memory: MemoryConfig::read(&layers)?,
            limits: Limits::read(&layers)?,
            log: layers.parse("LOG", str::parse)?.unwrap_or_default(),
            log_transcripts: layers.parse("LOG_TRANSCRIPTS", parse::switch)?.unwrap_or(false),
            telemetry: Telemetry::read(&layers)?,
        };
        layers.parse("VAD", parse::vad)?;
        config.apply_to_agent(&layers)?;
        Ok(config)
    }

    /// The settings that have a name of their own and live in the core's configuration.
    fn apply_to_agent(&mut self, layers: &Layers) -> Result<(), ConfigError> {
        let agent = &mut self.agent;
        if let Some(instructions) = layers.get("INSTRUCTIONS") {
            agent.instructions = Some(instructions.to_owned());
        }
        if let Some(greeting) = layers.get("GREETING") {
            agent.conversation.greeting = Some(greeting.to_owned());
        }
        if let Some(silence) = layers.parse("ENDPOINTING_MS", parse::endpointing)? {
            // Who says how long to wait is waited for as long, be a turn ever so complete.
            agent.conversation.endpointing.end_after(silence);
        }
        // Whose "yeah" and "stop" count.
        let judged = &mut agent.conversation.interruption.language;
        *judged = judged.take().or_else(|| self.language.clone());
        if layers.parse("SPECULATION", parse::switch)? == Some(false) {
            agent.conversation.speculation.max_tries = 0;
        }
        Ok(())
    }
}

fn tls_files(layers: &Layers) -> Result<Option<TlsFiles>, ConfigError> {
    match (layers.get("TLS_CERT"), layers.get("TLS_KEY")) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(ConfigError::new("TLS_KEY: must be set where TLS_CERT is")),
        (None, Some(_)) => return Err(ConfigError::new("TLS_CERT: must be set where TLS_KEY is")),
        (Some(_), Some(_)) => {}
    }
    let certificate = layers.parse("TLS_CERT", |path| tls::certificates(path.as_ref()).map(|_| PathBuf::from(path)))?;
    let key = layers.parse("TLS_KEY", |path| tls::private_key(path.as_ref()).map(|_| PathBuf::from(path)))?;
    let files = certificate.zip(key).map(|(certificate, key)| TlsFiles { certificate, key });
    // Whether they belong together shows only when they are used.
    files.as_ref().map(Tls::load).transpose()?;
    Ok(files)
}
