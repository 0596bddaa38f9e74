//! The table of settings: one row makes a setting known in `agent.toml`, `.env`, the environment and as a flag.

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name in the environment and in `.env`; in lower case its key in `agent.toml`.
    pub name: &'static str,
    /// What it means, for `--help`; `None` for secrets, which are no flags since other users of a machine see those.
    pub help: Option<&'static str>,
}

const fn setting(name: &'static str, help: &'static str) -> Setting {
    Setting { name, help: Some(help) }
}

const fn secret(name: &'static str) -> Setting {
    Setting { name, help: None }
}

/// Keys of cloud services.
pub(super) const KEYS: [&str; 5] =
    ["DEEPGRAM_API_KEY", "GROQ_API_KEY", "CARTESIA_API_KEY", "TAVILY_API_KEY", "OPENAI_API_KEY"];

/// Where cloud services are found.
pub(super) const BASE_URLS: [&str; 5] =
    ["DEEPGRAM_BASE_URL", "GROQ_BASE_URL", "CARTESIA_BASE_URL", "TAVILY_BASE_URL", "OPENAI_BASE_URL"];

/// Settings that are known and change nothing in this build.
pub(super) const WITHOUT_EFFECT: [&str; 1] = ["REDIS_URL"];

/// All settings.
pub const SETTINGS: [Setting; 39] = [
    setting("HOST", "Address or name to listen on [127.0.0.1]"),
    setting("PORT", "Port to listen on, 0 for a free one [3000]"),
    setting("TLS_CERT", "Certificate chain (PEM); with TLS_KEY serves https and wss"),
    setting("TLS_KEY", "Private key of the certificate (PEM)"),
    secret(KEYS[0]),
    secret(KEYS[1]),
    secret(KEYS[2]),
    secret(KEYS[3]),
    secret(KEYS[4]),
    setting(BASE_URLS[0], "Where Deepgram is found"),
    setting(BASE_URLS[1], "Where Groq is found"),
    setting(BASE_URLS[2], "Where Cartesia is found"),
    setting(BASE_URLS[3], "Where Tavily is found"),
    setting(BASE_URLS[4], "Where an OpenAI-compatible server is found"),
    setting("STT", "Speech to text: provider[:model][,…]"),
    setting("LLM", "Language model: provider[:model][,…]"),
    setting("TTS", "Text to speech: provider[:model][,…]"),
    setting("DENOISE", "Clean the audio for speech to text: on or off [off]"),
    setting("VAD", "Voice activity detection [silero]"),
    setting("ENDPOINTING_MS", "Silence that ends a turn, in ms [500]"),
    setting("TURN_MODEL", "Path of the turn detection model Smart Turn v3"),
    setting("ORT_DYLIB_PATH", "Path of the ONNX Runtime library that TURN_MODEL needs"),
    setting("SPECULATION", "Prepare an answer before the turn has ended: on or off [on]"),
    setting("INSTRUCTIONS", "How the agent is to behave"),
    setting("GREETING", "What it says first; empty for nothing"),
    setting("LANGUAGE", "Language of the conversation [en]"),
    setting("VOICE", "Voice of the synthesiser"),
    secret("ADMIN_TOKEN"),
    setting("ALLOWED_ORIGINS", "Web origins besides the server's own that may use it, separated by commas"),
    setting("MAX_SESSIONS", "Sessions open at once [1000]"),
    secret("REDIS_URL"),
    setting("LOG", "What the log holds: off, error, warn, info, debug, trace, or target=level, … [info]"),
    setting("LOG_TRANSCRIPTS", "Whether the log may hold what was said: on or off [off]"),
    setting("OTEL_EXPORTER_OTLP_ENDPOINT", "Where traces go: a collector that speaks OTLP over HTTP"),
    secret("OTEL_EXPORTER_OTLP_HEADERS"),
    setting("OTEL_SERVICE_NAME", "What the traces call this service [agent-server]"),
    setting("FAKE_STT_MS", "Latency of STT=fake, in ms [0]"),
    setting("FAKE_LLM_MS", "Latency of LLM=fake, in ms [0]"),
    setting("FAKE_TTS_MS", "Latency of TTS=fake, in ms [0]"),
];
