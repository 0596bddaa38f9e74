//! From probabilities to utterances, with hysteresis. Times are samples of the stream.

/// Probabilities of speech. Between `exit` and `enter` nothing begins and nothing ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    /// From here on a window may begin an utterance.
    pub enter: f32,
    /// Below this a window of an utterance is silence.
    pub exit: f32,
    /// Below this a window of an utterance may be the beginning of a pause.
    pub clear: f32,
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// An utterance began at `onset`.
    Start { onset: u64 },
    /// There has been no clear speech since `last_clear`, not for long enough to end the utterance. Once a pause.
    Pause { last_clear: u64 },
    /// There is clear speech again after a pause.
    Resume { start: u64 },
    /// The utterance ended at `last_speech`, the end of its last window of speech.
    End { last_speech: u64 },
}

#[derive(Debug, Clone)]
pub(super) struct Gate {
    min_speech: u64,
    min_pause: u64,
    min_silence: u64,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Silent,
    /// Speech that is not yet long enough.
    Candidate {
        onset: u64,
        speech: u64,
    },
    Speaking {
        last_speech: u64,
        last_clear: u64,
        paused: bool,
    },
}

impl Gate {
    pub(super) fn new(min_speech: u64, min_pause: u64, min_silence: u64) -> Self {
        Self { min_speech, min_pause, min_silence, state: State::Silent }
    }

    /// The longest a candidate waits for its confirmation. One that hovers between the thresholds for longer is noise.
    pub(super) fn longest_candidate(&self) -> u64 {
        4 * self.min_speech
    }

    pub(super) fn is_speaking(&self) -> bool {
        matches!(self.state, State::Speaking { .. })
    }

    /// Takes the probability of the window `start … end`.
    pub(super) fn step(&mut self, start: u64, end: u64, probability: f32, thresholds: Thresholds) -> Option<Edge> {
        match self.state {
            State::Silent if probability >= thresholds.enter => self.consider(start, end - start, end),
            State::Silent => None,
            State::Candidate { onset, speech } if probability >= thresholds.enter => {
                self.consider(onset, speech + end - start, end)
            }
            State::Candidate { onset, .. } => {
                if probability < thresholds.exit || end - onset > self.longest_candidate() {
                    self.state = State::Silent;
                }
                None
            }
            State::Speaking { paused, .. } if probability >= thresholds.clear => {
                self.state = State::Speaking { last_speech: end, last_clear: end, paused: false };
                paused.then_some(Edge::Resume { start })
            }
            State::Speaking { mut last_speech, last_clear, paused } => {
                if probability >= thresholds.exit {
                    last_speech = end;
                }
                if end - last_speech >= self.min_silence {
                    return Some(self.end(last_speech));
                }
                let pauses = !paused && end - last_clear >= self.min_pause;
                self.state = State::Speaking { last_speech, last_clear, paused: paused || pauses };
                pauses.then_some(Edge::Pause { last_clear })
            }
        }
    }

    /// Ends a running utterance at once.
    pub(super) fn finish(&mut self) -> Option<Edge> {
        let state = std::mem::replace(&mut self.state, State::Silent);
        if let State::Speaking { last_speech, .. } = state { Some(self.end(last_speech)) } else { None }
    }

    fn consider(&mut self, onset: u64, speech: u64, end: u64) -> Option<Edge> {
        if speech >= self.min_speech {
            self.state = State::Speaking { last_speech: end, last_clear: end, paused: false };
            return Some(Edge::Start { onset });
        }
        self.state = State::Candidate { onset, speech };
        None
    }

    fn end(&mut self, last_speech: u64) -> Edge {
        self.state = State::Silent;
        Edge::End { last_speech }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THRESHOLDS: Thresholds = Thresholds { enter: 0.5, exit: 0.35, clear: 0.5 };

    /// Edges of windows of 10 samples with these probabilities: 20 samples of speech begin, 20 of silence are a pause, 30
    /// end.
    fn edges(probabilities: &[f32]) -> Vec<Edge> {
        let mut gate = Gate::new(20, 20, 30);
        let windows = probabilities.iter().zip((0_u64..).step_by(10));
        windows.filter_map(|(&probability, start)| gate.step(start, start + 10, probability, THRESHOLDS)).collect()
    }

    #[test]
    fn an_utterance_runs_from_its_first_window_to_its_last() {
        let heard = edges(&[0.0, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1]);
        let pause = Edge::Pause { last_clear: 40 };
        assert_eq!(heard, [Edge::Start { onset: 10 }, pause, Edge::End { last_speech: 40 }]);
    }

    #[test]
    fn one_window_is_a_click() {
        assert_eq!(edges(&[0.9, 0.1, 0.9, 0.1, 0.9, 0.1]), []);
    }

    #[test]
    fn between_the_thresholds_a_candidate_lives_on_but_gains_nothing() {
        assert_eq!(edges(&[0.6, 0.4, 0.4, 0.6]), [Edge::Start { onset: 0 }]);
        assert_eq!(edges(&[0.6, 0.4, 0.4, 0.4]), []);
    }

    #[test]
    fn a_candidate_that_hovers_is_dropped() {
        let mut hovering = vec![0.4; 10];
        hovering[0] = 0.6;
        hovering.push(0.6);
        assert_eq!(edges(&hovering), []);
        hovering.push(0.6);
        assert_eq!(edges(&hovering), [Edge::Start { onset: 100 }]);
    }

    #[test]
    fn soft_windows_and_short_gaps_stay_inside_the_utterance() {
        let heard = edges(&[0.9, 0.9, 0.4, 0.4, 0.4, 0.4, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1]);
        let pause = Edge::Pause { last_clear: 20 };
        assert_eq!(heard, [Edge::Start { onset: 0 }, pause, Edge::End { last_speech: 90 }]);
    }

    #[test]
    fn speech_goes_on_after_a_pause_as_soon_as_it_is_clear() {
        let heard = edges(&[0.9, 0.9, 0.1, 0.1, 0.4, 0.9, 0.9, 0.1, 0.1, 0.1]);
        let [first, second] = [20, 70].map(|last_clear| Edge::Pause { last_clear });
        let resume = Edge::Resume { start: 50 };
        assert_eq!(heard, [Edge::Start { onset: 0 }, first, resume, second, Edge::End { last_speech: 70 }]);
    }

    #[test]
    fn finishing_ends_what_runs_and_drops_a_candidate() {
        let mut gate = Gate::new(20, 20, 30);
        assert_eq!(gate.finish(), None);
        gate.step(0, 10, 0.9, THRESHOLDS);
        assert_eq!(gate.finish(), None);
        gate.step(10, 30, 0.9, THRESHOLDS);
        assert!(gate.is_speaking());
        assert_eq!(gate.finish(), Some(Edge::End { last_speech: 30 }));
    }
}
