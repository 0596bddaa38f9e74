//! What stops the agent while it speaks: a judgement of what is known of a sound.
//!
//! The first sound holds the reply, so while this is being decided nobody is talked over. Words decide where they come
//! in time, the length of the speech where they do not, and every wait has an end.

mod lists;
mod wording;

pub(super) use wording::Wording;

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What stops the agent while it speaks. Speech holds the playback at once; these say when the hold becomes a stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Interruption {
    /// Speech, in ms after its onset was decided, that stops the agent if its words are meant: 200.
    pub min_speech_ms: u64,
    /// Words that must have been recognised as well; 0 asks for none. Fewer are answered after the reply.
    pub min_words: u32,
    /// Speech of which no words are known, or a single one, in ms after its onset was decided, that stops the agent: 1,000. Nothing is
    /// sent meanwhile, so the wait is not heard, and even the local recogniser has shown its first words by then. The
    /// silence in which the VAD makes up its mind (192 ms) is part of it: a sound must last 800 ms to stop the agent by
    /// its length.
    pub words_ms: u64,
    /// Speech, in ms after its onset was decided, that is waited for when its words stop nobody: 1,500. Then the reply
    /// goes on; more words may still stop it.
    pub hold_ms: u64,
    /// Silence, in ms after a sound, after which playback goes on while the transcript is still awaited: 1,000.
    pub false_alarm_ms: u64,
    /// Whether only a stop word stops the greeting; anything else is answered after it.
    pub protect_greeting: bool,
    /// Whose words count, as `en` or `de-AT`. There are lists for `en`, `de`, `fr` and `es`; `None` takes all of them.
    pub language: Option<String>,
    /// What a listener says who does not want to interrupt, instead of the lists.
    pub back_channels: Option<Vec<String>>,
    /// What always stops the agent, instead of the lists.
    pub stop_words: Option<Vec<String>>,
}

impl Default for Interruption {
    fn default() -> Self {
        Self {
            min_speech_ms: 200,
            min_words: 0,
            words_ms: 1_000,
            hold_ms: 1_500,
            false_alarm_ms: 1_000,
            protect_greeting: true,
            language: None,
            back_channels: None,
            stop_words: None,
        }
    }
}

/// What becomes of a reply while somebody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is stopped.
    Stop,
    /// It goes on.
    GoOn,
    /// It cannot be said yet, but so long after the onset.
    Wait(Duration),
}

impl Interruption {
    /// Judges speech that goes on, `after` its onset was decided.
    pub(super) fn judge(&self, after: Duration, wording: Wording) -> Verdict {
        let least = self.min_speech_ms;
        let (limit, then) = match wording {
            Wording::Stop => return Verdict::Stop,
            Wording::Meant => (least, Verdict::Stop),
            Wording::OneWord => (self.words_ms.max(least), Verdict::Stop),
            Wording::Nothing if self.min_words == 0 => (self.words_ms.max(least), Verdict::Stop),
            Wording::Nothing | Wording::BackChannel | Wording::TooFew => (self.hold_ms.max(least), Verdict::GoOn),
        };
        let limit = Duration::from_millis(limit);
        if after >= limit { then } else { Verdict::Wait(limit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[track_caller]
    fn judged(policy: &Interruption, wording: Wording, expected: &[(u64, Verdict)]) {
        for (after, verdict) in expected {
            assert_eq!(policy.judge(ms(*after), wording), *verdict, "{wording:?} after {after} ms");
        }
    }

    #[test]
    fn words_decide_where_they_come_in_time_and_the_length_where_they_do_not() {
        let policy = Interruption::default();
        judged(&policy, Wording::Stop, &[(0, Verdict::Stop)]);
        judged(
            &policy,
            Wording::Meant,
            &[(0, Verdict::Wait(ms(200))), (199, Verdict::Wait(ms(200))), (200, Verdict::Stop)],
        );
        for wording in [Wording::Nothing, Wording::OneWord] {
            judged(&policy, wording, &[(200, Verdict::Wait(ms(1_000))), (1_000, Verdict::Stop)]);
        }
    }

    #[test]
    fn words_that_stop_nobody_do_not_hold_the_reply_for_ever() {
        let policy = Interruption { min_words: 2, ..Interruption::default() };
        for wording in [Wording::BackChannel, Wording::TooFew, Wording::Nothing] {
            judged(&policy, wording, &[(500, Verdict::Wait(ms(1_500))), (1_500, Verdict::GoOn)]);
        }
        judged(
            &Interruption::default(),
            Wording::BackChannel,
            &[(1_499, Verdict::Wait(ms(1_500))), (1_500, Verdict::GoOn)],
        );
    }

    #[test]
    fn no_wait_is_shorter_than_the_least_speech() {
        let policy = Interruption { min_speech_ms: 2_000, ..Interruption::default() };
        for wording in [Wording::Nothing, Wording::BackChannel, Wording::Meant] {
            judged(&policy, wording, &[(1_999, Verdict::Wait(ms(2_000)))]);
        }
    }
}
