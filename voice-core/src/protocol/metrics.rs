//! The latencies of a turn on the wire: ms with two decimals.

use super::words;
use crate::conversation::{PathStage, TurnMetrics, TurnProviders};
use crate::id::TurnId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The body of a `metrics` frame; all times in ms, `null` where the turn had no such step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricsFrame {
    /// The turn.
    #[serde(with = "words::turn")]
    pub turn: TurnId,
    /// Last speech sample → the VAD's decision.
    pub vad_end_ms: Option<f64>,
    /// End of speech → final transcript.
    pub stt_ms: Option<f64>,
    /// Request → first token.
    pub llm_ttft_ms: Option<f64>,
    /// First text → first byte of speech.
    pub tts_ms: Option<f64>,
    /// End of speech → first audio byte sent.
    pub total_ms: Option<f64>,
    /// Whether work done before the turn's end was used.
    pub speculative: bool,
    /// Answers that were prepared before the turn's end and discarded; left out where there were none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub discarded: u32,
    /// The critical path, in order.
    pub path: Vec<PathEntry>,
    /// Who had served the turn; left out where nobody had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub providers: Option<ProvidersFrame>,
}

/// The providers that served a turn, by name; `null` where the turn had no use for the stage.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProvidersFrame {
    /// Speech to text.
    pub stt: Option<String>,
    /// The language model.
    pub llm: Option<String>,
    /// Text to speech.
    pub tts: Option<String>,
}

impl ProvidersFrame {
    fn of(providers: &TurnProviders) -> Option<Self> {
        let name = |provider: &Option<Arc<str>>| provider.as_ref().map(ToString::to_string);
        let frame = Self { stt: name(&providers.stt), llm: name(&providers.llm), tts: name(&providers.tts) };
        (frame != Self::default()).then_some(frame)
    }
}

/// One part of the critical path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathEntry {
    /// Which part.
    #[serde(with = "words::path_stage")]
    pub stage: PathStage,
    /// How long the user waited for it, in ms.
    pub ms: f64,
    /// How long it had been at work before the turn's end, in ms, beside the path; left out where it had not.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub ahead_ms: f64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // As serde calls it.
fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_nothing(ms: &f64) -> bool {
    *ms == 0.0
}

impl From<TurnMetrics> for MetricsFrame {
    fn from(metrics: TurnMetrics) -> Self {
        Self {
            turn: metrics.turn,
            vad_end_ms: metrics.vad_end_ms.map(rounded),
            stt_ms: metrics.stt_ms.map(rounded),
            llm_ttft_ms: metrics.llm_ttft_ms.map(rounded),
            tts_ms: metrics.tts_ms.map(rounded),
            total_ms: metrics.total_ms.map(rounded),
            speculative: metrics.speculative,
            discarded: metrics.discarded,
            path: with_seven_stages(rounded_path(&metrics)),
            providers: ProvidersFrame::of(&metrics.providers),
        }
    }
}

/// `ms` to the nearest hundredth.
pub(crate) fn rounded(ms: f64) -> f64 {
    hundredths(ms) / 100.0
}

fn hundredths(ms: f64) -> f64 {
    (ms * 100.0).round()
}

/// Rounds the boundaries rather than the parts: the rounded parts then still sum to the rounded total.
fn rounded_path(metrics: &TurnMetrics) -> Vec<PathEntry> {
    let mut boundary = 0.0;
    metrics
        .path
        .iter()
        .map(|part| {
            let begin = boundary;
            boundary += part.ms;
            let ms = (hundredths(boundary) - hundredths(begin)) / 100.0;
            PathEntry { stage: part.stage, ms, ahead_ms: rounded(part.ahead_ms) }
        })
        .collect()
}

/// The wire knows seven stages, each once. Waiting for the floor counts as endpointing there: both are what keeps an
/// answer from being asked for, whatever the services do.
fn with_seven_stages(mut path: Vec<PathEntry>) -> Vec<PathEntry> {
    let Some(at) = path.iter().position(|entry| entry.stage == PathStage::Floor) else { return path };
    match path.iter().position(|entry| entry.stage == PathStage::Endpointing) {
        Some(endpointing) => {
            let floor = path.remove(at);
            path[endpointing].ms = rounded(path[endpointing].ms + floor.ms);
        }
        None => path[at].stage = PathStage::Endpointing,
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::PathPart;

    fn told(stages: &[PathStage]) -> Vec<(PathStage, f64)> {
        let part =
            |(index, stage): (usize, &PathStage)| PathPart { stage: *stage, ms: 10.25 + index as f64, ahead_ms: 0.0 };
        let path = stages.iter().enumerate().map(part).collect();
        let frame = MetricsFrame::from(TurnMetrics { path, ..TurnMetrics::default() });
        frame.path.iter().map(|entry| (entry.stage, entry.ms)).collect()
    }

    #[test]
    fn waiting_for_the_floor_is_endpointing_on_the_wire() {
        use PathStage::{Endpointing, Floor, Llm, Stt};
        assert_eq!(told(&[Endpointing, Stt, Floor, Llm]), [(Endpointing, 22.5), (Stt, 11.25), (Llm, 13.25)]);
        assert_eq!(told(&[Floor, Llm]), [(Endpointing, 10.25), (Llm, 11.25)]);
    }
}
