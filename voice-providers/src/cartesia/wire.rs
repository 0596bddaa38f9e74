//! The messages, as pure coding. Of what the service says, anything unknown or odd is skipped, never an error.

use super::TTS;
use super::config::CartesiaTtsConfig;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use reqwest::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use voice_core::stage::WordTiming;
use voice_core::{Error, ErrorKind};

/// A piece of text of a context. All fields but the text are the same for all pieces of it.
#[derive(Serialize)]
struct Generation<'a> {
    model_id: &'a str,
    voice: Voice<'a>,
    language: &'a str,
    context_id: &'a str,
    output_format: OutputFormat,
    #[serde(skip_serializing_if = "GenerationConfig::is_empty")]
    generation_config: GenerationConfig<'a>,
    add_timestamps: bool,
    /// Words as they are written: "20", not "twenty".
    use_normalized_timestamps: bool,
    /// Each piece is a whole sentence: it is spoken at once, and counts as flushed.
    max_buffer_delay_ms: u32,
    transcript: &'a str,
    #[serde(rename = "continue")]
    goes_on: bool,
}

#[derive(Serialize)]
struct Voice<'a> {
    mode: &'static str,
    id: &'a str,
}

#[derive(Serialize)]
struct OutputFormat {
    container: &'static str,
    encoding: &'static str,
    sample_rate: u32,
}

#[derive(Serialize)]
struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emotion: Option<&'a str>,
}

impl GenerationConfig<'_> {
    fn is_empty(&self) -> bool {
        self.speed.is_none() && self.volume.is_none() && self.emotion.is_none()
    }
}

fn generation(config: &CartesiaTtsConfig, context: &str, transcript: &str, goes_on: bool) -> String {
    let message = Generation {
        model_id: &config.model,
        voice: Voice { mode: "id", id: &config.voice },
        language: &config.language,
        context_id: context,
        output_format: OutputFormat { container: "raw", encoding: "pcm_s16le", sample_rate: config.sample_rate },
        generation_config: GenerationConfig {
            speed: config.speed,
            volume: config.volume,
            emotion: config.emotion.as_deref(),
        },
        add_timestamps: config.word_timings,
        use_normalized_timestamps: false,
        max_buffer_delay_ms: 0,
        transcript,
        goes_on,
    };
    // Nothing in it can fail to be written.
    serde_json::to_string(&message).unwrap_or_default()
}

/// Speaks a sentence. The pieces of a context are joined as they are, so that it ends with a blank.
pub(super) fn speak(config: &CartesiaTtsConfig, context: &str, sentence: &str) -> String {
    generation(config, context, &format!("{} ", sentence.trim_end()), true)
}

/// Ends a context.
pub(super) fn end(config: &CartesiaTtsConfig, context: &str) -> String {
    generation(config, context, "", false)
}

/// Stops a context.
pub(super) fn cancel(context: &str) -> String {
    json!({ "context_id": context, "cancel": true }).to_string()
}

/// What the service says of a context.
#[derive(Debug)]
pub(super) struct Incoming {
    /// `None` where an error is about no context, or the service does not say.
    pub(super) context: Option<String>,
    /// Counts the pieces of the context.
    pub(super) flush: Option<u64>,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Audio(Bytes),
    /// In ms since the beginning of the context.
    Words(Vec<WordTiming>),
    /// All audio of a piece has been given.
    FlushDone,
    /// All of the context has been given.
    Done,
    Error(Error),
    /// Of no consequence here.
    Other,
}

/// Reads a message.
pub(super) fn read(text: &str) -> Incoming {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        tracing::debug!(bytes = text.len(), "a message that is no JSON was skipped");
        return Incoming { context: None, flush: None, content: Content::Other };
    };
    let content = match value["type"].as_str().unwrap_or_default() {
        "chunk" => audio(&value),
        "timestamps" => words(&value["word_timestamps"]).map_or(Content::Other, Content::Words),
        "flush_done" => Content::FlushDone,
        "done" => Content::Done,
        "error" => Content::Error(error(&value, text)),
        "phoneme_timestamps" => Content::Other,
        other => {
            tracing::debug!(kind = other.chars().take(64).collect::<String>(), "an unknown message was skipped");
            Content::Other
        }
    };
    Incoming { context: value["context_id"].as_str().map(str::to_owned), flush: value["flush_id"].as_u64(), content }
}

fn audio(value: &Value) -> Content {
    match value["data"].as_str().map(|data| BASE64_STANDARD.decode(data)) {
        Some(Ok(bytes)) => Content::Audio(bytes.into()),
        _ => Content::Error(Error::new(ErrorKind::Protocol, TTS.stage, "Cartesia sent audio that cannot be read")),
    }
}

/// Three lists of the same length; what has no partner is left out.
fn words(value: &Value) -> Option<Vec<WordTiming>> {
    let (words, starts, ends) = (value["words"].as_array()?, value["start"].as_array()?, value["end"].as_array()?);
    let milliseconds = |seconds: &Value| {
        let seconds = seconds.as_f64().filter(|seconds| (0.0..86_400.0).contains(seconds))?;
        Some((seconds * 1_000.0) as f32)
    };
    let timing = |((word, start), end): ((&Value, &Value), &Value)| {
        let word = word.as_str().filter(|word| !word.trim().is_empty())?.to_owned();
        Some(WordTiming { word, start_ms: milliseconds(start)?, end_ms: milliseconds(end)? })
    };
    Some(words.iter().zip(starts).zip(ends).filter_map(timing).collect())
}

/// What an error means. That a context has closed, it says of text that came too late for it: another takes it.
fn error(value: &Value, text: &str) -> Error {
    let status = value["status_code"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).filter(|status| !status.is_success());
    let error = TTS.refusal(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), None, text.as_bytes());
    let message = error.message().to_lowercase();
    if message.contains("context") && message.contains("closed") {
        return Error::new(ErrorKind::Unavailable, TTS.stage, error.message());
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use proptest::prelude::*;

    fn config() -> CartesiaTtsConfig {
        CartesiaTtsConfig::new(Secret::new("key"))
    }

    #[test]
    fn a_sentence_is_asked_for_as_documented() {
        let mut config = config();
        assert_eq!(
            speak(&config, "c-1", "Your order shipped today."),
            r#"{"model_id":"sonic-3.5","voice":{"mode":"id","id":"6ccbfb76-1fc6-48f7-b71d-91ac6298247b"},"language":"en","context_id":"c-1","output_format":{"container":"raw","encoding":"pcm_s16le","sample_rate":24000},"add_timestamps":true,"use_normalized_timestamps":false,"max_buffer_delay_ms":0,"transcript":"Your order shipped today. ","continue":true}"#
        );
        (config.speed, config.emotion) = (Some(1.25), Some("calm".into()));
        let ended = end(&config, "c-1");
        assert!(ended.contains(r#""generation_config":{"speed":1.25,"emotion":"calm"}"#), "{ended}");
        assert!(ended.ends_with(r#""transcript":"","continue":false}"#), "{ended}");
        assert_eq!(cancel("c-1"), r#"{"cancel":true,"context_id":"c-1"}"#);
    }

    #[test]
    fn the_documented_messages_are_read() {
        let chunk = read(r#"{"type":"chunk","context_id":"c","flush_id":2,"done":false,"data":"AQID"}"#);
        assert_eq!((chunk.context.as_deref(), chunk.flush), (Some("c"), Some(2)));
        assert!(matches!(chunk.content, Content::Audio(bytes) if bytes[..] == [1, 2, 3]));
        let words = read(
            r#"{"type":"timestamps","context_id":"c","word_timestamps":{"words":["Your","order"],"start":[0.02,0.2],"end":[0.18,0.5]}}"#,
        );
        let Content::Words(words) = words.content else { panic!("{words:?}") };
        assert_eq!(words[1], WordTiming { word: "order".into(), start_ms: 200.0, end_ms: 500.0 });
        assert!(matches!(read(r#"{"type":"flush_done","flush_id":1}"#).content, Content::FlushDone));
        assert!(matches!(read(r#"{"type":"done","done":true}"#).content, Content::Done));
    }

    #[test]
    fn errors_have_the_kind_that_says_what_to_do() {
        for (status, code, kind) in [
            (401, "unauthorized", ErrorKind::Auth),
            (402, "quota_exceeded", ErrorKind::Auth),
            (404, "voice_not_found", ErrorKind::InvalidConfig),
            (429, "concurrency_limited", ErrorKind::RateLimited { retry_after: None }),
            (400, "bad_request", ErrorKind::InvalidInput),
            (503, "overloaded", ErrorKind::Unavailable),
        ] {
            let text = json!({"type": "error", "status_code": status, "error_code": code, "title": "T", "done": true});
            let Content::Error(error) = read(&text.to_string()).content else { panic!() };
            assert_eq!(*error.kind(), kind, "{error}");
            assert!(error.message().contains(code), "{error}");
        }
        let closed = read(r#"{"type":"error","status_code":400,"message":"Context has closed"}"#);
        assert!(matches!(closed.content, Content::Error(error) if error.is_retryable()));
        let older = read(r#"{"type":"error","error":"something broke"}"#);
        assert!(matches!(older.content, Content::Error(error) if error.is_retryable()));
    }

    #[test]
    fn what_is_odd_or_unknown_is_skipped() {
        for text in [
            "",
            "null",
            "[]",
            r#"{"type":7}"#,
            r#"{"type":"surprise"}"#,
            r#"{"type":"timestamps","word_timestamps":1}"#,
        ] {
            assert!(matches!(read(text).content, Content::Other), "{text}");
        }
        let uneven =
            read(r#"{"type":"timestamps","word_timestamps":{"words":["a","b",3],"start":[0,"x"],"end":[1e99,1,2]}}"#);
        assert!(matches!(uneven.content, Content::Words(words) if words.is_empty()));
        for data in ["null", r#""%%%""#, r#""AQ""#] {
            let text = format!(r#"{{"type":"chunk","data":{data}}}"#);
            assert!(matches!(read(&text).content, Content::Error(_)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_comes_panics(bytes: Vec<u8>) {
            read(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn no_field_of_any_kind_panics(kind in "chunk|timestamps|flush_done|done|error", field in "[a-z_]{1,16}", text: String, number: f64) {
            let lists = json!({"words": [text, number], "start": [number, text], "end": [number]});
            read(&json!({"type": kind, field: text, "data": text, "flush_id": number, "word_timestamps": lists}).to_string());
        }

        #[test]
        fn audio_comes_out_as_it_went_in(bytes: Vec<u8>) {
            let text = json!({"type": "chunk", "data": BASE64_STANDARD.encode(&bytes)}).to_string();
            let is_same = matches!(read(&text).content, Content::Audio(read) if read[..] == bytes[..]);
            prop_assert!(is_same);
        }
    }
}
