//! Where the time of a turn went: a timestamp for every boundary, and the figures made of them.

use crate::id::TurnId;

/// A part of the critical path from the end of speech to the first audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathPart {
    /// Which.
    pub stage: PathStage,
    /// How long, in ms.
    pub ms: f64,
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
    /// Consecutive parts that sum to `total_ms`.
    pub path: Vec<PathPart>,
}
