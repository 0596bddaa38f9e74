//! The way of a turn through its stages, as lines of the log: where each began and ended, and how long it took.
//!
//! The times are those that the conversation is told, so the figures are those of the turn's metrics.

use crate::conversation::{Command, Input, Prompt};
use crate::id::{ReplyId, SessionId, TurnId};
use crate::protocol::rounded;
use crate::time::SessionTime;
use tracing::info;

/// What the lines go by in a filter of the log.
const TARGET: &str = "voice_core::flow";

/// Which stages are at work, and since when.
#[derive(Debug, Default)]
pub(super) struct Flow {
    speech_end: Option<SessionTime>,
    /// The final transcript that was asked for, by its turn and attempt.
    stt: Option<((TurnId, u32), SessionTime)>,
    llm: Option<(ReplyId, SessionTime)>,
    tts: Option<(ReplyId, SessionTime)>,
    /// The reply whose first sentence has gone to the synthesiser.
    spoken: Option<ReplyId>,
}

impl Flow {
    /// The conversation is told something; `live` is the reply that is alive.
    pub(super) fn told(&mut self, session: &SessionId, now: SessionTime, input: &Input, live: Option<ReplyId>) {
        match input {
            Input::SpeechEnded { silence, .. } => self.speech_end = Some(now - *silence),
            Input::FinalTranscript { turn, attempt, .. } => {
                let asked = self.stt.take_if(|(asked, _)| *asked == (*turn, *attempt));
                ended(session, *turn, "stt", asked.map(|(_, since)| since), now);
            }
            Input::FirstToken { reply } => {
                let asked = self.llm.take_if(|(asked, _)| asked == reply && live == Some(*reply));
                ended(session, reply.turn, "llm", asked.map(|(_, since)| since), now);
            }
            Input::Synthesized { reply, .. } => {
                let asked = self.tts.take_if(|(asked, _)| asked == reply && live == Some(*reply));
                ended(session, reply.turn, "tts", asked.map(|(_, since)| since), now);
            }
            _ => {}
        }
    }

    /// The conversation wants something done.
    pub(super) fn asked(&mut self, session: &SessionId, now: SessionTime, command: &Command) {
        match command {
            Command::FinalizeStt { turn, attempt } => {
                // The wait for the words is counted from the last of them.
                self.stt = Some(((*turn, *attempt), self.speech_end.unwrap_or(now)));
                began(session, *turn, "stt", now);
            }
            Command::StartReply { reply, prompt } => {
                self.spoken = None;
                self.llm = (*prompt == Prompt::Model).then_some((*reply, now));
                if self.llm.is_some() {
                    began(session, reply.turn, "llm", now);
                }
            }
            Command::ContinueReply { reply } => {
                self.llm = Some((*reply, now));
                began(session, reply.turn, "llm", now);
            }
            Command::Speak { reply, .. } if self.spoken.replace(*reply) != Some(*reply) => {
                self.tts = Some((*reply, now));
                began(session, reply.turn, "tts", now);
            }
            _ => {}
        }
    }
}

fn began(session: &SessionId, turn: TurnId, stage: &str, now: SessionTime) {
    let at_ms = rounded(now.as_millis_f64());
    info!(target: TARGET, session = %session, turn = turn.0, stage, at_ms, "stage began");
}

fn ended(session: &SessionId, turn: TurnId, stage: &str, since: Option<SessionTime>, now: SessionTime) {
    let Some(since) = since else { return };
    let at_ms = rounded(now.as_millis_f64());
    let ms = rounded(now.saturating_since(since).as_nanos() as f64 / 1e6);
    info!(target: TARGET, session = %session, turn = turn.0, stage, at_ms, ms, "stage ended");
}
