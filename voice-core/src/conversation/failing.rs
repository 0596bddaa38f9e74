//! What happens when a service fails: another one has taken over, or the agent says so. A turn never ends in silence.

use super::command::Command;
use super::event::Event;
use super::machine::Conversation;
use super::phase::{AgentPhase, UserPhase};
use super::timers::Timer;
use super::tools::VOICELESS;
use super::turn::{Reply, Standby};
use crate::error::{ErrorKind, Stage};
use crate::id::ReplyId;
use std::sync::Arc;

impl Conversation {
    pub(super) fn failed(&mut self, id: Option<ReplyId>, stage: Stage, kind: ErrorKind, message: String) {
        // While tools run the model is asked nothing.
        let asked_nothing = stage == Stage::Llm && id.is_some() && self.round.is_some();
        if asked_nothing || self.is_stale(id) {
            return;
        }
        if id.is_some() && self.agent == AgentPhase::Speculating {
            return self.give_up_speculating();
        }
        self.emit(Event::Failed { stage, kind, message });
        match (stage, id) {
            (Stage::Stt, _) => self.recogniser_failed(),
            (Stage::Llm, Some(id)) => self.model_failed(id),
            (Stage::Tts, Some(id)) => self.synthesiser_failed(id),
            _ => {}
        }
    }

    /// The call goes on with another provider, which gets as long as the first.
    pub(super) fn failed_over(
        &mut self,
        id: Option<ReplyId>,
        stage: Stage,
        provider: Arc<str>,
        kind: ErrorKind,
        message: String,
    ) {
        if self.is_stale(id) {
            return;
        }
        self.emit(Event::FailedOver { stage, provider, kind, message });
        let (timer, milliseconds) = match stage {
            Stage::Stt => (Timer::Transcript, self.config.transcript_timeout_ms),
            Stage::Llm => (Timer::Reply, self.config.llm_timeout_ms),
            Stage::Tts => (Timer::Speech, self.config.tts_timeout_ms),
            _ => return,
        };
        if self.timers.is_set(timer) {
            self.after(timer, milliseconds);
        }
    }

    pub(super) fn served(&mut self, id: Option<ReplyId>, stage: Stage, provider: Arc<str>) {
        match id {
            None if stage == Stage::Stt => self.recogniser = Some(provider),
            None => {}
            Some(id) => {
                if let Some(reply) = self.live(id) {
                    reply.marks.providers.note(stage, provider);
                }
            }
        }
    }

    fn is_stale(&mut self, id: Option<ReplyId>) -> bool {
        id.is_some_and(|id| self.live(id).is_none())
    }

    /// No more words come for the open turn.
    fn recogniser_failed(&mut self) {
        if let Some(turn) = &mut self.turn {
            turn.unheard = true;
        }
        if self.user == UserPhase::AwaitingTranscript {
            self.turn_complete();
        }
    }

    /// What was said so far stands, and the agent says that there will be no more.
    fn model_failed(&mut self, id: ReplyId) {
        self.command(Command::CancelReply { reply: id });
        let Some(reply) = self.live(id) else { return };
        reply.joint = true;
        let silent = reply.is_silent();
        let line = if silent { self.config.apology.clone() } else { self.config.broken_off.clone() };
        if let Some(line) = line {
            self.reply_sentence(id, line.clone(), line);
        }
        self.text_ended(id);
    }

    /// The rest of the text is shown instead of spoken; audio that exists is played to its end, and then the standby
    /// line, where there is one.
    fn synthesiser_failed(&mut self, id: ReplyId) {
        let has_line = self.config.standby_line;
        let Some(reply) = self.live(id) else { return };
        reply.mute = true;
        if has_line && reply.standby == Standby::Unused {
            reply.standby = Standby::Due;
        }
        let has_audio = reply.ledger.has_audio();
        let rest = reply.ledger.take_rest();
        if has_audio {
            reply.text_ended = true;
            self.command(Command::CancelReply { reply: id });
            self.timers.stop(Timer::Reply);
            self.cut_round(VOICELESS);
        }
        self.timers.stop(Timer::Speech);
        self.command(Command::CancelSpeech { reply: id });
        if let Some(text) = rest {
            self.emit(Event::Reply { turn: id.turn, text });
        }
        self.play_standby_line(id);
        let nothing_to_play = |reply: &mut Reply| reply.text_ended && reply.standby != Standby::Playing;
        if !has_audio && self.live(id).is_some_and(nothing_to_play) {
            self.playback_done(id);
        }
    }

    /// Plays the line that is due, once there is text that it can follow: audio belongs to the turn of the text before
    /// it.
    pub(super) fn play_standby_line(&mut self, id: ReplyId) {
        let Some(reply) = self.live(id) else { return };
        if reply.standby == Standby::Due && !reply.ledger.is_empty() {
            reply.standby = Standby::Playing;
            self.command(Command::PlayStandbyLine { reply: id });
        }
    }
}
