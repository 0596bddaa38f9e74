//! The log of a session: its events as lines, without what was said unless the operator wants it.

use crate::admission::Lifetime;
use crate::registry::{Entry, Events};
use crate::state::AppState;
use std::sync::Arc;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tracing::{debug, info, warn};
use voice_core::agent::Control;
use voice_core::conversation::{CloseReason, Event, TurnMetrics};

/// Follows a session to its end, then takes it off the register.
pub(crate) async fn follow(entry: Arc<Entry>, mut events: Events, state: AppState) {
    let log = Log { texts: state.log_transcripts };
    let session = &entry.session;
    let providers = session.providers();
    info!(
        stt = providers.stt.as_deref(),
        llm = providers.llm.as_deref(),
        tts = providers.tts.as_deref(),
        "session opened"
    );
    let mut lifetime = Lifetime::begin(state.limits.idle, state.limits.longest);
    let closed = session.closed();
    tokio::pin!(closed);
    loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(event) => {
                    lifetime.active();
                    log.event(event);
                }
                Err(RecvError::Lagged(missed)) => warn!(missed, "events were too fast for the log"),
                Err(RecvError::Closed) => break,
            },
            () = &mut closed => break,
            reason = lifetime.over() => {
                // Fails where the session is just ending by itself.
                let _ = session.control_wait(Control::Close(reason)).await;
            }
        }
    }
    loop {
        match events.try_recv() {
            Ok(event) => log.event(event),
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    state.registry.remove(session.id());
    info!("session closed");
}

struct Log {
    texts: bool,
}

impl Log {
    fn event(&self, event: Event) {
        match event {
            Event::State(state) => debug!(?state, "state"),
            Event::Speech { started, at } => debug!(started, at_ms = at.as_millis(), "speech"),
            Event::Transcript { turn, text, is_final: true } => {
                info!(turn = turn.0, chars = text.chars().count(), text = self.shown(&text), "transcript");
            }
            Event::Transcript { .. } | Event::Reply { .. } => {}
            Event::Pause { turn } => debug!(turn = turn.0, "playback held"),
            Event::Resume { turn } => debug!(turn = turn.0, "playback goes on"),
            Event::Clear { turn } => debug!(turn = turn.0, "playback cleared"),
            Event::ReplyEnd { turn, interrupted, heard } => {
                let chars = heard.chars().count();
                info!(turn = turn.0, interrupted, heard_chars = chars, heard = self.shown(&heard), "reply ended");
            }
            Event::Metrics(metrics) => log_metrics(&metrics),
            Event::Tool { turn, id, name, status, sources } => {
                info!(turn = turn.0, id, tool = name, ?status, sources = sources.len(), "tool");
            }
            Event::Failed { stage, kind, message } => {
                warn!(stage = stage.as_str(), kind = kind.as_str(), error = message, "a stage failed");
            }
            Event::FailedOver { stage, provider, kind, message } => {
                let (stage, kind) = (stage.as_str(), kind.as_str());
                warn!(stage, provider = &*provider, kind, error = message, "a provider failed and another took over");
            }
            Event::Bye { reason } => info!(reason = reason_word(reason), "goodbye"),
            _ => debug!("an event without words for it"),
        }
    }

    fn shown<'a>(&self, text: &'a str) -> Option<&'a str> {
        Some(text).filter(|_| self.texts)
    }
}

fn log_metrics(metrics: &TurnMetrics) {
    info!(
        turn = metrics.turn.0,
        vad_end_ms = metrics.vad_end_ms,
        stt_ms = metrics.stt_ms,
        llm_ttft_ms = metrics.llm_ttft_ms,
        tts_ms = metrics.tts_ms,
        total_ms = metrics.total_ms,
        speculative = metrics.speculative,
        stt = metrics.providers.stt.as_deref(),
        llm = metrics.providers.llm.as_deref(),
        tts = metrics.providers.tts.as_deref(),
        "metrics"
    );
}

fn reason_word(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::End => "end",
        CloseReason::Deleted => "deleted",
        CloseReason::Drain => "drain",
        CloseReason::Idle => "idle",
        CloseReason::Limit => "limit",
    }
}
