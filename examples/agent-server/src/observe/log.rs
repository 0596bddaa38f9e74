//! The events of a session as lines of the log, without what was said unless the operator wants it.

use crate::metrics::labels;
use tracing::{debug, info, warn};
use voice_core::conversation::Event;
use voice_core::protocol::MetricsFrame;

pub(super) struct Log {
    /// Whether the lines may hold what was said.
    pub(super) texts: bool,
}

impl Log {
    /// `newest` gives the turn under way, or the last one: failures do not name theirs.
    pub(super) fn event(&self, event: &Event, newest: impl Fn() -> u32) {
        match event {
            Event::State(state) => debug!(?state, "state"),
            Event::Speech { started, at } => debug!(started, at_ms = at.as_millis(), "speech"),
            Event::Transcript { turn, text, is_final: true } => {
                info!(turn = turn.0, chars = text.chars().count(), text = self.shown(text), "transcript");
            }
            Event::Transcript { .. } | Event::Reply { .. } => {}
            Event::Pause { turn } => debug!(turn = turn.0, "playback held"),
            Event::Resume { turn } => debug!(turn = turn.0, "playback goes on"),
            Event::Clear { turn } => debug!(turn = turn.0, "playback cleared"),
            Event::ReplyEnd { turn, interrupted, heard } => {
                let chars = heard.chars().count();
                info!(turn = turn.0, interrupted, heard_chars = chars, heard = self.shown(heard), "reply ended");
            }
            // As its client is told them, see `metrics`.
            Event::Metrics(_) => {}
            Event::Tool { turn, id, name, status, sources } => {
                let status = labels::tool_status(*status);
                info!(turn = turn.0, id, tool = name, status, sources = sources.len(), "tool");
            }
            Event::Failed { stage, kind, message } => {
                let (stage, kind) = (stage.as_str(), kind.as_str());
                warn!(turn = newest(), stage, kind, error = message, "a stage failed");
            }
            Event::FailedOver { stage, provider, kind, message } => {
                let (stage, kind) = (stage.as_str(), kind.as_str());
                let provider = &**provider;
                warn!(
                    turn = newest(),
                    stage,
                    provider,
                    kind,
                    error = message,
                    "a provider failed and another took over"
                );
            }
            Event::Bye { reason } => info!(reason = labels::reason(*reason), "goodbye"),
            _ => debug!("an event without words for it"),
        }
    }

    fn shown<'a>(&self, text: &'a str) -> Option<&'a str> {
        Some(text).filter(|_| self.texts)
    }
}

/// The figures of a turn, with what the user waited for each stage.
pub(super) fn metrics(frame: &MetricsFrame) {
    let waited = |word| frame.path.iter().find(|part| labels::path_stage(part.stage) == word).map(|part| part.ms);
    let by = frame.providers.as_ref();
    info!(
        turn = frame.turn.0,
        vad_end_ms = frame.vad_end_ms,
        stt_ms = frame.stt_ms,
        llm_ttft_ms = frame.llm_ttft_ms,
        tts_ms = frame.tts_ms,
        total_ms = frame.total_ms,
        speculative = frame.speculative,
        discarded = frame.discarded,
        path_vad_ms = waited("vad"),
        path_endpointing_ms = waited("endpointing"),
        path_stt_ms = waited("stt"),
        path_llm_ms = waited("llm"),
        path_sentence_ms = waited("sentence"),
        path_tts_ms = waited("tts"),
        path_send_ms = waited("send"),
        stt = by.and_then(|by| by.stt.as_deref()),
        llm = by.and_then(|by| by.llm.as_deref()),
        tts = by.and_then(|by| by.tts.as_deref()),
        "metrics"
    );
}
