//! From the microphone to the user's words.

use super::super::ears::Heard;
use super::super::recognizer;
use super::Runner;
use crate::conversation::{AgentPhase, Input};
use crate::error::{Result, Stage};
use crate::stage::SttEvent;

impl Runner {
    pub(super) fn hear(&mut self, pcm: &[u8]) {
        let now = self.clock.now();
        let agent_speaking = self.conversation.agent_phase() == AgentPhase::Speaking;
        self.ears.surroundings(self.conversation.open_turn().is_some(), agent_speaking);
        let played = self.mouth.sounded(now);
        match self.ears.push(pcm, played, now) {
            Ok(Some(overrun)) => {
                self.parts.tallies.overrun();
                self.failed(None, overrun);
            }
            Ok(None) => {}
            Err(error) => self.failed(None, error),
        }
        self.heard();
    }

    /// Passes on what the ears made of the audio, one item after the other: whose audio it is depends on what the
    /// conversation made of the item before.
    pub(super) fn heard(&mut self) {
        while let Some(item) = self.ears.next_item() {
            match item {
                Heard::Started { at } => self.learn(Input::SpeechStarted { at }),
                Heard::Paused { at } => self.learn(Input::SpeechPaused { at }),
                Heard::Resumed { at } => self.learn(Input::SpeechResumed { at }),
                Heard::Ended { at, silence } => {
                    if let Some(estimator) = &mut self.estimator {
                        estimator.silence(silence);
                    }
                    self.learn(Input::SpeechEnded { at, silence });
                }
                Heard::Failed(error) => self.failed(None, error),
                Heard::Audio { at, pcm } => {
                    let Some(turn) = self.conversation.open_turn() else { continue };
                    if let Some(estimator) = &mut self.estimator {
                        estimator.audio(turn, &pcm);
                    }
                    let dropped = self.recognizer.as_mut().map_or(0, |recognizer| recognizer.audio(turn, at, pcm));
                    if dropped > 0 {
                        self.parts.tallies.dropped_speech(dropped);
                        self.failed(None, recognizer::overrun(dropped));
                    }
                }
            }
        }
    }

    pub(super) fn recognized(&mut self, event: Result<SttEvent>) {
        let served = self.recognizer.as_mut().zip(event.as_ref().ok()).and_then(|(it, event)| it.named_by(event));
        if let Some(provider) = served {
            self.learn(Input::Served { reply: None, stage: Stage::Stt, provider });
        }
        match event {
            Ok(SttEvent::Notice(notice)) => self.noticed(None, Stage::Stt, notice),
            Ok(SttEvent::Partial { turn, text }) => {
                if let Some(estimator) = &mut self.estimator {
                    estimator.transcript(turn, &text);
                }
                self.learn(Input::PartialTranscript { turn, text });
            }
            Ok(SttEvent::Final { id, text, unclear }) => {
                self.learn(Input::FinalTranscript { turn: id.turn, attempt: id.attempt, text, unclear });
            }
            Ok(SttEvent::TurnEstimate { turn, probability }) => self.learn(Input::TurnEstimate { turn, probability }),
            Err(error) => self.failed(None, error),
        }
    }
}
