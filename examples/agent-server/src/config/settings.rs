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

/// All settings.
pub const SETTINGS: &[Setting] = &[
    setting("HOST", "Address or name to listen on [127.0.0.1]"),
    setting("PORT", "Port to listen on, 0 for a free one [3000]"),
    setting("TLS_CERT", "Certificate chain (PEM); with TLS_KEY serves https and wss"),
    setting("TLS_KEY", "Private key of the certificate (PEM)"),
    secret(KEYS[0]),
    secret(KEYS[1]),
    secret(KEYS[2]),
    secret(KEYS[3]),
    secret(KEYS[4]),
    setting(BASE_URLS[0], "Where Deepgram is found; several regions separated by commas"),
    setting(BASE_URLS[1], "Where Groq is found; regions as above"),
    setting(BASE_URLS[2], "Where Cartesia is found; regions as above"),
    setting(BASE_URLS[3], "Where Tavily is found; regions as above"),
    setting(BASE_URLS[4], "Where an OpenAI-compatible server is found; regions as above"),
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
    secret("TOKEN_SECRET"),
    setting("TOKEN_KEY", "Private key of session tokens (Ed25519, PKCS #8 PEM), instead of TOKEN_SECRET"),
    setting("TOKEN_PUBLIC_KEY", "Public key of session tokens that others make (Ed25519, PEM)"),
    setting("TOKEN_AUDIENCE", "For whom a session token has to be meant [voice-agent]"),
    setting("REQUIRE_TOKEN", "Whether /ws wants a session token: on or off [off]"),
    setting("ALLOWED_ORIGINS", "Web origins besides the server's own that may use it, separated by commas"),
    setting("MAX_SESSIONS", "Sessions open at once [1000]"),
    setting("MAX_LATE_MS", "Lateness of the threads, in ms, from which on no session is taken, 0 for any [20]"),
    setting("MAX_CPU_PERCENT", "Share of the processors from which on no session is taken, 0 for any [70]"),
    setting("UPGRADES_PER_MINUTE", "New WebSockets of one address or token, 0 for any number [600]"),
    setting("REQUESTS_PER_MINUTE", "Requests to /api and /login of one address, 0 for any number [1200]"),
    setting("CONNECTIONS_PER_ADDRESS", "Connections of one address at once, 0 for any number [512]"),
    setting("MESSAGES_PER_SECOND", "Messages read of one WebSocket, 0 for any number [200]"),
    setting("TRUSTED_PROXIES", "Addresses or networks whose X-Forwarded-For counts, separated by commas"),
    setting("IDLE_S", "Seconds without anything happening that end a session, 0 for never [900]"),
    setting("MAX_SESSION_S", "Seconds after which a session ends, 0 for never [14400]"),
    setting("PING_S", "Seconds between questions whether a client is still there [15]"),
    setting("SILENCE_S", "Seconds of silence after which a client is lost [45]"),
    setting("STALLED_S", "Seconds that a client may take nothing before it is lost [10]"),
    setting("REQUEST_S", "Seconds for a request's head, its body, and a TLS handshake [15]"),
    secret("REDIS_URL"),
    setting("SESSION_TTL", "How long a session is kept that no server holds, in s [120]"),
    setting("USER_MEMORY_TTL", "How long users are remembered from session to session, in s; nobody is unless set"),
    setting("DRAIN_MS", "How long turns have to end when the server goes, in ms [5000]"),
    setting("LOG", "What the log holds: off, error, warn, info, debug, trace, or target=level, … [info]"),
    setting("LOG_TRANSCRIPTS", "Whether the log may hold what was said: on or off [off]"),
    setting("OTEL_EXPORTER_OTLP_ENDPOINT", "Where traces go: a collector that speaks OTLP over HTTP"),
    secret("OTEL_EXPORTER_OTLP_HEADERS"),
    setting("OTEL_SERVICE_NAME", "What the traces call this service [agent-server]"),
    setting("FAKE_STT_MS", "Latency of STT=fake, in ms [0]"),
    setting("FAKE_LLM_MS", "Latency of LLM=fake, in ms [0]"),
    setting("FAKE_TTS_MS", "Latency of TTS=fake, in ms [0]"),
    setting("FAKE_FAULTS", "Calls of fakes that fail, of a hundred, and the seed of how: 20@7 [none]"),
];
