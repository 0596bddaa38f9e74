//! Whoever watches a session: its events become lines of the log, counts, and what the operator sees of it.

mod log;
mod seen;

pub(crate) use seen::Seen;

use crate::admission::Lifetime;
use crate::metrics::{Failure, Metrics};
use crate::registry::{Entry, Events};
use crate::state::AppState;
use crate::traces::{Caller, SessionTrace};
use log::Log;
use seen::count;
use std::sync::Arc;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tracing::{info, warn};
use voice_core::agent::Control;
use voice_core::conversation::{CloseReason, Event, ToolStatus};
use voice_core::protocol::MetricsFrame;
use voice_core::{ErrorKind, Stage};

/// Follows a session to its end, then takes it off the register.
pub(crate) async fn follow(entry: Arc<Entry>, mut events: Events, state: AppState, caller: Caller) {
    let mut observer = Observer::new(&entry, &state, &caller);
    let mut lifetime = Lifetime::begin(state.limits.idle, state.limits.longest);
    let closed = entry.session.closed();
    tokio::pin!(closed);
    loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(event) => {
                    lifetime.active();
                    observer.event(event);
                }
                Err(RecvError::Lagged(missed)) => observer.missed(missed),
                Err(RecvError::Closed) => break,
            },
            () = &mut closed => break,
            reason = lifetime.over() => {
                // Fails where the session is just ending by itself.
                let _ = entry.session.control_wait(Control::Close(reason)).await;
            }
        }
    }
    loop {
        match events.try_recv() {
            Ok(event) => observer.event(event),
            Err(TryRecvError::Lagged(missed)) => observer.missed(missed),
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    state.registry.remove(entry.session.id());
}

struct Observer<'a> {
    entry: &'a Entry,
    metrics: &'a Metrics,
    log: Log,
    trace: Option<SessionTrace>,
    reason: Option<CloseReason>,
}

impl<'a> Observer<'a> {
    fn new(entry: &'a Entry, state: &'a AppState, caller: &Caller) -> Self {
        let metrics = &*state.metrics;
        let now = metrics.clock.now();
        entry.seen.opened(now);
        metrics.session_opened();
        let trace = state.traces.as_ref();
        let trace = trace.map(|traces| traces.session(entry.session.id(), caller, metrics.clock.wall(now)));
        let providers = entry.session.providers();
        info!(
            stt = providers.stt.as_deref(),
            llm = providers.llm.as_deref(),
            tts = providers.tts.as_deref(),
            "session opened"
        );
        Self { entry, metrics, log: Log { texts: state.log_transcripts }, trace, reason: None }
    }

    fn event(&mut self, event: Event) {
        let Self { entry, metrics, .. } = self;
        let seen = &entry.seen;
        let newest = || entry.session.status().turn.0;
        self.log.event(&event, newest);
        if let Some(trace) = &mut self.trace {
            trace.event(&event, metrics.clock.wall(metrics.clock.now()));
        }
        match event {
            Event::Metrics(figures) => {
                // One rounding for all who are told: client, log, Prometheus, operator.
                let frame = MetricsFrame::from(figures);
                metrics.turn(&frame);
                log::metrics(&frame);
                if let Some(trace) = &mut self.trace {
                    trace.metrics(&frame, metrics.clock.wall(metrics.clock.now()));
                }
                seen.turn(frame);
            }
            Event::ReplyEnd { interrupted: true, .. } => {
                metrics.interrupted();
                count(&seen.interruptions);
            }
            Event::Resume { .. } => {
                metrics.falsely_interrupted();
                count(&seen.false_interruptions);
            }
            Event::Tool { status, .. } => {
                metrics.tool(status);
                if status == ToolStatus::Started {
                    count(&seen.tool_calls);
                }
            }
            Event::Failed { stage, kind, message } => self.failed(newest(), stage, &kind, None, message),
            Event::FailedOver { stage, provider, kind, message } => {
                self.failed(newest(), stage, &kind, Some(&provider), message);
            }
            Event::Bye { reason } => self.reason = Some(reason),
            _ => {}
        }
    }

    fn failed(&self, turn: u32, stage: Stage, kind: &ErrorKind, provider: Option<&str>, message: String) {
        self.metrics.failed(stage, kind, provider);
        let failure = Failure {
            number: 0,
            at_ms: 0,
            session: self.entry.session.id().to_string(),
            turn,
            stage: stage.as_str(),
            kind: kind.as_str(),
            provider: provider.map(str::to_owned),
            message,
        };
        self.entry.seen.failure(self.metrics.keep_failure(failure));
    }

    fn missed(&self, events: u64) {
        self.metrics.missed(events);
        warn!(missed = events, "events were too fast for the log");
    }
}

impl Drop for Observer<'_> {
    /// Also when the server stops it.
    fn drop(&mut self) {
        self.metrics.session_closed(self.reason);
        if let Some(trace) = &mut self.trace {
            trace.end(self.reason, self.metrics.clock.wall(self.metrics.clock.now()));
        }
        info!("session closed");
    }
}
