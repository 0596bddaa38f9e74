//! How a policy did: turns cut off in pauses against the time people wait for an answer.

use crate::heard::Silence;
use crate::policy::{Policy, Question};
use crate::sentences::Kind;
use std::time::Duration;
use voice_benches::percentile;

/// How long the model takes to answer: its goal. The time it takes here would change with the machine.
const ANSWER: Duration = Duration::from_millis(45);

/// An utterance as the ears heard it.
pub(crate) struct Heard {
    pub speaker: String,
    pub kind: Kind,
    /// The real end.
    pub end: Duration,
    pub silences: Vec<Silence>,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Score {
    /// Silences after which speech went on.
    pub pauses: usize,
    /// Those among them in which the policy ended the turn.
    pub cut_off: usize,
    /// Turns heard, and those among them that were cut off at least once.
    pub turns: usize,
    pub turns_cut_off: usize,
    /// Real end to decision, of each turn.
    pub delays: Vec<Duration>,
}

impl Score {
    /// Plays the policy over turns of one kind, or all.
    pub(crate) fn of(policy: &mut dyn Policy, turns: &[Heard], kind: Option<Kind>) -> Self {
        let mut score = Self::default();
        let mut speaker = "";
        // Others are played too: one that learns hears them all.
        for turn in turns {
            if turn.speaker != speaker {
                policy.meet();
                speaker = &turn.speaker;
            }
            let played = play(policy, turn);
            if kind.is_none_or(|kind| kind == turn.kind) {
                score.add(played);
            }
        }
        score
    }

    fn add(&mut self, turn: Self) {
        self.pauses += turn.pauses;
        self.cut_off += turn.cut_off;
        self.turns += 1;
        self.turns_cut_off += usize::from(turn.cut_off > 0);
        self.delays.extend(turn.delays);
    }

    pub(crate) fn cut_off_percent(&self) -> f64 {
        100.0 * self.cut_off as f64 / self.pauses.max(1) as f64
    }

    pub(crate) fn turns_cut_off_percent(&self) -> f64 {
        100.0 * self.turns_cut_off as f64 / self.turns.max(1) as f64
    }

    pub(crate) fn delay_ms(&mut self, percent: usize) -> u128 {
        percentile(&mut self.delays, percent).as_millis()
    }
}

/// One turn. After a cut-off it goes on as if nothing had happened, so that every pause counts once.
fn play(policy: &mut dyn Policy, turn: &Heard) -> Score {
    let mut score = Score::default();
    for silence in &turn.silences {
        let estimate = silence.estimate.filter(|_| policy.asks_the_model());
        let window = policy.window(&Question { words: &silence.words, estimate });
        let answered = silence.known + if policy.asks_the_model() { ANSWER } else { Duration::ZERO };
        let decision = (silence.since + window).max(answered);
        match silence.over {
            Some(over) if decision >= over => policy.paused(over.saturating_sub(silence.since)),
            Some(_) => {
                score.cut_off += 1;
                policy.turn_ended();
            }
            None => {
                score.delays.push(decision.saturating_sub(turn.end));
                policy.turn_ended();
            }
        }
        score.pauses += usize::from(silence.over.is_some());
    }
    score
}
