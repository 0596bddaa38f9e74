//! The messages, as pure coding. Of what the service says, anything unknown or odd is skipped, never an error.

use crate::http::Refusal;
use crate::speech::letters;
use serde_json::{Value, json};
use std::fmt;

/// Keeps an idle connection open. As text: in a binary message it would be audio.
pub(super) const KEEP_ALIVE: &str = r#"{"type":"KeepAlive"}"#;
/// Asks for a result of all audio sent.
pub(super) const FINALIZE: &str = r#"{"type":"Finalize"}"#;
/// Asks Flux for the end of the turn.
pub(super) const FORCE_END_TURN: &str = r#"{"type":"ForceEndTurn"}"#;
/// Ends a live transcription.
pub(super) const CLOSE_STREAM: &str = r#"{"type":"CloseStream"}"#;
/// Asks for the audio of all text sent.
pub(super) const FLUSH: &str = r#"{"type":"Flush"}"#;
/// Ends a connection that speaks.
pub(super) const CLOSE: &str = r#"{"type":"Close"}"#;
/// Characters a `Speak` may hold.
const LONGEST_SPEAK: usize = 2_000;
/// Characters a request for audio may hold, whatever the voice.
const LONGEST_REQUEST: usize = 1_000;

/// A query, percent-encoded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Query(String);

impl Query {
    pub(super) fn add(&mut self, name: &str, value: &str) -> &mut Self {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(name);
        self.0.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => self.0.push(char::from(byte)),
                other => self.0.push_str(&format!("%{other:02X}")),
            }
        }
        self
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The messages that speak `text`, cut between words where it is too long for one. `lead` goes before it.
pub(super) fn speak(lead: &str, text: &str) -> Vec<String> {
    let text = format!("{lead}{text}");
    pieces(&text, LONGEST_SPEAK).into_iter().map(|text| json!({ "type": "Speak", "text": text }).to_string()).collect()
}

/// The bodies of the requests that speak `text`, cut as above. A piece without letters would be refused.
pub(super) fn speak_requests(text: &str) -> Vec<String> {
    let pieces = pieces(text, LONGEST_REQUEST).into_iter().filter(|piece| letters(piece) > 0);
    pieces.map(|text| json!({ "text": text }).to_string()).collect()
}

/// Cuts text into pieces of at most `longest` characters, after a blank if there is one.
fn pieces(mut text: &str, longest: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    while let Some((end, _)) = text.char_indices().nth(longest) {
        let blank = text[..end].rfind(char::is_whitespace);
        let after = blank.map(|at| at + text[at..].chars().next().map_or(1, char::len_utf8));
        let (piece, rest) = text.split_at(after.unwrap_or(end));
        pieces.push(piece);
        text = rest;
    }
    if !text.is_empty() {
        pieces.push(text);
    }
    pieces
}

/// What the service says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Incoming {
    Results(Results),
    /// Flux is ready for audio.
    Connected,
    /// How Flux sees the turn.
    Turn(TurnInfo),
    /// All audio of a flush has been given.
    Flushed,
    /// Something is wrong but goes on; its words.
    Warning(String),
    /// Something failed; its words.
    Error(String),
    /// Of no consequence here.
    Other,
}

/// What Flux says of a turn of its own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TurnInfo {
    /// All words of the turn; final when it has ended, an answer when that was asked for.
    pub(super) results: Results,
    /// 0 … 1, how likely the turn is over; `None` where there is nothing new to say about that.
    pub(super) is_over: Option<f32>,
}

/// The words of a span of audio.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Results {
    /// Seconds of audio sent on this connection before the span.
    pub(super) start: f64,
    /// Its length in seconds.
    pub(super) duration: f64,
    /// The words will not change.
    pub(super) is_final: bool,
    /// It answers a [`FINALIZE`].
    pub(super) from_finalize: bool,
    pub(super) transcript: String,
    pub(super) words: Vec<Word>,
}

/// One word of a span.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    /// In seconds of the connection, or of the audio of a request.
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) text: String,
}

impl Word {
    pub(super) fn middle(&self) -> f64 {
        f64::midpoint(self.start, self.end)
    }
}

/// Reads a message.
pub(super) fn read(text: &str) -> Incoming {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        tracing::debug!(bytes = text.len(), "a message that is no JSON was skipped");
        return Incoming::Other;
    };
    match value["type"].as_str().unwrap_or_default() {
        "Results" => Incoming::Results(results(&value)),
        "Connected" => Incoming::Connected,
        "TurnInfo" => Incoming::Turn(turn_info(&value)),
        "Flushed" => Incoming::Flushed,
        "Warning" => Incoming::Warning(words(&value)),
        "Error" => Incoming::Error(words(&value)),
        "Metadata" | "SpeechStarted" | "UtteranceEnd" | "Cleared" => Incoming::Other,
        other => {
            tracing::debug!(kind = other.chars().take(64).collect::<String>(), "an unknown message was skipped");
            Incoming::Other
        }
    }
}

/// Reads the answer to a request that held all the audio; `None` when there is no transcript in it.
pub(super) fn read_prerecorded(body: &[u8]) -> Option<Vec<Word>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let best = &value["results"]["channels"][0]["alternatives"][0];
    let transcript = best["transcript"].as_str()?.trim();
    let words: Vec<Word> =
        best["words"].as_array().map(|words| words.iter().filter_map(word).collect()).unwrap_or_default();
    if words.is_empty() && !transcript.is_empty() {
        let end = seconds(&value["metadata"]["duration"]).unwrap_or_default();
        return Some(vec![Word { start: 0.0, end, text: transcript.to_owned() }]);
    }
    Some(words)
}

fn results(value: &Value) -> Results {
    let best = &value["channel"]["alternatives"][0];
    Results {
        start: seconds(&value["start"]).unwrap_or_default(),
        duration: seconds(&value["duration"]).unwrap_or_default(),
        is_final: value["is_final"].as_bool().unwrap_or_default(),
        from_finalize: value["from_finalize"].as_bool().unwrap_or_default(),
        transcript: best["transcript"].as_str().unwrap_or_default().trim().to_owned(),
        words: best["words"].as_array().map(|words| words.iter().filter_map(word).collect()).unwrap_or_default(),
    }
}

fn turn_info(value: &Value) -> TurnInfo {
    let event = value["event"].as_str().unwrap_or_default();
    let start = seconds(&value["audio_window_start"]).unwrap_or_default();
    let end = seconds(&value["audio_window_end"]).unwrap_or_default();
    let is_final = event == "EndOfTurn";
    let confidence = || value["end_of_turn_confidence"].as_f64().map(|confidence| confidence.clamp(0.0, 1.0) as f32);
    TurnInfo {
        results: Results {
            start,
            duration: (end - start).max(0.0),
            is_final,
            from_finalize: is_final && value["trigger"].as_str() == Some("manual"),
            transcript: value["transcript"].as_str().unwrap_or_default().trim().to_owned(),
            words: value["words"].as_array().map(|words| words.iter().filter_map(word).collect()).unwrap_or_default(),
        },
        is_over: match event {
            "EagerEndOfTurn" | "EndOfTurn" => confidence(),
            "TurnResumed" => Some(0.0),
            _ => None,
        },
    }
}

fn word(value: &Value) -> Option<Word> {
    let text = value["punctuated_word"].as_str().or_else(|| value["word"].as_str())?;
    Some(Word { start: seconds(&value["start"])?, end: seconds(&value["end"])?, text: text.to_owned() })
}

/// A time that can be one: a year at most.
fn seconds(value: &Value) -> Option<f64> {
    value.as_f64().filter(|seconds| (0.0..31_536_000.0).contains(seconds))
}

/// The words of a warning or an error, whose fields have had several names.
fn words(value: &Value) -> String {
    let Refusal { code, message } = Refusal::of(value);
    let older = |name: &str| value[name].as_str().map(|text| text.chars().take(300).collect::<String>());
    let code = if code.is_empty() || code == "Warning" || code == "Error" {
        older("warn_code").or_else(|| older("variant")).unwrap_or_default()
    } else {
        code
    };
    let message = if message.is_empty() { older("warn_msg").unwrap_or_default() } else { message };
    [code, message].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_query_is_percent_encoded() {
        let mut query = Query::default();
        query.add("model", "nova-3").add("keyterm", "São Paulo & co").add("keyterm", "b=c");
        assert_eq!(query.to_string(), "?model=nova-3&keyterm=S%C3%A3o%20Paulo%20%26%20co&keyterm=b%3Dc");
    }

    #[test]
    fn the_documented_results_are_read() {
        let text = r#"{"type":"Results","channel_index":[0,1],"start":3.2,"duration":1.9,"is_final":true,
            "speech_final":true,"from_finalize":false,"channel":{"alternatives":[{"transcript":"Book a table for two.",
            "confidence":0.98,"words":[{"word":"book","punctuated_word":"Book","start":3.4,"end":3.7}]}]}}"#;
        let Incoming::Results(results) = read(text) else { panic!() };
        assert_eq!((results.start, results.duration, results.is_final), (3.2, 1.9, true));
        assert_eq!(results.transcript, "Book a table for two.");
        assert_eq!(results.words[0].text, "Book");
        assert!((results.words[0].middle() - 3.55).abs() < 1e-9);
    }

    #[test]
    fn the_documented_answer_to_a_request_is_read() {
        let body = br#"{"metadata":{"request_id":"1","duration":3.4,"channels":1},"results":{"channels":[{"alternatives":
            [{"transcript":"Hello you.","confidence":0.97,"words":[
            {"word":"hello","punctuated_word":"Hello","start":0.1,"end":0.4},{"word":"you","start":0.5,"end":0.75}]}]}]}}"#;
        let words = read_prerecorded(body).unwrap();
        assert_eq!(words[0], Word { start: 0.1, end: 0.4, text: "Hello".into() });
        assert_eq!(words[1], Word { start: 0.5, end: 0.75, text: "you".into() });
        let bare =
            br#"{"metadata":{"duration":2.0},"results":{"channels":[{"alternatives":[{"transcript":" Hi "}]}]}}"#;
        assert_eq!(read_prerecorded(bare), Some(vec![Word { start: 0.0, end: 2.0, text: "Hi".into() }]));
        let silence = br#"{"results":{"channels":[{"alternatives":[{"transcript":"","words":[]}]}]}}"#;
        assert_eq!(read_prerecorded(silence), Some(Vec::new()));
        for odd in [&b""[..], b"{}", br#"{"request_id":"1"}"#, b"[1]", br#"{"results":{"channels":[]}}"#] {
            assert_eq!(read_prerecorded(odd), None);
        }
    }

    #[test]
    fn the_documented_turn_is_read() {
        let text = r#"{"type":"TurnInfo","request_id":"1","sequence_id":41,"event":"EagerEndOfTurn","turn_index":2,
            "audio_window_start":8.0,"audio_window_end":10.5,"transcript":"what's my balance",
            "words":[{"word":"what's","confidence":0.99}],"end_of_turn_confidence":0.5}"#;
        let Incoming::Turn(turn) = read(text) else { panic!() };
        assert_eq!((turn.results.start, turn.results.duration, turn.is_over), (8.0, 2.5, Some(0.5)));
        assert_eq!((turn.results.transcript.as_str(), turn.results.is_final), ("what's my balance", false));
        assert!(turn.results.words.is_empty(), "words without times cannot be placed");
        for (event, trigger, is_final, is_answer, is_over) in [
            ("StartOfTurn", "", false, false, None),
            ("TurnResumed", "", false, false, Some(0.0)),
            ("EndOfTurn", "model", true, false, Some(0.9)),
            ("EndOfTurn", "manual", true, true, Some(0.9)),
            ("Surprise", "", false, false, None),
        ] {
            let text = json!({"type": "TurnInfo", "event": event, "trigger": trigger, "end_of_turn_confidence": 0.9});
            let Incoming::Turn(turn) = read(&text.to_string()) else { panic!() };
            let read = (turn.results.is_final, turn.results.from_finalize, turn.is_over);
            assert_eq!(read, (is_final, is_answer, is_over), "{event}");
        }
    }

    #[test]
    fn what_is_odd_or_unknown_is_skipped() {
        for text in ["", "null", "[]", r#"{"type":7}"#, r#"{"type":"Surprise"}"#, r#"{"type":"Metadata"}"#] {
            assert_eq!(read(text), Incoming::Other, "{text}");
        }
        let odd = r#"{"type":"Results","start":"x","duration":-1,"is_final":null,"channel":[]}"#;
        assert_eq!(read(odd), Incoming::Results(Results::default()));
        let warning = r#"{"type":"Warning","warn_code":"FLUSH","warn_msg":"too many"}"#;
        assert_eq!(read(warning), Incoming::Warning("FLUSH: too many".into()));
        let error = r#"{"type":"Error","variant":"SchemaError","description":"bad","message":"yours"}"#;
        assert!(matches!(read(error), Incoming::Error(_)));
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        assert_eq!(pieces("one two three", 8), ["one two ", "three"]);
        assert_eq!(pieces("abcdefgh", 3), ["abc", "def", "gh"]);
        assert!(pieces("", 3).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_that_comes_panics(bytes: Vec<u8>) {
            read(&String::from_utf8_lossy(&bytes));
            read_prerecorded(&bytes);
        }

        #[test]
        fn no_results_panic(start: f64, duration: f64, text: String, field in "[a-z_]{1,12}") {
            let message = json!({"type": "Results", "start": start, "duration": duration, field: text,
                "channel": {"alternatives": [{"transcript": text, "words": [{"word": text, "start": start, "end": duration}]}]}});
            read(&message.to_string());
        }

        #[test]
        fn pieces_are_the_whole_text(text: String, longest in 1_usize..50) {
            let pieces = pieces(&text, longest);
            prop_assert!(pieces.iter().all(|piece| piece.chars().count() <= longest));
            prop_assert_eq!(pieces.concat(), text);
        }
    }
}
