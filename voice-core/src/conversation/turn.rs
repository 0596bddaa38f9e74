//! The user's turn while it is open, and the reply while it is alive.

use super::ledger::Ledger;
use super::marks::Marks;
use super::speculation::Held;
use crate::id::{ReplyId, TurnId};
use crate::text::{Completeness, completeness};
use crate::time::SessionTime;
use crate::tool::ToolRound;

/// A spoken turn that has not ended.
#[derive(Debug, Clone)]
pub(super) struct UserTurn {
    pub(super) id: TurnId,
    pub(super) marks: Marks,
    /// The best words so far, final or not.
    pub(super) words: String,
    /// How complete they sound.
    pub(super) sounds: Completeness,
    /// The newest request for a final transcript; the next one to make while the user speaks.
    pub(super) attempt: u32,
    /// The answer to the newest request.
    pub(super) answer: Option<Answer>,
    /// The recogniser failed: no answer will come.
    pub(super) unheard: bool,
    /// The latest estimate of the turn's being over.
    pub(super) estimate: Option<f32>,
    /// The user has been silent for a moment, not yet long enough for a pause.
    pub(super) paused: bool,
    /// Answers begun before the turn has ended.
    pub(super) attempts: u32,
    /// No more of them are to be begun.
    pub(super) hopeless: bool,
    /// It was begun while a reply was alive that has not been stopped since and, if it has ended, asked nothing.
    pub(super) over_reply: bool,
    /// What is being judged while a reply is alive.
    pub(super) sound: Sound,
}

/// Speech that goes on, or the last that there was.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sound {
    /// When its onset was decided, or when the reply began that it is judged against.
    pub(super) since: SessionTime,
    /// The words of the turn have changed since.
    pub(super) has_words: bool,
}

/// A final transcript.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) unclear: bool,
}

impl UserTurn {
    pub(super) fn new(id: TurnId) -> Self {
        Self {
            id,
            marks: Marks::default(),
            words: String::new(),
            sounds: Completeness::default(),
            attempt: 0,
            answer: None,
            unheard: false,
            estimate: None,
            paused: false,
            attempts: 0,
            hopeless: false,
            over_reply: false,
            sound: Sound::default(),
        }
    }

    /// Takes the words so far.
    pub(super) fn hear(&mut self, words: String) {
        self.sounds = completeness(&words);
        self.words = words;
    }

    /// Names the next answer to the turn.
    pub(super) fn next_reply(&mut self) -> ReplyId {
        let reply = ReplyId { turn: self.id, attempt: self.attempts };
        self.attempts += 1;
        reply
    }
}

/// A user's turn whose words are complete, to be answered as soon as the history is settled.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) turn: TurnId,
    pub(super) text: String,
    pub(super) marks: Marks,
    /// Answers begun before the turn had ended.
    pub(super) attempts: u32,
    /// The client has had its final transcript.
    pub(super) told: bool,
}

/// A reply that is being made or played.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) id: ReplyId,
    pub(super) ledger: Ledger,
    pub(super) marks: Marks,
    /// What is kept back as long as the turn has not ended.
    pub(super) held: Option<Held>,
    /// The text is complete, or will never be.
    pub(super) text_ended: bool,
    /// The synthesiser knows that.
    pub(super) speech_ended: bool,
    /// The listener itself has reported what it played.
    pub(super) reported: bool,
    /// Already told in figures.
    pub(super) measured: bool,
    /// There is no synthesiser, or it failed: text is shown that will not be spoken.
    pub(super) mute: bool,
    /// What became of the line that stands in for a synthesiser that failed.
    pub(super) standby: Standby,
    /// Rounds of tools that are complete, each with the length of the text before it.
    pub(super) rounds: Vec<(usize, ToolRound)>,
    /// The next text was not written to follow the last: a blank joins them.
    pub(super) joint: bool,
    /// Something was said besides the filler, or there is nobody to say it: a text that was given may hold no words.
    pub(super) answered: bool,
    /// Only a stop word stops it; what else is said is answered afterwards.
    pub(super) protected: bool,
    /// The model was asked for it: it answers what the user said.
    pub(super) asked: bool,
}

/// The standby line of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Standby {
    /// There was no need for it.
    #[default]
    Unused,
    /// It is to be played as soon as there is text to show.
    Due,
    /// It is being played.
    Playing,
    /// It was played.
    Played,
}

impl Reply {
    pub(super) fn new(id: ReplyId, marks: Marks, output_rate: u32, mute: bool) -> Self {
        let ledger = Ledger::new(output_rate);
        Self {
            id,
            ledger,
            marks,
            held: None,
            text_ended: false,
            speech_ended: false,
            reported: false,
            measured: false,
            mute,
            standby: Standby::Unused,
            rounds: Vec::new(),
            joint: false,
            answered: false,
            protected: false,
            asked: false,
        }
    }

    /// Whether it answers the user, who has got nothing of the answer yet: neither sound nor text, or no more than the filler.
    pub(super) fn is_owed(&self) -> bool {
        let told = self.marks.sent.is_some() || self.ledger.is_shown();
        self.asked && self.held.is_none() && !(told && self.answered)
    }

    /// Whether the listener has reached its closing question.
    pub(super) fn asks(&self) -> bool {
        self.text_ended && self.ledger.has_reached_closing_question()
    }

    /// Whether the model has said nothing since it was asked.
    pub(super) fn is_silent(&self) -> bool {
        let said_before = self.rounds.last().map_or(0, |(place, _)| *place);
        self.ledger.text().get(said_before..).is_none_or(|said| said.trim().is_empty())
    }
}

/// An interrupted reply, until it is known what was heard of it.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) turn: TurnId,
    pub(super) ledger: Ledger,
    /// It was to be read, not heard: it had no voice and no audio.
    pub(super) read: bool,
    /// The listener has reported since it was told to stop.
    pub(super) reported: bool,
    /// As in [`Reply`].
    pub(super) rounds: Vec<(usize, ToolRound)>,
}
