//! The user's side of a recorded call, told to a conversation that may decide otherwise: ids and words are those of its
//! own turns.

use super::agenda::Happening;
use super::world::World;
use crate::conversation::{Command, Conversation, Input};
use crate::id::TurnId;
use crate::recording::Recording;
use crate::time::SessionTime;
use std::collections::HashMap;

pub(super) struct Tape {
    facts: Vec<(SessionTime, Input)>,
    told: usize,
    /// Which end of speech asked for a final transcript, by how it was named.
    asked_by: HashMap<(TurnId, u32), usize>,
    /// How the conversation of now names the request of an end of speech.
    asked: HashMap<usize, (TurnId, u32)>,
    /// Ends of speech so far.
    ends: usize,
    words: Words,
}

/// Recorded turns and those of now need not be the same: one that is ended earlier takes the first of the words, one that
/// is ended later takes those of several.
#[derive(Default)]
struct Words {
    recorded: TurnId,
    now: TurnId,
    /// Words of recorded turns before, in the same turn of now.
    before: String,
    /// Words of the recorded turn that went to the turn of now before.
    skipped: usize,
    text: String,
    given: String,
}

impl Words {
    fn of(&mut self, recorded: TurnId, now: TurnId, text: &str) -> String {
        match (recorded == self.recorded, now == self.now) {
            (true, true) => {}
            (true, false) => {
                self.skipped = self.text.split_whitespace().count();
                self.before.clear();
            }
            (false, same) => {
                self.skipped = 0;
                self.before = if same { std::mem::take(&mut self.given) } else { String::new() };
            }
        }
        (self.recorded, self.now) = (recorded, now);
        text.clone_into(&mut self.text);
        let fresh = text.split_whitespace().skip(self.skipped);
        self.given = self.before.split_whitespace().chain(fresh).collect::<Vec<_>>().join(" ");
        self.given.clone()
    }
}

impl Tape {
    pub(super) fn of(recording: &Recording) -> Self {
        let header = recording.header();
        let mut conversation = Conversation::new(header.config.clone()).with_tools(header.tools.clone().into());
        let (mut facts, mut asked_by, mut ends) = (Vec::new(), HashMap::new(), 0);
        for (at, input) in recording.inputs() {
            ends += usize::from(matches!(input, Input::SpeechEnded { .. }));
            conversation.handle(*at, input.clone());
            while let Some(command) = conversation.poll() {
                if let Command::FinalizeStt { turn, attempt } = command {
                    asked_by.insert((turn, attempt), ends);
                }
            }
            if is_of_the_user(input) {
                facts.push((*at, input.clone()));
            }
        }
        Self { facts, told: 0, asked_by, asked: HashMap::new(), ends: 0, words: Words::default() }
    }

    pub(super) fn facts(&self) -> &[(SessionTime, Input)] {
        &self.facts
    }

    pub(super) fn is_over(&self) -> bool {
        self.told == self.facts.len()
    }

    pub(super) fn asked(&mut self, turn: TurnId, attempt: u32) {
        self.asked.insert(self.ends, (turn, attempt));
    }

    /// A fact in the names of now, given the turn that is open; nothing when it has no meaning there.
    fn told(&mut self, index: usize, open: Option<TurnId>) -> Option<Input> {
        self.told += 1;
        let (_, input) = self.facts.get(index)?;
        match input {
            Input::SpeechEnded { .. } => {
                self.ends += 1;
                Some(input.clone())
            }
            Input::TurnEstimate { probability, .. } => {
                Some(Input::TurnEstimate { turn: open?, probability: *probability })
            }
            Input::PartialTranscript { turn, text } => {
                let now = open?;
                Some(Input::PartialTranscript { turn: now, text: self.words.of(*turn, now, text) })
            }
            Input::FinalTranscript { turn, attempt, text, unclear } => {
                let (now, asked) = *self.asked.get(self.asked_by.get(&(*turn, *attempt))?)?;
                if open != Some(now) {
                    return None;
                }
                let text = self.words.of(*turn, now, text);
                Some(Input::FinalTranscript { turn: now, attempt: asked, text, unclear: *unclear })
            }
            input => Some(input.clone()),
        }
    }
}

/// Whether the world would have told this fact whatever the agent did.
fn is_of_the_user(input: &Input) -> bool {
    matches!(
        input,
        Input::SpeechStarted { .. }
            | Input::SpeechPaused { .. }
            | Input::SpeechResumed { .. }
            | Input::SpeechEnded { .. }
            | Input::TurnEstimate { .. }
            | Input::PartialTranscript { .. }
            | Input::FinalTranscript { .. }
            | Input::UserText(_)
            | Input::Failed { reply: None, .. }
            | Input::Say(_)
            | Input::Announce(_)
            | Input::Interrupt
            | Input::SetContext { .. }
            | Input::Detached
            | Input::Attached { .. }
    )
}

impl World<'_> {
    /// The user does what they did in a recording, in place of the script.
    pub(super) fn play_tape(&mut self, tape: Tape) {
        for (index, (at, _)) in tape.facts().iter().enumerate() {
            self.agenda.plan(*at, Happening::Recorded(index));
        }
        self.tape = Some(tape);
    }

    pub(super) fn recorded(&mut self, index: usize) {
        let open = self.conversation.open_turn();
        if let Some(input) = self.tape.as_mut().and_then(|tape| tape.told(index, open)) {
            self.learn(input);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_is_ended_earlier_leaves_its_later_words_to_the_next() {
        let mut words = Words::default();
        assert_eq!(words.of(TurnId(1), TurnId(1), "five five"), "five five");
        assert_eq!(words.of(TurnId(1), TurnId(2), "five five one"), "one");
        assert_eq!(words.of(TurnId(1), TurnId(2), "five five one two"), "one two");
        assert_eq!(words.of(TurnId(2), TurnId(3), "hello"), "hello");
    }

    #[test]
    fn a_turn_that_is_ended_later_takes_the_words_of_several() {
        let mut words = Words::default();
        assert_eq!(words.of(TurnId(1), TurnId(1), "five five"), "five five");
        assert_eq!(words.of(TurnId(2), TurnId(1), "one"), "five five one");
        assert_eq!(words.of(TurnId(2), TurnId(1), "one two"), "five five one two");
    }
}
