//! Where the time of a turn went: a timestamp for every boundary, and the figures made of them.

use super::written;
use crate::error::Stage;
use crate::id::TurnId;
use crate::time::SessionTime;
use serde::Serialize;
use std::sync::Arc;

/// A part of the critical path from the end of speech to the first audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathStage {
    /// Last speech sample → the VAD's decision that speech has ended.
    Vad,
    /// VAD's decision → the end of the turn.
    Endpointing,
    /// End of the turn → its final transcript, where that came later.
    Stt,
    /// Request → first token of the language model.
    Llm,
    /// First token → first whole sentence.
    Sentence,
    /// First sentence → first byte of speech.
    Tts,
    /// First byte of speech → handed to the transport.
    Send,
}

/// One part of the path.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PathPart {
    /// Which.
    pub stage: PathStage,
    /// How long, in ms.
    pub ms: f64,
}

/// The latencies of one turn, in ms; `None` where the turn had no such step.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
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
    /// Answers that were prepared before the turn's end and discarded.
    pub discarded: u32,
    /// Consecutive parts that sum to `total_ms`.
    pub path: Vec<PathPart>,
    /// Who had served the turn when this was told.
    pub providers: TurnProviders,
}

/// The providers that served a turn; `None` where the turn had no use for the stage.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TurnProviders {
    /// Recognised its words.
    #[serde(serialize_with = "written::shared_if_any")]
    pub stt: Option<Arc<str>>,
    /// Wrote its answer.
    #[serde(serialize_with = "written::shared_if_any")]
    pub llm: Option<Arc<str>>,
    /// Spoke its answer, or the beginning of it.
    #[serde(serialize_with = "written::shared_if_any")]
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
    pub(super) first_audio: Option<SessionTime>,
    pub(super) sent: Option<SessionTime>,
    pub(super) providers: TurnProviders,
    pub(super) speculative: bool,
    pub(super) discarded: u32,
}

impl Marks {
    /// The marks of a turn together with those of the answer that was prepared before its end, after `discarded` others.
    pub(super) fn with_answer(self, answer: &Self, discarded: u32) -> Self {
        let Self { request, first_token, first_sentence, first_audio, ref providers, .. } = *answer;
        let providers = TurnProviders { stt: self.providers.stt.clone(), ..providers.clone() };
        let (speculative, sent) = (true, None);
        Self { request, first_token, first_sentence, first_audio, sent, providers, speculative, discarded, ..self }
    }

    /// The figures of the turn. Every part runs from one mark to the next one that exists, so the parts sum to the total.
    pub(super) fn metrics(&self, turn: TurnId) -> TurnMetrics {
        let begin = self.speech_end.or(self.words);
        let between = |from: Option<SessionTime>, to: Option<SessionTime>| Some(milliseconds(from?, to?));
        let mut path = Vec::new();
        if let (Some(mut at), true) = (begin, self.sent.is_some()) {
            for (stage, mark) in [
                (PathStage::Vad, self.vad_end),
                (PathStage::Endpointing, self.turn_end),
                (PathStage::Stt, self.words.filter(|_| self.turn_end.is_some())),
                (PathStage::Llm, self.first_token),
                (PathStage::Sentence, self.first_sentence),
                (PathStage::Tts, self.first_audio),
                (PathStage::Send, self.sent),
            ] {
                if let Some(mark) = mark {
                    path.push(PathPart { stage, ms: milliseconds(at, mark) });
                    at = mark.max(at);
                }
            }
        }
        TurnMetrics {
            turn,
            vad_end_ms: between(self.speech_end, self.vad_end),
            stt_ms: between(self.speech_end, self.transcript),
            llm_ttft_ms: between(self.request, self.first_token),
            tts_ms: between(self.first_sentence, self.first_audio),
            total_ms: between(begin, self.sent),
            speculative: self.speculative,
            discarded: self.discarded,
            path,
            providers: self.providers.clone(),
        }
    }
}

fn milliseconds(from: SessionTime, to: SessionTime) -> f64 {
    to.saturating_since(from).as_nanos() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_sums_to_the_total() {
        let at = |ms| Some(SessionTime::from_millis(ms));
        let marks = Marks {
            speech_end: at(1_000),
            vad_end: at(1_200),
            turn_end: at(1_500),
            transcript: at(1_350),
            words: at(1_500),
            request: at(1_500),
            first_token: at(1_700),
            first_sentence: at(1_760),
            first_audio: at(2_000),
            sent: at(2_001),
            ..Marks::default()
        };
        let metrics = marks.metrics(TurnId(3));
        assert_eq!(metrics.total_ms, Some(1_001.0));
        assert_eq!(metrics.path.iter().map(|part| part.ms).sum::<f64>(), 1_001.0);
        assert_eq!(metrics.path[2], PathPart { stage: PathStage::Stt, ms: 0.0 });
        assert_eq!(metrics.stt_ms, Some(350.0));
    }

    #[test]
    fn a_turn_without_audio_has_no_path() {
        let marks = Marks { words: Some(SessionTime::from_millis(5)), ..Marks::default() };
        let metrics = marks.metrics(TurnId(1));
        assert_eq!((metrics.total_ms, metrics.path.len()), (None, 0));
    }
}
