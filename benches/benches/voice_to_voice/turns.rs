//! What became of each utterance, and what that makes of all of them.

use super::book::{Call, number};
use super::client::{Exchange, Seen, last_turn};
use super::utterances::Utterance;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;
use voice_benches::percentile;
use voice_core::TurnId;
use voice_core::conversation::PathStage;
use voice_core::protocol::MetricsFrame;
use voice_core::text::spoken_form;

/// All that was said in a run, session by session.
pub struct Run {
    pub exchanges: Vec<Vec<Exchange>>,
    pub calls: BTreeMap<usize, Call>,
}

/// The figures of a run.
#[derive(Debug, Default)]
pub struct Figures {
    /// Last sample of the last word → first audio of its answer, by utterance.
    pub times: Vec<(usize, Duration)>,
    /// Utterances whose last word was never answered.
    pub unanswered: Vec<usize>,
    /// Turns, and those whose answer had been prepared.
    pub turns: usize,
    pub prepared: usize,
    /// Calls to the language model, and those that the turns' own metrics call discarded.
    pub calls: usize,
    pub discarded: usize,
    /// Turns that ended in a pause, with the utterance.
    pub cut_off: Vec<usize>,
    /// Turns that were answered twice, or by an answer to other words.
    pub wrong: Vec<String>,
    /// How far the server's own parts are from what the services wrote down.
    pub beside: Vec<(&'static str, Duration)>,
    /// Server's end of speech → last sample, as the client saw it: by how much the VAD is late.
    pub tails: Vec<f64>,
    pub metrics: Vec<MetricsFrame>,
    /// By the services' logs, in ms: last sample → request → first token → text for speech → first byte of it → client.
    pub steps: Vec<[f64; 5]>,
}

impl Figures {
    pub fn of(run: &Run, set: &[Utterance]) -> Self {
        let mut figures = Self { calls: run.calls.len(), ..Self::default() };
        for session in &run.exchanges {
            for exchange in session {
                figures.add(exchange, &set[exchange.utterance], &run.calls);
            }
        }
        figures
    }

    fn add(&mut self, exchange: &Exchange, utterance: &Utterance, calls: &BTreeMap<usize, Call>) {
        let Exchange { utterance: number_of, end, ref seen } = *exchange;
        let turns: BTreeMap<TurnId, String> = seen
            .iter()
            .filter_map(
                |(_, seen)| if let Seen::Words(turn, words) = seen { Some((*turn, words.clone())) } else { None },
            )
            .collect();
        self.turns += turns.len();
        self.cut_off.extend(std::iter::repeat_n(number_of, turns.len().saturating_sub(1)));
        let answers = self.check(number_of, seen, &turns, calls);
        let last = last_turn(seen, utterance);
        let answer = last.and_then(|turn| answers.get(&turn));
        let first = seen.iter().find_map(|(at, seen)| match seen {
            Seen::Audio(call) if call.is_some() && call.as_ref() == answer => Some(*at),
            _ => None,
        });
        match first {
            Some(first) => {
                self.times.push((number_of, first.saturating_duration_since(end)));
                self.steps.extend(answer.and_then(|number| steps(end, calls.get(number)?, first)));
            }
            None => self.unanswered.push(number_of),
        }
        for (_, seen) in seen {
            let Seen::Metrics(metrics) = seen else { continue };
            self.prepared += usize::from(metrics.speculative);
            self.discarded += metrics.discarded as usize;
            if let Some(call) = answers.get(&metrics.turn).and_then(|number| calls.get(number)) {
                self.compare(metrics, call);
            }
            if let (true, Some(first), Some(total)) = (last == Some(metrics.turn), first, metrics.total_ms) {
                self.tails.push(first.saturating_duration_since(end).as_secs_f64() * 1e3 - total);
            }
            self.metrics.push(metrics.clone());
        }
    }

    /// Every turn has one answer, to its own words, and nothing of another call is seen or heard. Gives the calls.
    fn check(
        &mut self,
        utterance: usize,
        seen: &[(Instant, Seen)],
        turns: &BTreeMap<TurnId, String>,
        calls: &BTreeMap<usize, Call>,
    ) -> BTreeMap<TurnId, usize> {
        let mut answers = BTreeMap::<TurnId, BTreeSet<usize>>::new();
        let mut ends = BTreeMap::<TurnId, usize>::new();
        let mut heard = BTreeSet::new();
        for (_, seen) in seen {
            match seen {
                Seen::Text(turn, text) => answers.entry(*turn).or_default().extend(number(text)),
                Seen::ReplyEnd(turn, _) => *ends.entry(*turn).or_default() += 1,
                Seen::Audio(call) => {
                    heard.insert(call.unwrap_or_default());
                }
                Seen::Words(..) | Seen::Metrics(_) => {}
            }
        }
        let shown: BTreeSet<usize> = answers.values().flatten().copied().collect();
        if !heard.is_subset(&shown) {
            self.wrong.push(format!("utterance {utterance}: heard {heard:?}, shown {shown:?}"));
        }
        for (turn, answers) in &answers {
            let words = turns.get(turn).map(String::as_str).unwrap_or_default();
            let fits =
                |call: &usize| calls.get(call).is_some_and(|call| spoken_form(&call.words) == spoken_form(words));
            if answers.len() != 1 || ends.get(turn) != Some(&1) || !answers.iter().all(fits) {
                self.wrong.push(format!("utterance {utterance}: turn {turn} {words:?} was answered by {answers:?}"));
            }
        }
        answers.into_iter().filter_map(|(turn, answers)| Some((turn, answers.into_iter().next()?))).collect()
    }

    /// The parts of the path that lie with a service, beside what the service wrote down.
    fn compare(&mut self, metrics: &MetricsFrame, call: &Call) {
        let whole = |wanted: PathStage| {
            let part = metrics.path.iter().find(|part| part.stage == wanted)?;
            Some(Duration::from_secs_f64((part.ms + part.ahead_ms) / 1e3))
        };
        let parts = [
            ("language model", whole(PathStage::Llm), call.first_token.map(|token| token - call.asked)),
            ("speech", whole(PathStage::Tts), call.first_audio.zip(call.to_speak).map(|(audio, text)| audio - text)),
        ];
        for (name, ours, theirs) in parts {
            if let (Some(ours), Some(theirs)) = (ours, theirs) {
                self.beside.push((name, ours.abs_diff(theirs)));
            }
        }
    }

    pub fn percentile(&self, percent: usize) -> f64 {
        let mut times: Vec<Duration> = self.times.iter().map(|(_, time)| *time).collect();
        percentile(&mut times, percent).as_secs_f64() * 1e3
    }

    /// Calls beyond one a turn, in percent of the turns.
    pub fn extra_calls(&self) -> f64 {
        (self.calls as f64 - self.turns as f64) / self.turns as f64 * 100.0
    }

    pub fn prepared_share(&self) -> f64 {
        self.prepared as f64 / self.turns as f64 * 100.0
    }

    /// p95 of how far the part of a service is beside its own log, in ms.
    pub fn beside(&self, name: &str) -> f64 {
        let mut far: Vec<Duration> = self.beside.iter().filter(|(of, _)| *of == name).map(|(_, far)| *far).collect();
        percentile(&mut far, 95).as_secs_f64() * 1e3
    }
}

fn steps(end: Instant, call: &Call, first: Instant) -> Option<[f64; 5]> {
    let moments = [end, call.asked, call.first_token?, call.to_speak?, call.first_audio?, first];
    let between = |from: Instant, to: Instant| to.saturating_duration_since(from).as_secs_f64() * 1e3;
    Some(std::array::from_fn(|step| between(moments[step], moments[step + 1])))
}
