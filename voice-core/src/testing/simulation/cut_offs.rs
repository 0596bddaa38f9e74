//! Turns that were ended while the user was not done.

use crate::conversation::{Command, Event, Input};
use crate::time::SessionTime;
use std::time::Duration;

/// The longest pause that may be one inside a turn; whoever speaks up later has something new to say.
const LONGEST_PAUSE: Duration = Duration::from_millis(2_500);
/// Nobody reacts to what they have heard for a shorter time: speech until then is more of what was said before. It holds
/// the 64 ms that the VAD takes to tell of an onset.
const REACTION: Duration = Duration::from_millis(200 + 64);

/// Counts cut-offs and response times by what a conversation is told and decides.
#[derive(Debug, Clone, Default)]
pub(super) struct TurnEnds {
    speech_end: Option<SessionTime>,
    /// The turn has been ended.
    ended: bool,
    /// When its answer began to sound.
    sounded: Option<SessionTime>,
    pub(super) spoken_turns: u32,
    pub(super) cut_offs: u32,
    /// From the end of speech to the first audio, in ms, of each spoken turn that was answered.
    pub(super) response_ms: Vec<f64>,
}

impl TurnEnds {
    pub(super) fn told(&mut self, now: SessionTime, input: &Input) {
        match input {
            Input::SpeechStarted { .. } => {
                if self.ended && self.speech_end.is_some_and(|end| self.goes_on(end, now)) {
                    self.cut_offs += 1;
                }
                self.ended = false;
            }
            Input::SpeechEnded { silence, .. } => self.speech_end = Some(now - *silence),
            _ => {}
        }
    }

    fn goes_on(&self, end: SessionTime, now: SessionTime) -> bool {
        let reacts = self.sounded.is_some_and(|sounded| now >= sounded + REACTION);
        now.saturating_since(end) <= LONGEST_PAUSE && !reacts
    }

    pub(super) fn given(&mut self, now: SessionTime, command: &Command) {
        match command {
            Command::Emit(Event::Transcript { is_final: true, .. }) if self.speech_end.is_some() => {
                self.ended = true;
                self.sounded = None;
                self.spoken_turns += 1;
            }
            Command::Emit(Event::Metrics(metrics)) => {
                if let Some(total) = metrics.total_ms {
                    self.sounded.get_or_insert(now);
                    if metrics.vad_end_ms.is_some() {
                        self.response_ms.push(total);
                    }
                }
            }
            _ => {}
        }
    }
}
