//! The trace of one session.

use super::turn::Turn;
use super::{Caller, Models, Traces};
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use std::collections::VecDeque;
use std::time::SystemTime;
use voice_core::conversation::{CloseReason, Event};
use voice_core::protocol::MetricsFrame;
use voice_core::{SessionId, TurnId};

/// Turns that may be open: one that is answered, and those that wait for the floor. The oldest is closed for one more.
const OPEN_TURNS: usize = 8;

/// Makes spans of what is told of a session. Time is an argument: when it was told.
pub(crate) struct SessionTrace {
    session: SessionId,
    tracer: SdkTracer,
    models: Models,
    /// The span of the session.
    context: Context,
    /// Since when the user speaks, or has spoken without a final transcript.
    speaking: Option<SystemTime>,
    turns: VecDeque<Turn>,
}

impl Traces {
    /// Begins the trace of a session that `caller` has asked for.
    pub(crate) fn session(&self, session: &SessionId, caller: &Caller, now: SystemTime) -> SessionTrace {
        let builder = self
            .tracer
            .span_builder("session")
            .with_kind(SpanKind::Server)
            .with_start_time(now)
            .with_attributes([KeyValue::new("gen_ai.conversation.id", session.to_string())]);
        let parent = caller.context();
        let span = self.tracer.build_with_context(builder, &parent);
        SessionTrace {
            session: session.clone(),
            tracer: self.tracer.clone(),
            models: self.models.clone(),
            context: parent.with_span(span),
            speaking: None,
            turns: VecDeque::new(),
        }
    }
}

impl SessionTrace {
    pub(crate) fn event(&mut self, event: &Event, now: SystemTime) {
        match event {
            Event::Speech { started: true, .. } => {
                self.speaking.get_or_insert(now);
            }
            Event::Transcript { turn, is_final: true, .. } => {
                let began = self.speaking.take().unwrap_or(now);
                self.turn(*turn, began);
            }
            Event::Reply { turn, .. } => {
                self.turn(*turn, now);
            }
            Event::Tool { turn, id, name, status, .. } => self.turn(*turn, now).tool(id, name, *status, now),
            Event::Failed { stage, kind, .. } => {
                let attributes = vec![
                    KeyValue::new("voice_agent.stage", stage.as_str()),
                    KeyValue::new("error.type", kind.as_str()),
                ];
                self.note("stage failed", attributes, now);
            }
            Event::FailedOver { stage, provider, kind, .. } => {
                let attributes = vec![
                    KeyValue::new("voice_agent.stage", stage.as_str()),
                    KeyValue::new("voice_agent.provider", provider.to_string()),
                    KeyValue::new("error.type", kind.as_str()),
                ];
                self.note("provider failed over", attributes, now);
            }
            Event::ReplyEnd { turn, interrupted, .. } => {
                self.turn(*turn, now).interrupted = *interrupted;
                self.end_turn(*turn, now);
            }
            _ => {}
        }
    }

    /// The figures of a turn, told when its first audio was sent.
    pub(crate) fn metrics(&mut self, frame: &MetricsFrame, now: SystemTime) {
        self.turn(frame.turn, now).measure(frame.clone(), now);
    }

    /// The session is over.
    pub(crate) fn end(&mut self, reason: Option<CloseReason>, now: SystemTime) {
        while let Some(turn) = self.turns.pop_front() {
            self.close(turn, now);
        }
        let span = self.context.span();
        span.set_attribute(KeyValue::new(
            "voice_agent.close_reason",
            reason.map_or("stopped", crate::metrics::labels::reason),
        ));
        if reason.is_none() {
            span.set_status(Status::error("stopped"));
        }
        span.end_with_timestamp(now);
    }

    /// The open turn of this number; one that is not is opened, as begun at `began`.
    fn turn(&mut self, number: TurnId, began: SystemTime) -> &mut Turn {
        let at = match self.turns.iter().position(|turn| turn.number == number) {
            Some(at) => at,
            None => {
                if self.turns.len() == OPEN_TURNS
                    && let Some(oldest) = self.turns.pop_front()
                {
                    self.close(oldest, began);
                }
                self.turns.push_back(Turn::new(number, began));
                self.turns.len() - 1
            }
        };
        &mut self.turns[at]
    }

    fn end_turn(&mut self, number: TurnId, now: SystemTime) {
        if let Some(at) = self.turns.iter().position(|turn| turn.number == number)
            && let Some(turn) = self.turns.remove(at)
        {
            self.close(turn, now);
        }
    }

    fn close(&self, turn: Turn, now: SystemTime) {
        turn.close(&self.tracer, &self.context, &self.session, &self.models, now);
    }

    /// Something that happened in the newest turn, or between turns.
    fn note(&mut self, what: &'static str, attributes: Vec<KeyValue>, now: SystemTime) {
        match self.turns.back_mut() {
            Some(turn) => turn.note(what, attributes, now),
            None => self.context.span().add_event_with_timestamp(what, now, attributes),
        }
    }
}
