//! Where the time of a turn went: a timestamp for every boundary, and the figures made of them.

use crate::error::Stage;
use crate::id::TurnId;
use crate::time::SessionTime;
use std::sync::Arc;

/// A part of the critical path from the end of speech to the first audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PathStage {
    /// Last speech sample → the VAD's decision that speech has ended.
    Vad,
    /// VAD's decision → the end of the turn.
    Endpointing,
    /// End of the turn → its final transcript, where that came later.
    Stt,
    /// Words complete → request, where an interrupted reply had to be settled first.
    Floor,
    /// Request → first token of the language model.
    Llm,
    /// First token → first whole sentence.
    Sentence,
    /// First sentence handed to the synthesiser → first byte of speech.
    Tts,
    /// First byte of speech → handed to the transport.
    Send,
}

/// One part of the path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathPart {
    /// Which.
    pub stage: PathStage,
    /// How long the user waited for it, in ms.
    pub ms: f64,
    /// How long it had been at work before, in ms: on an answer that was prepared while the turn had not ended. Nobody
    /// waited for that, so it is part of no sum; with `ms` it is what the stage took.
    pub ahead_ms: f64,
}

/// The latencies of one turn, in ms; `None` where the turn had no such step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TurnMetrics {
    /// The turn.
    pub turn: TurnId,
    /// Last speech sample → VAD's decision.
    pub vad_end_ms: Option<f64>,
    /// End of speech → final transcript.
    pub stt_ms: Option<f64>,
    /// Request → first token.
    pub llm_ttft_ms: Option<f64>,
    /// First text → first byte of speech.
    pub tts_ms: Option<f64>,
    /// End of speech (or the typed text) → first audio handed to the transport.
    pub total_ms: Option<f64>,
    /// Whether work done before the turn's end was used.
    pub speculative: bool,
    /// Answers that were prepared before the turn's end and discarded: calls to the language model besides the one that
    /// answered. Their time is in no other figure.
    pub discarded: u32,
    /// Consecutive parts that sum to `total_ms`.
    pub path: Vec<PathPart>,
    /// Who had served the turn when this was told.
    pub providers: TurnProviders,
}

/// The providers that served a turn; `None` where the turn had no use for the stage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TurnProviders {
    /// Recognised its words.
    pub stt: Option<Arc<str>>,
    /// Wrote its answer.
    pub llm: Option<Arc<str>>,
    /// Spoke its answer, or the beginning of it.
    pub tts: Option<Arc<str>>,
}

impl TurnProviders {
    /// This one serves the stage, where it is one of the three.
    pub(super) fn note(&mut self, stage: Stage, provider: Arc<str>) {
        match stage {
            Stage::Stt => self.stt = Some(provider),
            Stage::Llm => self.llm = Some(provider),
            Stage::Tts => self.tts = Some(provider),
            _ => {}
        }
    }
}

/// The moments of one turn, as they become known.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    /// The last speech sample, back-dated from the VAD's decision.
    pub(super) speech_end: Option<SessionTime>,
    pub(super) vad_end: Option<SessionTime>,
    pub(super) turn_end: Option<SessionTime>,
    pub(super) transcript: Option<SessionTime>,
    /// The turn's words are complete, spoken or typed.
    pub(super) words: Option<SessionTime>,
    pub(super) request: Option<SessionTime>,
    pub(super) first_token: Option<SessionTime>,
    pub(super) first_sentence: Option<SessionTime>,
    /// The first sentence was handed to the synthesiser.
    pub(super) to_speech: Option<SessionTime>,
    pub(super) first_audio: Option<SessionTime>,
    pub(super) sent: Option<SessionTime>,
    pub(super) providers: TurnProviders,
    pub(super) speculative: bool,
    pub(super) discarded: u32,
}

impl Marks {
    /// The marks of a turn together with those of the answer that was prepared before its end, after `discarded` others.
    pub(super) fn with_answer(self, answer: &Self, discarded: u32) -> Self {
        let Self { request, first_token, first_sentence, to_speech, first_audio, ref providers, .. } = *answer;
        let providers = TurnProviders { stt: self.providers.stt.clone(), ..providers.clone() };
        let (speculative, sent) = (true, None);
        let answer = Self { request, first_token, first_sentence, to_speech, first_audio, sent, ..Self::default() };
        let Self { speech_end, vad_end, turn_end, transcript, words, .. } = self;
        Self { speech_end, vad_end, turn_end, transcript, words, providers, speculative, discarded, ..answer }
    }

    /// The figures of the turn.
    pub(super) fn metrics(&self, turn: TurnId) -> TurnMetrics {
        let begin = self.speech_end.or(self.words);
        let between = |from: Option<SessionTime>, to: Option<SessionTime>| Some(milliseconds(from?, to?));
        TurnMetrics {
            turn,
            vad_end_ms: between(self.speech_end, self.vad_end),
            stt_ms: between(self.speech_end, self.transcript),
            llm_ttft_ms: between(self.request, self.first_token),
            tts_ms: between(self.to_speech, self.first_audio),
            total_ms: between(begin, self.sent),
            speculative: self.speculative,
            discarded: self.discarded,
            path: begin.filter(|_| self.sent.is_some()).map(|begin| self.path(begin)).unwrap_or_default(),
            providers: self.providers.clone(),
        }
    }

    /// The steps from `begin` on, each with its own begin and end. What of a step lies before the end of the step before
    /// it was not waited for: what the user waited for is consecutive and sums to the total.
    fn path(&self, begin: SessionTime) -> Vec<PathPart> {
        let words = self.words.filter(|_| self.turn_end.is_some());
        let asked = self.request.filter(|request| self.words.is_some_and(|words| *request > words));
        let mut reached = begin;
        let mut path = Vec::new();
        for (stage, from, to) in [
            (PathStage::Vad, Some(begin), self.vad_end),
            (PathStage::Endpointing, None, self.turn_end),
            (PathStage::Stt, None, words),
            (PathStage::Floor, None, asked),
            (PathStage::Llm, self.request, self.first_token),
            (PathStage::Sentence, self.first_token, self.first_sentence),
            (PathStage::Tts, self.to_speech, self.first_audio),
            (PathStage::Send, None, self.sent),
        ] {
            let Some(to) = to else { continue };
            let ahead_ms = milliseconds(from.unwrap_or(reached), to.min(reached));
            path.push(PathPart { stage, ms: milliseconds(reached, to), ahead_ms });
            reached = reached.max(to);
        }
        path
    }
}

fn milliseconds(from: SessionTime, to: SessionTime) -> f64 {
    to.saturating_since(from).as_nanos() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Option<SessionTime> {
        Some(SessionTime::from_millis(ms))
    }

    fn spoken() -> Marks {
        let (speech_end, vad_end, transcript) = (at(1_000), at(1_200), at(1_350));
        Marks { speech_end, vad_end, transcript, turn_end: at(1_500), words: at(1_500), ..Marks::default() }
    }

    fn answer(request: u64, first_token: u64, first_sentence: u64, first_audio: u64) -> Marks {
        let (request, first_token) = (at(request), at(first_token));
        let (first_sentence, first_audio) = (at(first_sentence), at(first_audio));
        Marks { request, first_token, first_sentence, to_speech: first_sentence, first_audio, ..Marks::default() }
    }

    /// The path as `stage ms`, with `+ ms ahead` where there was work ahead.
    fn told(marks: &Marks) -> Vec<String> {
        let metrics = marks.metrics(TurnId(3));
        assert_eq!(Some(metrics.path.iter().map(|part| part.ms).sum::<f64>()), metrics.total_ms);
        let ahead =
            |part: &PathPart| if part.ahead_ms > 0.0 { format!(" + {} ahead", part.ahead_ms) } else { String::new() };
        metrics.path.iter().map(|part| format!("{:?} {}{}", part.stage, part.ms, ahead(part))).collect()
    }

    #[test]
    fn the_path_sums_to_the_total() {
        let marks = Marks { sent: at(2_001), ..answer(1_500, 1_700, 1_760, 2_000) };
        let Marks { request, first_token, first_sentence, to_speech, first_audio, sent, .. } = marks;
        let marks = Marks { request, first_token, first_sentence, to_speech, first_audio, sent, ..spoken() };
        let path = ["Vad 200", "Endpointing 300", "Stt 0", "Llm 200", "Sentence 60", "Tts 240", "Send 1"];
        assert_eq!(told(&marks), path);
        let metrics = marks.metrics(TurnId(3));
        assert_eq!((metrics.total_ms, metrics.stt_ms, metrics.tts_ms), (Some(1_001.0), Some(350.0), Some(240.0)));
    }

    #[test]
    fn a_prepared_answer_was_waited_for_only_after_the_end_of_the_turn() {
        let marks = Marks { sent: at(1_601), ..spoken().with_answer(&answer(1_100, 1_300, 1_310, 1_600), 1) };
        let path = [
            "Vad 200",
            "Endpointing 300",
            "Stt 0",
            "Llm 0 + 200 ahead",
            "Sentence 0 + 10 ahead",
            "Tts 100 + 190 ahead",
            "Send 1",
        ];
        assert_eq!(told(&marks), path);
        let metrics = marks.metrics(TurnId(3));
        assert_eq!((metrics.speculative, metrics.discarded), (true, 1));
        assert_eq!((metrics.llm_ttft_ms, metrics.tts_ms), (Some(200.0), Some(290.0)));
    }

    #[test]
    fn an_answer_that_waited_for_the_end_of_the_turn_costs_nothing_after_it() {
        let marks = Marks { sent: at(1_500), ..spoken().with_answer(&answer(900, 1_000, 1_000, 1_200), 0) };
        let path =
            ["Vad 200", "Endpointing 300", "Stt 0", "Llm 0 + 100 ahead", "Sentence 0", "Tts 0 + 200 ahead", "Send 0"];
        assert_eq!(told(&marks), path);
    }

    #[test]
    fn a_question_that_waits_for_the_floor_says_so() {
        let marks = Marks { words: at(0), sent: at(700), ..answer(150, 350, 400, 690) };
        assert_eq!(told(&marks), ["Floor 150", "Llm 200", "Sentence 50", "Tts 290", "Send 10"]);
    }

    #[test]
    fn a_turn_without_audio_has_no_path() {
        let marks = Marks { words: at(5), ..Marks::default() };
        let metrics = marks.metrics(TurnId(1));
        assert_eq!((metrics.total_ms, metrics.path.len()), (None, 0));
    }
}
