//! The services of a call on a paused clock: real voices and real ears that take no time.

use crate::say;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use voice_core::audio::pcm;
use voice_core::stage::{CallContext, SttEvent, SttInput, SttProvider, TtsEvent, TtsInput, TtsProvider};
use voice_core::{Result, TurnId};
use voice_providers::local::LocalTts;

/// Bytes in a piece of speech: 200 ms, as services send it.
const PIECE: usize = 6_400;

/// A real voice, whose sentences are there at once.
#[derive(Clone)]
pub struct Speaker {
    voice: Arc<LocalTts>,
    spoken: Arc<Mutex<HashMap<String, Bytes>>>,
}

impl Speaker {
    /// Speaks with this voice.
    pub fn new(voice: LocalTts) -> Self {
        Self { voice: Arc::new(voice), spoken: Arc::default() }
    }

    fn speak(&self, text: &str) -> Result<Bytes> {
        if let Some(spoken) = self.spoken.lock().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Ok(spoken.clone());
        }
        let spoken = Bytes::from(pcm::to_bytes(&say(&self.voice, text)?));
        self.spoken.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned(), spoken.clone());
        Ok(spoken)
    }
}

impl TtsProvider for Speaker {
    fn name(&self) -> &str {
        "spoken"
    }

    fn sample_rate(&self) -> u32 {
        16_000
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        let this = self.clone();
        let events = move |input| match input {
            TtsInput::Text { sentence, text } => match this.speak(&text) {
                Ok(spoken) => {
                    let pieces = (0..spoken.len()).step_by(PIECE);
                    let cut = |at| spoken.slice(at..spoken.len().min(at + PIECE));
                    let audio = pieces.map(|at| Ok(TtsEvent::Audio { sentence, pcm: cut(at) }));
                    audio.chain([Ok(TtsEvent::SentenceEnd { sentence })]).collect()
                }
                Err(error) => vec![Err(error)],
            },
            TtsInput::Flush => Vec::new(),
        };
        text.flat_map(move |input| stream::iter(events(input))).take_until(cx.cancel.cancelled()).boxed()
    }
}

/// What the listener understands, whatever is said: words that mean to interrupt.
const WORDS: &str = "Let me say something.";
/// Audio of a turn, in samples, after which the listener shows its words: 300 ms from before the onset and 400 ms of
/// speech.
const SHOWN_AFTER: usize = 11_200;

/// Keeps what it is given to recognise, and takes it for the same words every time.
#[derive(Clone, Default)]
pub struct Listener {
    heard: Arc<Mutex<BTreeMap<TurnId, Vec<i16>>>>,
}

impl Listener {
    /// The audio of a turn, as the recogniser got it.
    pub fn heard(&self, turn: TurnId) -> Vec<i16> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(&turn).cloned().unwrap_or_default()
    }
}

impl SttProvider for Listener {
    fn name(&self) -> &str {
        "listener"
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        let heard = self.heard.clone();
        let events = input.filter_map(move |input| {
            let event = match input {
                SttInput::Audio { turn, pcm: audio, .. } => {
                    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                    let turns = heard.entry(turn).or_default();
                    let before = turns.len();
                    match pcm::extend_from_bytes(&audio, turns) {
                        Err(error) => Some(Err(error)),
                        Ok(()) if (before..turns.len()).contains(&SHOWN_AFTER) => {
                            Some(Ok(SttEvent::Partial { turn, text: WORDS.into() }))
                        }
                        Ok(()) => None,
                    }
                }
                SttInput::Finalize(id) => Some(Ok(SttEvent::Final { id, text: WORDS.into(), unclear: false })),
            };
            async move { event }
        });
        events.take_until(cx.cancel.cancelled()).boxed()
    }
}
