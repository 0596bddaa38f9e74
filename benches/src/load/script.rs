//! What a user says at each frame: a pause, a sentence, then silence until it is answered, round and round.

use super::faults::{Fault, Faults};
use std::ops::Range;
use voice_core::testing::Random;

/// Frames of the pause before a sentence: 0.6 to 2.4 s.
const PAUSE: Range<u64> = 30..120;
/// Frames of the pause before the first sentence, so that no two users are in step: up to 4 s.
const FIRST_PAUSE: Range<u64> = 10..200;
/// Frames that an answer may take: 30 s. Then the user gives up and asks again.
const PATIENCE: u64 = 1_500;
/// Frames of an answer after which a user does what is done in answers: half a second.
const INTO: u64 = 25;

/// Done in the middle of a sentence.
const IN_WORDS: [Fault; 5] = [Fault::Vanish, Fault::Leave, Fault::Garbage, Fault::Nonsense, Fault::Panic];
/// Done in the middle of an answer.
const IN_ANSWERS: [Fault; 3] = [Fault::LeaveReply, Fault::Slow, Fault::Interrupt];

/// What is sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Say {
    /// This frame of the sentence.
    Word(usize),
    /// The room.
    Nothing,
    /// The room, and something that is no part of a conversation.
    Misbehave(Fault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Pause {
        left: u64,
    },
    Talking {
        frame: usize,
    },
    /// For the whole answer; `heard` counts from its first sound.
    Waiting {
        frames: u64,
        heard: Option<u64>,
    },
}

/// A user's part.
#[derive(Debug, Clone)]
pub(super) struct Script {
    random: Random,
    step: Step,
    faults: Faults,
    /// To be done in this turn.
    fault: Option<Fault>,
    /// The last that was done.
    done: Option<Fault>,
    in_vain: u64,
}

impl Script {
    /// The part of a user who says nothing for `quiet` frames and, from then on, is no more in step with others than people are.
    pub(super) fn new(mut random: Random, faults: &Faults, quiet: u64) -> Self {
        let (left, fault) = (quiet + random.within(FIRST_PAUSE), faults.draw(&mut random));
        Self { random, step: Step::Pause { left }, faults: faults.clone(), fault, done: None, in_vain: 0 }
    }

    /// What to send now, of a sentence of so many frames.
    pub(super) fn next(&mut self, sentence: usize) -> Say {
        match &mut self.step {
            Step::Pause { left: 0 } => self.step = Step::Talking { frame: 0 },
            Step::Pause { left } => *left -= 1,
            Step::Talking { frame } if *frame >= sentence => self.step = Step::Waiting { frames: 0, heard: None },
            Step::Talking { frame } => {
                *frame += 1;
                let said = *frame - 1;
                return self.misdeed(said == sentence / 2, &IN_WORDS).unwrap_or(Say::Word(said));
            }
            Step::Waiting { frames, .. } if *frames > PATIENCE => {
                self.in_vain += 1;
                self.pause();
            }
            Step::Waiting { frames, heard } => {
                *frames += 1;
                *heard = heard.map(|heard| heard + 1);
                let now = *heard == Some(INTO);
                return self.misdeed(now, &IN_ANSWERS).unwrap_or(Say::Nothing);
            }
        }
        Say::Nothing
    }

    fn misdeed(&mut self, now: bool, place: &[Fault]) -> Option<Say> {
        let fault = self.fault.take_if(|fault| now && place.contains(fault))?;
        self.done = Some(fault);
        if fault == Fault::Interrupt {
            self.step = Step::Talking { frame: 0 };
        }
        Some(Say::Misbehave(fault))
    }

    fn pause(&mut self) {
        self.step = Step::Pause { left: self.random.within(PAUSE) };
        self.fault = self.faults.draw(&mut self.random);
    }

    /// Audio of an answer came.
    pub(super) fn hears(&mut self) {
        if let Step::Waiting { heard, .. } = &mut self.step {
            heard.get_or_insert(0);
        }
    }

    /// The answer is over.
    pub(super) fn answered(&mut self) {
        if matches!(self.step, Step::Waiting { .. }) {
            self.pause();
        }
    }

    /// What the user said before, on a connection that was lost, has been understood: the answer is awaited.
    pub(super) fn understood(&mut self) {
        if matches!(self.step, Step::Pause { .. }) {
            self.step = Step::Waiting { frames: 0, heard: None };
        }
    }

    /// Whether nothing is owed to the user.
    pub(super) fn is_at_rest(&self) -> bool {
        matches!(self.step, Step::Pause { .. })
    }

    /// The last thing the user did that it should not.
    pub(super) fn done(&self) -> Option<Fault> {
        self.done
    }

    /// How often the user gave up waiting.
    pub(super) fn in_vain(&self) -> u64 {
        self.in_vain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCE: usize = 10;

    fn script(kinds: &[Fault]) -> Script {
        Script::new(Random::new(3), &Faults { kinds: kinds.to_vec(), percent: 100 }, 0)
    }

    /// Everything said until nothing but the room is left.
    fn turn(script: &mut Script) -> Vec<Say> {
        let mut said = Vec::new();
        for _ in 0..400 {
            said.extend(Some(script.next(SENTENCE)).filter(|say| *say != Say::Nothing));
            if !script.is_at_rest() {
                script.hears();
            }
        }
        said
    }

    #[test]
    fn a_sentence_is_said_whole_and_the_next_one_after_the_answer() {
        let mut script = script(&[]);
        let whole: Vec<Say> = (0..SENTENCE).map(Say::Word).collect();
        assert_eq!(turn(&mut script), whole);
        assert!(!script.is_at_rest());
        script.answered();
        assert!(script.is_at_rest());
        assert_eq!(turn(&mut script), whole);
    }

    #[test]
    fn misdeeds_are_done_where_they_belong() {
        let left = turn(&mut script(&[Fault::Leave]));
        assert_eq!(left[SENTENCE / 2], Say::Misbehave(Fault::Leave));
        let interrupted = turn(&mut script(&[Fault::Interrupt]));
        assert_eq!(interrupted[SENTENCE], Say::Misbehave(Fault::Interrupt));
        assert_eq!(interrupted[SENTENCE + 1..].len(), SENTENCE, "then another sentence is said");
    }

    #[test]
    fn who_has_come_back_waits_for_the_answer_to_what_was_said_before() {
        let mut script = script(&[]);
        script.understood();
        assert_eq!(turn(&mut script), []);
        assert!(!script.is_at_rest());
        script.answered();
        assert_eq!(turn(&mut script).len(), SENTENCE);
    }

    #[test]
    fn who_is_never_answered_asks_again() {
        let mut script = script(&[]);
        let words = (0..4 * PATIENCE).filter(|_| script.next(SENTENCE) == Say::Word(0)).count();
        assert!((2..=4).contains(&words), "{words}");
    }
}
