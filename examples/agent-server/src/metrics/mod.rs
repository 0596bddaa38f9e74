//! What the server counts and measures: for Prometheus, for the dashboard's plots and for its list of failures.
//!
//! A turn costs a few additions, a frame of audio none. What can be read when somebody asks (queues, states, the process)
//! is read then.

mod families;
mod feed;
mod history;
pub(crate) mod labels;
mod process;
mod scrape;
mod sketch;

pub(crate) use feed::{Failure, Feed};
pub(crate) use history::History;
pub(crate) use scrape::show;

use crate::clock::Clock;
use families::{Families, Histograms};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;
use voice_core::conversation::{CloseReason, ToolStatus};
use voice_core::protocol::{ErrorCode, MetricsFrame};
use voice_core::{ErrorKind, Stage};

/// Everything that is counted.
pub(crate) struct Metrics {
    pub(crate) clock: Clock,
    pub(crate) history: History,
    pub(crate) failures: Feed,
    registry: Registry,
    families: Families,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("voice_agent");
        let families = Families::new(&mut registry);
        let (history, failures) = (History::default(), Feed::default());
        Self { clock: Clock::start(), history, failures, registry, families }
    }

    pub(crate) fn session_opened(&self) {
        self.families.sessions_opened.inc();
    }

    pub(crate) fn session_resumed(&self) {
        self.families.sessions_resumed.inc();
    }

    pub(crate) fn session_taken_over(&self) {
        self.families.sessions_taken_over.inc();
    }

    /// A session is over; one that was stopped with the server gave no reason.
    pub(crate) fn session_closed(&self, reason: Option<CloseReason>) {
        let reason = reason.map_or("stopped", labels::reason);
        self.families.sessions_closed.get_or_create(&[("reason", reason)]).inc();
    }

    /// Somebody was not let in. `reason` is one of a few words.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.families.refused.get_or_create(&[("reason", reason)]).inc();
    }

    /// The figures of a turn, as its client is told them.
    pub(crate) fn turn(&self, frame: &MetricsFrame) {
        let Families { vad_end, stt, llm_ttft, tts, total, path, turns, speculations, .. } = &self.families;
        let seconds = |ms: f64| ms / 1_000.0;
        let served = |family: &Histograms<1>, ms: Option<f64>, provider: Option<&str>| {
            if let Some(ms) = ms {
                family.get_or_create(&[("provider", labels::provider(provider))]).observe(seconds(ms));
            }
        };
        turns.inc();
        let by = frame.providers.as_ref();
        if let Some(ms) = frame.vad_end_ms {
            vad_end.observe(seconds(ms));
        }
        served(stt, frame.stt_ms, by.and_then(|by| by.stt.as_deref()));
        served(llm_ttft, frame.llm_ttft_ms, by.and_then(|by| by.llm.as_deref()));
        served(tts, frame.tts_ms, by.and_then(|by| by.tts.as_deref()));
        if let Some(ms) = frame.total_ms {
            let turn = if frame.vad_end_ms.is_some() { "spoken" } else { "typed" };
            total.get_or_create(&[("turn", turn)]).observe(seconds(ms));
        }
        for part in &frame.path {
            path.get_or_create(&[("stage", labels::path_stage(part.stage))]).observe(seconds(part.ms));
        }
        if frame.speculative {
            speculations.get_or_create(&[("outcome", "used")]).inc();
        }
        if frame.discarded > 0 {
            speculations.get_or_create(&[("outcome", "discarded")]).inc_by(u64::from(frame.discarded));
        }
        self.history.record(self.clock.now(), frame);
    }

    pub(crate) fn interrupted(&self) {
        self.families.interruptions.inc();
    }

    pub(crate) fn falsely_interrupted(&self) {
        self.families.false_interruptions.inc();
    }

    pub(crate) fn tool(&self, status: ToolStatus) {
        self.families.tool_calls.get_or_create(&[("status", labels::tool_status(status))]).inc();
    }

    /// A stage failed; where `provider` is named, that one did and another went on.
    pub(crate) fn failed(&self, stage: Stage, kind: &ErrorKind, provider: Option<&str>) {
        let (stage, kind) = (("stage", stage.as_str()), ("kind", kind.as_str()));
        match provider {
            None => self.families.failures.get_or_create(&[stage, kind]).inc(),
            Some(name) => {
                let provider = ("provider", labels::provider(Some(name)));
                self.families.fallbacks.get_or_create(&[stage, provider, kind]).inc()
            }
        };
    }

    /// Keeps a failure for people to read, with its time and number.
    pub(crate) fn keep_failure(&self, failure: Failure) -> Failure {
        let at_ms = self.clock.unix_ms(self.clock.now());
        self.failures.keep(Failure { at_ms, ..failure })
    }

    /// An error frame goes to a client.
    pub(crate) fn error_frame(&self, code: ErrorCode) {
        self.families.error_frames.get_or_create(&[("code", labels::error_code(code))]).inc();
    }

    /// An observer of a session was too slow.
    pub(crate) fn missed(&self, events: u64) {
        self.families.observer_missed.inc_by(events);
    }

    /// A batch of traces went out, and whether its collector took it.
    pub(crate) fn traces_exported(&self, taken: bool) {
        let outcome = if taken { "taken" } else { "dropped" };
        self.families.trace_exports.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// A connection counts as open until what is given is dropped.
    pub(crate) fn connection(self: &Arc<Self>) -> Counted {
        self.families.connections.inc();
        Counted(self.clone())
    }

    /// A thread that serves sessions woke up so late.
    pub(crate) fn late(&self, by: Duration) {
        self.families.lateness.observe(by.as_secs_f64());
    }
}

/// An open connection.
pub(crate) struct Counted(Arc<Metrics>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.families.connections.dec();
    }
}
