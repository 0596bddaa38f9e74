//! Replies in Deepgram's protocol, which tells audio and text apart by their order alone.

use super::TTS;
use crate::deepgram::wire::{self, Incoming};
use crate::http::Asked;
use crate::speech::{Cancel, Groups, Heard, Voice, letters};
use crate::ws::Received;
use futures::FutureExt;
use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use voice_core::stage::TtsInput;
use voice_core::{Error, ErrorKind, Result};

/// Flushes the service allows in [`WINDOW`] are 20. Some are left for the ends of replies.
const FLUSHES: usize = 16;
const WINDOW: Duration = Duration::from_secs(60);

/// The flushes of a connection's last minute.
#[derive(Default)]
pub(super) struct Flushes(VecDeque<Pin<Box<Sleep>>>);

impl Flushes {
    /// Whether a sentence may be flushed by itself.
    fn may_flush(&mut self) -> bool {
        while self.0.front_mut().is_some_and(|flush| flush.as_mut().now_or_never().is_some()) {
            self.0.pop_front();
        }
        self.0.len() < FLUSHES
    }
}

pub(super) struct DeepgramVoice {
    groups: Groups,
}

impl DeepgramVoice {
    pub(super) fn new(sample_rate: u32) -> Self {
        Self { groups: Groups::new(sample_rate) }
    }

    fn flush(&mut self, flushes: &mut Flushes, messages: &mut VecDeque<String>) {
        if self.groups.close() {
            flushes.0.push_back(Box::pin(sleep(WINDOW)));
            messages.push_back(wire::FLUSH.to_owned());
        }
    }
}

impl Voice for DeepgramVoice {
    type Memory = Flushes;

    const ASKED: Asked = TTS;
    const FAREWELL: Option<&'static str> = Some(wire::CLOSE);
    const OUTLIVES_ERRORS: bool = false;

    fn say(&mut self, item: TtsInput, flushes: &mut Flushes, messages: &mut VecDeque<String>) {
        let flush = match item {
            TtsInput::Flush => true,
            TtsInput::Text { sentence, text } => {
                let lead = if self.groups.is_open() { " " } else { "" };
                self.groups.add(sentence, &text);
                if letters(&text) > 0 {
                    messages.extend(wire::speak(lead, &text));
                }
                flushes.may_flush()
            }
        };
        if flush {
            self.flush(flushes, messages);
        }
    }

    fn end(&mut self, flushes: &mut Flushes, messages: &mut VecDeque<String>) {
        self.flush(flushes, messages);
    }

    fn hear(&mut self, received: Received, _: &mut Flushes) -> Result<Heard> {
        match received {
            Received::Binary(bytes) => self.groups.audio(bytes),
            Received::Text(text) => match wire::read(&text) {
                Incoming::Flushed => self.groups.flushed(),
                Incoming::Error(words) => {
                    let message = format!("Deepgram could not speak ({words})");
                    return Err(Error::new(ErrorKind::Unavailable, TTS.stage, message));
                }
                Incoming::Warning(words) => {
                    tracing::warn!(words, "Deepgram warns");
                    return Ok(Heard::Nothing);
                }
                Incoming::Results(_) | Incoming::Connected | Incoming::Turn(_) | Incoming::Other => {
                    return Ok(Heard::Nothing);
                }
            },
        }
        Ok(Heard::Progress)
    }

    fn groups(&mut self) -> &mut Groups {
        &mut self.groups
    }

    fn owes(&self) -> bool {
        self.groups.owes()
    }

    fn begin_again(&mut self) -> Option<Vec<TtsInput>> {
        self.groups.unspoken()
    }

    /// Its `Clear` leaves audio under way that nothing tells from the next reply's.
    fn cancel(&mut self, _: &mut Flushes) -> Cancel {
        Cancel::Close
    }

    fn may_serve_again(flushes: &mut Flushes) -> bool {
        flushes.may_flush()
    }
}
