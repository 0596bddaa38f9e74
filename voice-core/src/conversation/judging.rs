//! What becomes of a reply while somebody speaks over it, and of what they said.

use super::command::Command;
use super::event::Event;
use super::interruption::{Verdict, Wording};
use super::machine::Conversation;
use super::marks::Marks;
use super::phase::{AgentPhase, UserPhase};
use super::timers::Timer;
use super::turn::{Reply, Sound, UserTurn};

/// Where the words of a turn belong.
enum Place {
    /// They are to be answered, and what is being said stops for them.
    Question,
    /// They are to be answered after what is being said.
    Later,
    /// They were said by a listener: nobody answers them.
    Remark,
}

impl Conversation {
    /// Somebody made a sound while a reply is alive. A protected one goes on.
    pub(super) fn hold(&mut self) {
        let Some(reply) = &self.reply else { return };
        let (id, protected) = (reply.id, reply.protected);
        if let Some(turn) = &mut self.turn {
            turn.sound = Sound { since: self.now, has_words: false };
        }
        self.timers.stop(Timer::FalseAlarm);
        if protected {
            return;
        }
        if self.agent != AgentPhase::Held {
            let playing = self.agent == AgentPhase::Speaking;
            self.agent = AgentPhase::Held;
            self.command(Command::PausePlayback { reply: id });
            if playing {
                self.emit(Event::Pause { turn: id.turn });
            }
        }
        // A sound that needs no length and no words stops the reply at once.
        self.judge();
    }

    /// It was nothing: playback goes on at the same sample.
    pub(super) fn resume(&mut self) {
        if self.agent != AgentPhase::Held {
            return;
        }
        self.timers.stop(Timer::FalseAlarm);
        self.timers.stop(Timer::Interruption);
        let Some(reply) = &self.reply else { return };
        let (id, playing) = (reply.id, reply.marks.sent.is_some());
        self.agent = if playing { AgentPhase::Speaking } else { AgentPhase::Thinking };
        self.command(Command::ResumePlayback { reply: id });
        if playing {
            self.emit(Event::Resume { turn: id.turn });
        }
    }

    /// From now on only a stop word stops the reply.
    pub(super) fn protect(&mut self) {
        if let Some(reply) = &mut self.reply {
            reply.protected = true;
            self.resume();
        }
    }

    /// The reply that the open turn may stop: any but the one that answers it.
    fn spoken_over(&self) -> Option<&Reply> {
        let answered = self.turn.as_ref().map(|turn| turn.id);
        self.reply.as_ref().filter(|reply| Some(reply.id.turn) != answered)
    }

    /// Decides about the reply while the user speaks, or how long to wait with that.
    pub(super) fn judge(&mut self) {
        let (Some(reply), Some(turn), UserPhase::Speaking) = (self.spoken_over(), &self.turn, self.user) else {
            return;
        };
        let words = if turn.sound.has_words { turn.words.as_str() } else { "" };
        let policy = &self.config.interruption;
        let wording = policy.wording(words);
        if reply.protected && wording != Wording::Stop {
            return;
        }
        match policy.judge(self.now.saturating_since(turn.sound.since), wording) {
            Verdict::Stop => self.interrupt(),
            Verdict::GoOn => self.resume(),
            Verdict::Wait(limit) if self.agent == AgentPhase::Held => {
                self.timers.set(Timer::Interruption, turn.sound.since + limit);
            }
            Verdict::Wait(_) => {}
        }
    }

    /// The words of the open turn have changed.
    pub(super) fn heed_words(&mut self) {
        let Some(turn) = &mut self.turn else { return };
        turn.sound.has_words = true;
        if self.user == UserPhase::Speaking {
            return self.judge();
        }
        let (Some(reply), Some(turn)) = (self.spoken_over(), &self.turn) else { return };
        let (complete, protected) = (turn.answer.is_some(), reply.protected);
        match self.config.interruption.wording(&turn.words) {
            Wording::Stop => self.interrupt(),
            Wording::Meant | Wording::OneWord if complete && !protected => self.interrupt(),
            Wording::BackChannel => self.resume(),
            Wording::TooFew if complete => self.resume(),
            // The final is on its way, until it is taken for a false alarm.
            Wording::Meant | Wording::OneWord | Wording::TooFew | Wording::Nothing => {}
        }
    }

    /// The sound is over. One that is known to be a back-channel holds the reply no longer.
    pub(super) fn sound_ended(&mut self) {
        self.timers.stop(Timer::Interruption);
        let Some(turn) = self.turn.as_ref().filter(|_| self.agent == AgentPhase::Held) else { return };
        if turn.sound.has_words && self.config.interruption.wording(&turn.words) == Wording::BackChannel {
            self.resume();
        } else {
            self.after(Timer::FalseAlarm, self.config.interruption.false_alarm_ms);
        }
    }

    /// A spoken turn is over and has words.
    pub(super) fn words_complete(&mut self, turn: UserTurn) {
        let (place, attempts) = (self.place_of(&turn), turn.attempts);
        let marks = Marks { words: Some(self.now), ..turn.marks };
        match place {
            Place::Question => self.ask(turn.id, turn.words, marks, attempts),
            Place::Later => {
                self.enqueue(turn.id, turn.words, marks, attempts);
                self.resume();
            }
            Place::Remark => {
                self.discard_speculation();
                self.emit(Event::Transcript { turn: turn.id, text: turn.words, is_final: true });
                self.resume();
            }
        }
    }

    fn place_of(&self, turn: &UserTurn) -> Place {
        // What is prepared for this very turn is not spoken over.
        let reply = self.reply.as_ref().filter(|reply| reply.id.turn != turn.id);
        if reply.is_none() && !turn.over_reply {
            return Place::Question;
        }
        let wording = self.config.interruption.wording(&turn.words);
        match (wording, reply) {
            (Wording::Stop, _) => Place::Question,
            // It answers what is being asked, which is nearly over.
            (Wording::BackChannel, Some(reply)) if turn.over_reply && reply.asks() => Place::Later,
            (Wording::BackChannel, _) if turn.over_reply => Place::Remark,
            (_, Some(reply)) if reply.protected => Place::Later,
            (Wording::TooFew, Some(_)) => Place::Later,
            (Wording::Nothing | Wording::BackChannel | Wording::TooFew | Wording::OneWord | Wording::Meant, _) => {
                Place::Question
            }
        }
    }
}
