//! The agent's side: a reply from its first token to its last sample.

use super::command::{Command, Prompt};
use super::event::Event;
use super::input::SpokenWord;
use super::machine::Conversation;
use super::marks::Marks;
use super::phase::{AgentPhase, UserPhase};
use super::timers::Timer;
use super::tools::in_order;
use super::turn::{Reply, Standby};
use crate::error::{ErrorKind, Stage};
use crate::id::{ReplyId, SentenceId, TurnId};
use crate::tool::ToolRound;

/// Sentences that may wait for their audio before a silent language model is taken for one that is held back.
const SENTENCES_AHEAD: usize = 4;
/// A deadline that is put off is put off into the future, whatever is configured.
const SHORTEST_WAIT_MS: u64 = 1;

impl Conversation {
    pub(super) fn start(&mut self, output_rate: u32) {
        self.output_rate = output_rate;
        if let Some(greeting) = self.config.greeting.clone().filter(|text| !text.trim().is_empty()) {
            self.start_reply(ReplyId::from(TurnId(0)), Prompt::Text(greeting), Marks::default());
            if self.config.interruption.protect_greeting {
                self.protect();
            }
        }
    }

    pub(super) fn say(&mut self, text: String, protected: bool) {
        if text.trim().is_empty() {
            return;
        }
        if self.speeches.len() >= self.config.say_queue {
            let message = format!("{} speeches wait already; this one is dropped", self.speeches.len());
            let kind = ErrorKind::RateLimited { retry_after: None };
            return self.emit(Event::Failed { stage: Stage::Session, kind, message });
        }
        self.speeches.push_back((text, protected));
    }

    pub(super) fn start_reply(&mut self, id: ReplyId, prompt: Prompt, marks: Marks) {
        let marks = Marks { request: Some(self.now), ..marks };
        let mut reply = Reply::new(id, marks, self.output_rate, self.config.text_only);
        reply.answered = prompt != Prompt::Model;
        reply.asked = prompt == Prompt::Model;
        self.reply = Some(reply);
        self.agent = AgentPhase::Thinking;
        self.command(Command::StartReply { reply: id, prompt });
        self.after(Timer::Reply, self.config.llm_timeout_ms);
        if self.user == UserPhase::Speaking {
            self.hold();
        }
    }

    /// The live reply, if it is this one: the one door through which stale facts do not pass.
    pub(super) fn live(&mut self, id: ReplyId) -> Option<&mut Reply> {
        self.reply.as_mut().filter(|reply| reply.id == id)
    }

    /// The live reply, if it is this one and the model is writing it: while tools run, it has been asked nothing.
    pub(super) fn answering(&mut self, id: ReplyId) -> Option<&mut Reply> {
        let tools_run = self.round.is_some();
        self.live(id).filter(|reply| !reply.text_ended && !tools_run)
    }

    pub(super) fn first_token(&mut self, id: ReplyId) {
        let now = self.now;
        let Some(reply) = self.answering(id) else { return };
        reply.marks.first_token.get_or_insert(now);
        self.after(Timer::Reply, self.config.llm_timeout_ms);
    }

    pub(super) fn model_alive(&mut self, id: ReplyId) {
        if self.answering(id).is_some() {
            self.after(Timer::Reply, self.config.llm_timeout_ms);
        }
    }

    pub(super) fn reply_sentence(&mut self, id: ReplyId, text: String, speech: String) {
        if let Some(reply) = self.answering(id) {
            reply.answered |= !text.trim().is_empty();
            self.write(id, text, speech);
            self.after(Timer::Reply, self.config.llm_timeout_ms);
        }
    }

    /// Enters a sentence and has it spoken.
    pub(super) fn write(&mut self, id: ReplyId, mut text: String, speech: String) {
        let now = self.now;
        let Some(reply) = self.live(id) else { return };
        if std::mem::take(&mut reply.joint) && reply.ledger.text().ends_with(|last: char| !last.is_whitespace()) {
            text.insert(0, ' ');
        }
        let spoken = !speech.trim().is_empty() && !reply.mute;
        if spoken {
            reply.marks.first_sentence.get_or_insert(now);
        }
        let sentence = reply.ledger.write(text, if spoken { speech.clone() } else { String::new() });
        self.show_text(id);
        if spoken {
            self.speak(id, sentence, speech);
        }
    }

    /// Shows the text that will not be spoken.
    pub(super) fn show_text(&mut self, id: ReplyId) {
        let Some(reply) = self.live(id).filter(|reply| reply.mute && reply.held.is_none()) else { return };
        if let Some(text) = reply.ledger.take_rest() {
            self.revised();
            self.emit(Event::Reply { turn: id.turn, text });
            self.play_standby_line(id);
        }
    }

    /// The model has come to its end. One that has not said a word has failed: a turn does not end in silence.
    pub(super) fn reply_ended(&mut self, id: ReplyId) {
        let Some(reply) = self.answering(id) else { return };
        if reply.answered {
            return self.text_ended(id);
        }
        let message = "the language model ended its answer without a word".to_owned();
        self.failed(Some(id), Stage::Llm, ErrorKind::Protocol, message);
    }

    /// No more text follows.
    pub(super) fn text_ended(&mut self, id: ReplyId) {
        let Some(reply) = self.answering(id) else { return };
        reply.text_ended = true;
        self.timers.stop(Timer::Reply);
        self.finish_text(id);
    }

    /// The text is complete: so is what the synthesiser gets, as soon as nothing of it is kept back.
    pub(super) fn finish_text(&mut self, id: ReplyId) {
        let Some(reply) = self.live(id).filter(|reply| Self::keeps_nothing_back(reply)) else { return };
        let voiceless = reply.mute && !reply.ledger.has_audio() && reply.standby != Standby::Playing;
        let nothing_to_play = reply.ledger.is_empty() || voiceless;
        let has_voice = !reply.mute;
        if !std::mem::replace(&mut reply.speech_ended, true) {
            self.command(Command::EndSpeech { reply: id });
        }
        if nothing_to_play {
            self.playback_done(id);
        } else if has_voice {
            self.after(Timer::Speech, self.config.tts_timeout_ms);
        }
    }

    pub(super) fn synthesized(&mut self, id: ReplyId, sentence: SentenceId, samples: u64) {
        let now = self.now;
        // What a cancelled synthesiser still gives is as stale as the audio of another turn.
        let Some(reply) = self.live(id).filter(|reply| !reply.mute) else { return };
        if reply.ledger.synthesize(sentence, samples) {
            reply.marks.first_audio.get_or_insert(now);
            self.after(Timer::Speech, self.config.tts_timeout_ms);
        }
    }

    pub(super) fn words_timed(&mut self, id: ReplyId, sentence: SentenceId, words: Vec<SpokenWord>) {
        if let Some(reply) = self.live(id) {
            reply.ledger.time(sentence, words);
        }
    }

    pub(super) fn sentence_synthesized(&mut self, id: ReplyId, sentence: SentenceId) {
        let Some(reply) = self.live(id).filter(|reply| !reply.mute) else { return };
        reply.ledger.complete(sentence);
        if reply.text_ended || reply.ledger.owes_audio() {
            self.after(Timer::Speech, self.config.tts_timeout_ms);
        } else {
            self.timers.stop(Timer::Speech);
        }
    }

    pub(super) fn sent(&mut self, id: ReplyId, samples: u64) {
        let now = self.now;
        let Some(reply) = self.live(id).filter(|reply| reply.held.is_none()) else { return };
        reply.ledger.send(samples);
        let shown = reply.ledger.take_shown();
        let audible = reply.ledger.sent() > 0 || reply.standby == Standby::Playing;
        let first = audible && reply.marks.sent.is_none();
        if first {
            reply.marks.sent = Some(now);
        }
        if let Some(text) = shown {
            self.revised();
            self.emit(Event::Reply { turn: id.turn, text });
        }
        if first {
            self.revised();
            if self.agent == AgentPhase::Thinking {
                self.agent = AgentPhase::Speaking;
            }
            self.measure();
        }
    }

    /// Tells the figures of the live reply's turn, once.
    pub(super) fn measure(&mut self) {
        let Some(reply) = self.reply.as_mut().filter(|reply| !reply.measured) else { return };
        reply.measured = true;
        let metrics = reply.marks.metrics(reply.id.turn);
        self.emit(Event::Metrics(metrics));
    }

    pub(super) fn played(&mut self, turn: TurnId, samples: u64, reported: bool) {
        if let Some(reply) = self.reply.as_mut().filter(|reply| reply.id.turn == turn) {
            reply.ledger.play(samples);
            reply.reported |= reported;
        } else if let Some(cut) = self.cut.as_mut().filter(|cut| cut.turn == turn) {
            cut.ledger.play(samples);
            cut.reported |= reported;
            if cut.reported && !self.questions.is_empty() {
                self.settle_cut();
            }
        }
    }

    /// Everything was played: the reply stands in the history as it was written.
    pub(super) fn playback_done(&mut self, id: ReplyId) {
        if self.played_out_unheard(id) {
            return;
        }
        let Some(reply) = self.live(id) else { return };
        if reply.standby == Standby::Playing {
            reply.standby = Standby::Played;
        }
        if !reply.text_ended {
            return;
        }
        self.measure();
        let Some(mut reply) = self.reply.take() else { return };
        if let Some(turn) = self.turn.as_mut().filter(|_| reply.asks()) {
            turn.over_reply = false;
        }
        if let Some(text) = reply.ledger.take_rest() {
            self.emit(Event::Reply { turn: id.turn, text });
        }
        // A reply that could not be spoken was at least read.
        let written = reply.ledger.written();
        let heard = if reply.mute && reply.ledger.has_audio() { reply.ledger.heard() } else { written.clone() };
        self.end_reply(id.turn, heard != written, heard, reply.rounds);
    }

    /// Ends a reply: the history gets what was heard and done, the client is told.
    pub(super) fn end_reply(
        &mut self,
        turn: TurnId,
        interrupted: bool,
        heard: String,
        rounds: Vec<(usize, ToolRound)>,
    ) {
        if self.reply.is_none() {
            self.agent = AgentPhase::Idle;
            self.stop_reply_timers();
        }
        for message in in_order(&heard, rounds) {
            self.remember(turn, message);
        }
        self.revised();
        self.emit(Event::ReplyEnd { turn, interrupted, heard });
    }

    pub(super) fn stop_reply_timers(&mut self) {
        for timer in [Timer::Reply, Timer::Speech, Timer::Filler, Timer::Interruption, Timer::FalseAlarm] {
            self.timers.stop(timer);
        }
    }

    pub(super) fn reply_overdue(&mut self) {
        let Some(reply) = &self.reply else { return };
        // A model that is ahead of the synthesiser is not asked for more, so its silence means nothing.
        let held_back = reply.ledger.sentences_owed() >= SENTENCES_AHEAD || reply.ledger.unsent() > 0;
        if held_back && !reply.mute {
            return self.after(Timer::Reply, self.config.llm_timeout_ms.max(SHORTEST_WAIT_MS));
        }
        let message = "the language model gave no sign of life in time".to_owned();
        self.failed(Some(reply.id), Stage::Llm, ErrorKind::Timeout, message);
    }

    pub(super) fn speech_overdue(&mut self) {
        let Some(reply) = &self.reply else { return };
        let owes_audio = reply.ledger.owes_audio();
        // With the text at its end the synthesiser owes an end as well, or the reply would never have one.
        if !owes_audio && !reply.text_ended {
            return;
        }
        // A synthesiser that is ahead of the listener is not asked for more, and one may keep the last words back until
        // it gets those after the tools.
        if self.round.is_some() || reply.ledger.unsent() > 0 || (!owes_audio && reply.ledger.is_playing()) {
            return self.after(Timer::Speech, self.config.tts_timeout_ms.max(SHORTEST_WAIT_MS));
        }
        let what = if owes_audio { "gave no audio" } else { "came to no end" };
        let message = format!("the synthesiser {what} in time");
        self.failed(Some(reply.id), Stage::Tts, ErrorKind::Timeout, message);
    }
}
