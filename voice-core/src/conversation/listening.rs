//! The user's side: speech, pauses, transcripts, typed words.

use super::command::{Command, Prompt};
use super::event::Event;
use super::machine::Conversation;
use super::marks::Marks;
use super::phase::{AgentPhase, UserPhase};
use super::timers::Timer;
use super::turn::{Answer, Question, UserTurn};
use crate::error::{ErrorKind, Stage};
use crate::id::TurnId;
use crate::time::AudioTime;
use std::time::Duration;

/// Questions that may wait to be answered; more are refused with an error event. Those wait that are asked
/// while the client is away, an interrupted reply is being settled, or a protected one is spoken.
const QUESTIONS_WAITING: usize = 32;

impl Conversation {
    pub(super) fn speech_started(&mut self, at: AudioTime) {
        // What is left of a microphone whose client went away opens no turn: nobody would hear the answer.
        if self.is_detached() {
            return;
        }
        match self.user {
            UserPhase::Speaking => return,
            UserPhase::Silent => {
                let id = self.new_turn();
                self.turn = Some(UserTurn { over_reply: self.reply.is_some(), ..UserTurn::new(id) });
            }
            // The pause was one: the same turn goes on, and the transcript asked for at its end comes too early.
            UserPhase::Settling | UserPhase::AwaitingTranscript => {
                self.timers.stop(Timer::Settle);
                self.timers.stop(Timer::Transcript);
                if let Some(turn) = &mut self.turn {
                    if let Some(end) = turn.marks.speech_end {
                        self.pauses.paused(self.now.saturating_since(end));
                    }
                    // Where the time went is told of the pause that ends the turn.
                    turn.marks = Marks::default();
                    turn.attempt += 1;
                    turn.answer = None;
                    turn.estimate = None;
                }
            }
        }
        self.user = UserPhase::Speaking;
        self.emit(Event::Speech { started: true, at });
        if let Some(turn) = &mut self.turn {
            turn.paused = false;
        }
        self.discard_speculation();
        self.hold();
    }

    pub(super) fn speech_paused(&mut self) {
        if self.user != UserPhase::Speaking {
            return;
        }
        if let Some(turn) = &mut self.turn {
            turn.paused = true;
        }
        self.speculate();
    }

    /// The moment of silence was one inside the words. What was prepared in it lives until other words are known.
    pub(super) fn speech_resumed(&mut self) {
        if let Some(turn) = self.turn.as_mut().filter(|_| self.user == UserPhase::Speaking) {
            turn.paused = false;
        }
    }

    pub(super) fn speech_ended(&mut self, at: AudioTime, silence: Duration) {
        if self.user != UserPhase::Speaking {
            return;
        }
        self.user = UserPhase::Settling;
        let now = self.now;
        if let Some(turn) = &mut self.turn {
            turn.marks.speech_end = Some(now - silence);
            turn.marks.vad_end = Some(now);
            let (turn, attempt) = (turn.id, turn.attempt);
            self.command(Command::FinalizeStt { turn, attempt });
        }
        self.emit(Event::Speech { started: false, at });
        self.sound_ended();
        self.set_settle();
        self.speculate();
    }

    pub(super) fn turn_estimate(&mut self, turn: TurnId, probability: f32) {
        let Some(open) = self.turn.as_mut().filter(|open| open.id == turn) else { return };
        open.estimate = Some(probability);
        self.words_changed();
    }

    /// The window counts from the last speech sample; where it has passed already, the turn ends at once.
    fn set_settle(&mut self) {
        let Some(turn) = &self.turn else { return };
        let window = self.config.endpointing.window(turn.estimate, turn.sounds, &self.pauses);
        let end = turn.marks.speech_end.unwrap_or(self.now) + window;
        if end <= self.now {
            self.timers.stop(Timer::Settle);
            self.turn_settled();
        } else {
            self.timers.set(Timer::Settle, end);
        }
    }

    pub(super) fn partial_transcript(&mut self, turn: TurnId, text: String) {
        let Some(open) = self.turn.as_mut().filter(|open| open.id == turn && open.answer.is_none()) else { return };
        if open.words == text {
            return;
        }
        open.hear(text.clone());
        self.emit(Event::Transcript { turn, text, is_final: false });
        self.heed_words();
        self.words_changed();
    }

    /// What is known of the words has changed: they may sound more or less complete, and be answered differently.
    fn words_changed(&mut self) {
        if self.user == UserPhase::Settling {
            self.set_settle();
        }
        self.speculate();
    }

    pub(super) fn final_transcript(&mut self, turn: TurnId, attempt: u32, text: String, unclear: bool) {
        let Some(open) = self.turn.as_mut().filter(|open| open.id == turn) else { return };
        let wanted =
            open.attempt == attempt && matches!(self.user, UserPhase::Settling | UserPhase::AwaitingTranscript);
        if !wanted {
            // It answers an earlier pause of a turn that went on: as good as a partial one.
            return self.partial_transcript(turn, text);
        }
        open.marks.transcript = Some(self.now);
        open.hear(text);
        open.answer = Some(Answer { unclear });
        let nothing_said = open.words.trim().is_empty();
        // A held reply is waiting for just this answer.
        if self.user == UserPhase::AwaitingTranscript || (self.agent == AgentPhase::Held && nothing_said) {
            return self.turn_complete();
        }
        self.heed_words();
        self.words_changed();
    }

    pub(super) fn turn_settled(&mut self) {
        let Some(turn) = &mut self.turn else { return };
        turn.marks.turn_end = Some(self.now);
        if turn.answer.is_some() || turn.unheard {
            self.turn_complete();
        } else {
            self.user = UserPhase::AwaitingTranscript;
            self.after(Timer::Transcript, self.config.transcript_timeout_ms);
        }
    }

    pub(super) fn transcript_overdue(&mut self) {
        self.emit(Event::Failed {
            stage: Stage::Stt,
            kind: ErrorKind::Timeout,
            message: "no final transcript in time; going on with the words heard so far".into(),
        });
        if let Some(turn) = &mut self.turn {
            turn.unheard = true;
        }
        self.turn_complete();
    }

    /// The turn is over and its words are as good as they will get.
    pub(super) fn turn_complete(&mut self) {
        let Some(mut turn) = self.turn.take() else { return };
        self.user = UserPhase::Silent;
        self.pauses.turn_ended();
        self.credit.turn_ended(self.config.speculation.discarded_percent);
        turn.marks.turn_end.get_or_insert(self.now);
        self.timers.stop(Timer::Settle);
        self.timers.stop(Timer::Transcript);
        turn.marks.providers.stt = self.recogniser.clone().filter(|_| turn.answer.is_some() || !turn.words.is_empty());
        if !turn.words.trim().is_empty() {
            return self.words_complete(turn);
        }
        self.discard_speculation();
        let reply = turn.next_reply();
        self.emit(Event::Transcript { turn: turn.id, text: turn.words, is_final: true });
        let excuse = match &turn.answer {
            Some(answer) => self.config.unclear_reply.clone().filter(|_| answer.unclear),
            None => self.config.unheard_reply.clone().filter(|_| turn.unheard),
        };
        if self.agent == AgentPhase::Held {
            self.resume();
        } else if let Some(text) = excuse
            && self.is_idle()
            && !self.is_detached()
        {
            let discarded = reply.attempt;
            self.start_reply(reply, Prompt::Text(text), Marks { words: Some(self.now), discarded, ..turn.marks });
        }
    }

    pub(super) fn user_text(&mut self, text: String) {
        if text.trim().is_empty() {
            return;
        }
        if self.questions.len() >= QUESTIONS_WAITING {
            return self.refuse_question();
        }
        let turn = self.new_turn();
        self.ask(turn, text, Marks { words: Some(self.now), ..Marks::default() }, 0);
    }

    fn refuse_question(&mut self) {
        let message = format!("{QUESTIONS_WAITING} questions wait already; this one is dropped");
        let kind = ErrorKind::RateLimited { retry_after: None };
        self.emit(Event::Failed { stage: Stage::Session, kind, message });
    }

    /// Gives the finals of the questions that wait, each once.
    pub(super) fn tell_questions(&mut self) {
        for question in self.questions.iter_mut().filter(|question| !question.told) {
            question.told = true;
            let (turn, text) = (question.turn, question.text.clone());
            self.commands.push_back(Command::Emit(Event::Transcript { turn, text, is_final: true }));
        }
    }

    /// The user went away in the middle of a turn: what they said so far is all of it.
    pub(super) fn break_off(&mut self) {
        self.timers.stop(Timer::Settle);
        let Some(turn) = &self.turn else { return };
        match self.user {
            UserPhase::Silent | UserPhase::AwaitingTranscript => return,
            UserPhase::Settling if turn.answer.is_some() => return self.turn_complete(),
            UserPhase::Settling => {}
            UserPhase::Speaking => {
                let (turn, attempt) = (turn.id, turn.attempt);
                self.command(Command::FinalizeStt { turn, attempt });
            }
        }
        self.user = UserPhase::AwaitingTranscript;
        self.after(Timer::Transcript, self.config.transcript_timeout_ms);
    }

    /// Words to be answered when the floor is free.
    pub(super) fn enqueue(&mut self, turn: TurnId, text: String, marks: Marks, attempts: u32) {
        if self.questions.len() >= QUESTIONS_WAITING {
            self.emit(Event::Transcript { turn, text, is_final: true });
            return self.refuse_question();
        }
        self.questions.push_back(Question { turn, text, marks, attempts, told: false });
        self.revised();
        if !self.is_detached() {
            self.tell_questions();
        }
    }

    /// Words to be answered stop whatever is being said. A client that is away is told when it comes back.
    pub(super) fn ask(&mut self, turn: TurnId, text: String, marks: Marks, attempts: u32) {
        self.enqueue(turn, text, marks, attempts);
        if self.agent != AgentPhase::Speculating {
            self.interrupt();
        }
        if self.cut.as_ref().is_some_and(|cut| cut.reported) {
            self.settle_cut();
        }
    }
}
