//! Settings, through the library and through the binary.

use crate::support::{Folder, settings};
use agent_server::{Config, Providers, Sources};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

#[path = "../../../../voice-core/tests/onnx_support/mod.rs"]
mod onnx_support;

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_later_source_wins_and_an_empty_value_counts_as_none() {
    let folder = Folder::new("layers");
    let file = folder.write(
        "agent.toml",
        "host = \"10.0.0.1\"\nport = 1\nmax_sessions = 1\nvoice = \"toml\"\nallowed_origins = [\"https://a\", \"https://b\"]\n\
         [agent.conversation.endpointing]\nmin_ms = 700\n",
    );
    let dotenv = folder.write(".env", "# ours\nPORT=2\nexport MAX_SESSIONS=2\nVOICE='dot env'\nOTHER=x\nHOST=\n");
    let sources = Sources {
        flags: BTreeMap::from([("MAX_SESSIONS", "4".to_owned()), ("VOICE", String::new())]),
        environment: environment(&[("MAX_SESSIONS", "3"), ("PORT", "3"), ("HOST", " ")]),
        dotenv: Some(dotenv),
        file: Some(file),
    };
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.host, "10.0.0.1");
    assert_eq!(config.port, 3);
    assert_eq!(config.max_sessions, 4);
    assert_eq!(config.voice.as_deref(), Some("dot env"));
    assert_eq!(config.allowed_origins.len(), 2);
    assert_eq!(config.agent.conversation.endpointing.min_ms, 700);
}

#[test]
fn without_settings_the_defaults_hold() {
    let config = Config::load(&Sources::default()).unwrap();
    assert_eq!((config.host.as_str(), config.port), ("127.0.0.1", 3000));
    assert!(config.stt.is_empty() && !config.denoise && !config.log_transcripts);
    assert_eq!(config.agent.conversation.greeting, None);
}

#[test]
fn settings_of_the_agent_reach_it() {
    let config = settings(&[("ENDPOINTING_MS", "3000"), ("GREETING", "Hello!"), ("INSTRUCTIONS", "be brief")]);
    assert_eq!(config.agent.conversation.endpointing.min_ms, 3000);
    assert!(config.agent.conversation.endpointing.max_ms >= 3000);
    assert_eq!(config.agent.conversation.endpointing.complete_ms, 3000, "however complete a turn sounds");
    assert_eq!(config.agent.conversation.greeting.as_deref(), Some("Hello!"));
    assert_eq!(config.agent.instructions.as_deref(), Some("be brief"));
    for (value, tag) in [("en_US:en", Some("en-US")), ("de_CH.UTF-8", Some("de-CH")), ("C", None)] {
        let config = settings(&[("LANGUAGE", value)]);
        let judged = config.agent.conversation.interruption.language.as_deref();
        assert_eq!((config.language.as_deref(), judged), (tag, tag), "{value}");
    }
}

#[test]
fn answers_are_prepared_ahead_unless_that_is_switched_off() {
    let tries = |value| settings(&[("SPECULATION", value)]).agent.conversation.speculation.max_tries;
    assert!(tries("") > 0 && tries("on") > 0);
    assert_eq!(tries("off"), 0);
}

#[test]
fn a_wrong_value_is_one_line_that_names_its_key_and_no_secret() {
    for (name, value) in [
        ("PORT", "70000"),
        ("PORT", "http"),
        ("HOST", "http://localhost"),
        ("HOST", "localhost:3000"),
        ("STT", "whisper"),
        ("LLM", "cartesia"),
        ("TTS", "groq"),
        ("DENOISE", "perhaps"),
        ("VAD", "webrtc"),
        ("SPECULATION", "sometimes"),
        ("ENDPOINTING_MS", "-1"),
        ("ENDPOINTING_MS", "1.5"),
        ("MAX_SESSIONS", "0"),
        ("ALLOWED_ORIGINS", "voice.example"),
        ("ALLOWED_ORIGINS", "https://voice.example/page"),
        ("ADMIN_TOKEN", "very secret"),
        ("LOG", "loud"),
        ("LOG_TRANSCRIPTS", "2"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "very secret"),
        ("DEEPGRAM_BASE_URL", "deepgram.example"),
        ("LANGUAGE", "english!"),
        ("FAKE_LLM_MS", "soon"),
        ("MAX_LATE_MS", "soon"),
        ("MAX_CPU_PERCENT", "101"),
        ("UPGRADES_PER_MINUTE", "-1"),
        ("IDLE_S", "1.5"),
        ("REQUEST_S", "0"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy.example"),
        ("TOKEN_SECRET", "too-short-a-secret"),
        ("TOKEN_KEY", "/nowhere/key.pem"),
        ("TOKEN_PUBLIC_KEY", FILE),
        ("REQUIRE_TOKEN", "on"),
        ("TURN_MODEL", "/nowhere/turn.onnx"),
        ("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so"),
    ] {
        let sources = Sources { environment: environment(&[(name, value)]), ..Sources::default() };
        let message = Config::load(&sources).unwrap_err().to_string();
        assert!(message.starts_with(name), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
    let half = Sources { environment: environment(&[("TLS_CERT", "a.pem")]), ..Sources::default() };
    assert!(Config::load(&half).unwrap_err().to_string().starts_with("TLS_KEY"));
}

#[test]
fn limits_are_as_they_were_set_and_nothing_is_no_limit() {
    let usual = settings(&[]).limits;
    assert_eq!((usual.idle, usual.longest), (Some(Duration::from_secs(900)), Some(Duration::from_secs(14_400))));
    assert_eq!(usual.upgrades_per_minute.map(u32::from), Some(600));
    let guard = Config::load(&Sources::default()).expect("nothing is wrong").limits;
    assert_eq!((guard.max_late, guard.max_cpu_percent), (Some(Duration::from_millis(20)), Some(70)));
    let none =
        ["UPGRADES_PER_MINUTE", "REQUESTS_PER_MINUTE", "CONNECTIONS_PER_ADDRESS", "MESSAGES_PER_SECOND", "IDLE_S"];
    let none = settings(&none.map(|name| (name, "0"))).limits;
    assert_eq!((none.upgrades_per_minute, none.requests_per_minute), (None, None));
    assert_eq!((none.connections_per_address, none.messages_per_second, none.idle), (None, None, None));
    let some = settings(&[("TRUSTED_PROXIES", "10.0.0.0/8,::1"), ("PING_S", "5"), ("MAX_LATE_MS", "20")]).limits;
    assert!(some.trusted_proxies[0].contains("10.1.1.1".parse().unwrap()));
    assert_eq!((some.ping, some.max_late), (Duration::from_secs(5), Some(Duration::from_millis(20))));
}

#[test]
fn there_is_one_key_for_tokens() {
    let folder = Folder::new("two-keys");
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let key = folder.write("key.pem", &key.serialize_pem());
    let secret = ("TOKEN_SECRET", "a-secret-of-thirty-two-bytes-or-more");
    let both = environment(&[secret, ("TOKEN_KEY", key.to_str().unwrap())]);
    let error = Config::load(&Sources { environment: both, ..Sources::default() }).unwrap_err().to_string();
    assert_eq!(error, "TOKEN_KEY: TOKEN_SECRET is set already, and there is one key");
    let other = rcgen::KeyPair::generate().unwrap();
    let other = folder.write("other.pem", &other.serialize_pem());
    let environment = environment(&[("TOKEN_KEY", other.to_str().unwrap())]);
    let error = Config::load(&Sources { environment, ..Sources::default() }).unwrap_err().to_string();
    assert!(error.contains("the file holds no private key of Ed25519"), "{error}");
}

#[test]
fn a_file_with_a_mistake_is_named() {
    let folder = Folder::new("mistakes");
    for (text, named) in [
        ("prot = 3000\n", "prot"),
        ("port = 3000\nhost =\n", "line 2"),
        ("port = 1.5\n", "port"),
        ("port = 99999\n", "PORT"),
        ("[agent]\nplayout_ahead = 3\n", "agent"),
    ] {
        let file = folder.write("agent.toml", text);
        let message = Config::load(&Sources { file: Some(file), ..Sources::default() }).unwrap_err().to_string();
        assert!(message.contains(named) && message.contains("agent.toml"), "{text:?}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let dotenv = folder.write(".env", "PORT=3000\nthis is no setting\n");
    let message = Config::load(&Sources { dotenv: Some(dotenv), ..Sources::default() }).unwrap_err().to_string();
    assert!(message.contains(".env") && message.contains("PORT"), "{message}");
}

/// A file, but neither a model nor a library.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

/// Runs the binary in a folder of its own, with nothing in its environment but these.
fn run(folder: &Folder, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_agent-server"))
        .current_dir(folder.path())
        .env_clear()
        .envs(variables.iter().copied())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn the_process_ends_with_two_for_settings_and_one_for_the_rest() {
    let folder = Folder::new("exits");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, variables, code, said) in [
        (&["--port", "banana"][..], &[][..], 2, "PORT=banana"),
        (&[], &[("PORT", "banana")], 2, "PORT=banana"),
        (&[], &[("STT", "deepgram")], 2, "DEEPGRAM_API_KEY: not set, and STT=deepgram needs it"),
        (&[], &[("LLM", "groq:openai/gpt-oss-120b")], 2, "LLM=groq: Groq needs a key in GROQ_API_KEY"),
        (&[], &[("LLM", "openai"), ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")], 2, "name one as LLM=openai:…"),
        (&[], &[("TTS", "cartesia")], 2, "CARTESIA_API_KEY: not set, and TTS=cartesia needs it"),
        (&[], &[("TTS", "local,deepgram")], 2, "DEEPGRAM_API_KEY: not set, and TTS=deepgram needs it"),
        (&[], &[("TLS_CERT", "a"), ("TLS_KEY", "b")], 2, "TLS_CERT=a: the file cannot be read"),
        (&[], &[("TURN_MODEL", "/nowhere/turn.onnx")], 2, "TURN_MODEL=/nowhere/turn.onnx: there is no such file"),
        (&[], &[("TURN_MODEL", FILE), ("ORT_DYLIB_PATH", FILE)], 2, "ORT_DYLIB_PATH=/"),
        (&["--config", "nowhere.toml"], &[], 2, "nowhere.toml"),
        (&["--no-such-flag"], &[], 2, "--no-such-flag"),
        (&["--port", &port], &[], 1, &port),
        (&["--help"], &[], 0, "--endpointing-ms"),
    ] {
        let output = run(&folder, arguments, variables);
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {variables:?}: {text}");
        assert!(text.contains(said), "{text}");
    }
    let output = run(&folder, &[], &[("PORT", "banana")]);
    assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
    assert_eq!(run(&folder, &["--admin-token", "x"], &[]).status.code(), Some(2));
}

#[test]
fn a_turn_detection_model_serves_where_it_is_there_and_another_file_is_refused_by_name() {
    let Some((model, library)) = onnx_support::smart_turn() else { return };
    let detector = |model: &str| {
        let library = ("ORT_DYLIB_PATH", library.to_str().unwrap());
        Providers::from_config(&settings(&[("TURN_MODEL", model), library])).map(|providers| providers.turn_detector)
    };
    assert!(detector(model.to_str().unwrap()).unwrap().is_some());
    let message = detector(FILE).err().unwrap().to_string();
    assert!(message.starts_with(&format!("TURN_MODEL={FILE}: ")), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(Providers::from_config(&settings(&[])).unwrap().turn_detector.is_none());
}

/// Answers every request with 401, as a service does that does not know the key, and quotes what it was sent.
fn refuse_everybody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = [0; 4_096];
            let length = stream.read(&mut head).unwrap_or(0);
            let message = format!("Invalid API Key: {}", String::from_utf8_lossy(&head[..length]));
            let body = json!({ "error": { "message": message, "code": "invalid_api_key" } }).to_string();
            let answer = format!("HTTP/1.1 401 Unauthorized\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn a_key_that_is_refused_ends_the_start_with_one_line_that_does_not_show_it() {
    let folder = Folder::new("refused");
    let url = refuse_everybody();
    for (stage, provider, service, key) in [
        ("LLM", "groq", "GROQ", "gsk_0123456789abcdefghij"),
        ("LLM", "openai:gpt-oss", "OPENAI", "sk-proj-0123456789abcdefghij"),
        ("TTS", "cartesia", "CARTESIA", "sk_car_0123456789abcdefghij"),
        ("TTS", "deepgram", "DEEPGRAM", "0123456789abcdef0123456789abcdef01234567"),
    ] {
        let [name, base] = ["API_KEY", "BASE_URL"].map(|end| format!("{service}_{end}"));
        let mut variables = vec![("PORT", "0"), ("STT", "local"), ("LLM", "local"), ("TTS", "local"), ("LOG", "trace")];
        variables.retain(|(set, _)| *set != stage);
        variables.extend([(stage, provider), (&name, key), (&base, &url)]);
        let output = run(&folder, &[], &variables);
        let [log, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(output.status.code(), Some(2), "{errors} {log}");
        assert!(errors.contains(&name) && errors.lines().count() == 1, "{errors}");
        assert!(!format!("{errors}{log}").contains(key), "{errors} {log}");
    }
}
