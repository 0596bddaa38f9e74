//! The conformance suite for providers of a host.

use super::conformance::Suite;
use crate::foreign::{ForeignCall, ForeignHost, ForeignLlm, ForeignStt, ForeignTts, WeakSink};
use crate::id::{SentenceId, TurnId};
use crate::json::written;
use crate::message::Message;
use crate::stage::{FinalizeId, LlmRequest, SttInput, TtsInput};
use crate::time::AudioTime;
use bytes::Bytes;
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

/// Which provider is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tried {
    /// A recogniser, with two turns of speech.
    Stt,
    /// A language model, with one message.
    Llm,
    /// A synthesiser at this rate, with two sentences.
    Tts {
        /// In Hz.
        sample_rate: u32,
    },
}

/// What came of it, as JSON: `{"conforms":true,"items":3,"calls":13,"breach":null}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConformanceReport {
    /// Whether it keeps the contract.
    pub conforms: bool,
    /// Items of a call that nobody disturbed.
    pub items: usize,
    /// Calls made.
    pub calls: usize,
    /// What it did that it must not.
    pub breach: Option<String>,
}

/// How often it is looked whether the host has let go of its calls.
const LOOKS: u32 = 200;

/// Tries a provider of a host with the whole suite: undisturbed, then cancelled, cancelled while waiting and dropped at each
/// item; and in the end whether the host has let go of every call. Waits for at most `patience` at a time. Needs the real
/// clock, and a host that is served by another thread. Gives a [`ConformanceReport`] as JSON.
pub async fn foreign_conformance(tried: Tried, host: Arc<dyn ForeignHost>, patience: Duration) -> String {
    let begun: Arc<Mutex<Vec<WeakSink>>> = Arc::default();
    let noted = begun.clone();
    let noting: Arc<dyn ForeignHost> = Arc::new(move |call: ForeignCall| {
        noted.lock().unwrap_or_else(PoisonError::into_inner).push(call.sink.downgrade());
        host.begin(call);
    });
    let suite = Suite::new().patience(patience);
    let result = match tried {
        Tried::Stt => suite.stt(&ForeignStt::new("foreign", noting), two_turns()).await,
        Tried::Llm => {
            let request = LlmRequest { messages: vec![Message::user("Hello.")], ..LlmRequest::default() };
            suite.llm(&ForeignLlm::new("foreign", noting), request).await
        }
        Tried::Tts { sample_rate } => {
            suite.tts(&ForeignTts::new("foreign", sample_rate, noting), two_sentences()).await
        }
    };
    let held = held_after(&begun, patience).await;
    let breach = match result.as_ref().err() {
        Some(breach) => Some(breach.to_string()),
        None if held > 0 => Some(format!("the host still holds {held} calls that are over")),
        None => None,
    };
    let calls = begun.lock().unwrap_or_else(PoisonError::into_inner).len();
    written(&ConformanceReport { conforms: breach.is_none(), items: result.unwrap_or_default(), calls, breach })
}

/// Calls that the host holds when its time to let go of them is over.
async fn held_after(begun: &Mutex<Vec<WeakSink>>, patience: Duration) -> usize {
    let held = || {
        let begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.iter().filter(|sink| !sink.is_gone()).count()
    };
    for _ in 0..LOOKS {
        if held() == 0 {
            return 0;
        }
        sleep(patience / LOOKS).await;
    }
    held()
}

fn two_turns() -> Vec<SttInput> {
    let second_of_speech: Bytes = 1_000i16.to_ne_bytes().repeat(16_000).into();
    let turn = |turn: u32| {
        let at = AudioTime::from_millis(u64::from(turn) * 2_000);
        let audio = SttInput::Audio { turn: TurnId(turn), at, pcm: second_of_speech.clone() };
        [audio, SttInput::Finalize(FinalizeId { turn: TurnId(turn), attempt: 0 })]
    };
    [turn(1), turn(2)].concat()
}

fn two_sentences() -> Vec<TtsInput> {
    let sentence = |number, text: &str| TtsInput::Text { sentence: SentenceId(number), text: text.to_owned() };
    vec![sentence(0, "Good morning."), sentence(1, "How are you?"), TtsInput::Flush]
}
