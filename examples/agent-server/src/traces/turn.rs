//! The spans of one turn: the turn, its stages one after the other, its calls to tools.

use super::Models;
use crate::config::Provider;
use crate::metrics::labels;
use opentelemetry::trace::{Event, Span, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use std::time::{Duration, SystemTime};
use voice_core::conversation::{PathStage, ToolStatus};
use voice_core::protocol::MetricsFrame;
use voice_core::{SessionId, TurnId};

/// Calls to tools that are told of; a turn may have 4 rounds of 8.
const CALLS: usize = 32;
/// Failures that are told of.
const NOTES: usize = 32;

/// What is known of a turn that is not over.
pub(super) struct Turn {
    pub(super) number: TurnId,
    pub(super) interrupted: bool,
    began: SystemTime,
    /// The figures, and when the first audio was sent.
    measured: Option<(MetricsFrame, SystemTime)>,
    calls: Vec<Call>,
    notes: Vec<Event>,
}

struct Call {
    id: String,
    name: String,
    began: SystemTime,
    ended: Option<(ToolStatus, SystemTime)>,
}

impl Turn {
    pub(super) fn new(number: TurnId, began: SystemTime) -> Self {
        Self { number, interrupted: false, began, measured: None, calls: Vec::new(), notes: Vec::new() }
    }

    pub(super) fn measure(&mut self, frame: MetricsFrame, sent: SystemTime) {
        self.measured = Some((frame, sent));
    }

    pub(super) fn tool(&mut self, id: &str, name: &str, status: ToolStatus, now: SystemTime) {
        match status {
            ToolStatus::Started if self.calls.len() < CALLS => {
                self.calls.push(Call { id: id.to_owned(), name: name.to_owned(), began: now, ended: None });
            }
            ToolStatus::Started => {}
            ToolStatus::Done | ToolStatus::Failed => {
                if let Some(call) = self.calls.iter_mut().find(|call| call.id == id) {
                    call.ended = Some((status, now));
                }
            }
        }
    }

    pub(super) fn note(&mut self, what: &'static str, attributes: Vec<KeyValue>, now: SystemTime) {
        if self.notes.len() < NOTES {
            self.notes.push(Event::new(what, now, attributes, 0));
        }
    }

    /// Makes the spans, below that of the session.
    pub(super) fn close(
        self,
        tracer: &SdkTracer,
        parent: &Context,
        session: &SessionId,
        models: &Models,
        now: SystemTime,
    ) {
        let failed = !self.notes.is_empty() && self.measured.as_ref().is_none_or(|(frame, _)| frame.total_ms.is_none());
        let first = self.stages().first().map_or(self.began, |stage| stage.from);
        let builder = tracer
            .span_builder("turn")
            .with_start_time(self.began.min(first))
            .with_attributes(self.attributes(session))
            .with_events(self.notes.clone());
        let mut span = tracer.build_with_context(builder, parent);
        if failed {
            span.set_status(Status::error("no answer was heard"));
        }
        let context = parent.with_span(span);
        for stage in self.stages() {
            let (name, kind, mut attributes) = self.words_of(&stage, models);
            attributes.push(KeyValue::new("gen_ai.conversation.id", session.to_string()));
            let builder = tracer.span_builder(name).with_kind(kind).with_attributes(attributes);
            finish(tracer, &context, builder, stage.from, stage.to);
        }
        for call in &self.calls {
            call.close(tracer, &context, now);
        }
        context.span().end_with_timestamp(now);
    }

    fn attributes(&self, session: &SessionId) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new("gen_ai.conversation.id", session.to_string()),
            KeyValue::new("voice_agent.turn", i64::from(self.number.0)),
            KeyValue::new("voice_agent.interrupted", self.interrupted),
        ];
        if let Some((frame, _)) = &self.measured {
            attributes.push(KeyValue::new("voice_agent.speculative", frame.speculative));
            for (name, ms) in [
                ("voice_agent.vad_end_ms", frame.vad_end_ms),
                ("voice_agent.stt_ms", frame.stt_ms),
                ("voice_agent.llm_ttft_ms", frame.llm_ttft_ms),
                ("voice_agent.tts_ms", frame.tts_ms),
                ("voice_agent.total_ms", frame.total_ms),
            ] {
                attributes.extend(ms.map(|ms| KeyValue::new(name, ms)));
            }
        }
        attributes
    }

    /// The stages on the way to the first audio, whose end is known best: it has just been sent.
    fn stages(&self) -> Vec<Stage> {
        let Some((frame, sent)) = &self.measured else { return Vec::new() };
        let Some(total_ms) = frame.total_ms else { return Vec::new() };
        let begin = *sent - milliseconds(total_ms);
        let mut reached = begin;
        let path = frame.path.iter().map(|part| {
            let from = reached - milliseconds(part.ahead_ms);
            reached += milliseconds(part.ms);
            Stage { stage: part.stage, from, to: reached }
        });
        let mut stages: Vec<Stage> = path.collect();
        // The recogniser is at work from the end of speech on, whether the user waits for it or for silence.
        if let (Some(stt), Some(ms)) = (stages.iter_mut().find(|stage| stage.stage == PathStage::Stt), frame.stt_ms) {
            (stt.from, stt.to) = (begin, begin + milliseconds(ms));
        }
        stages
    }

    fn words_of(&self, stage: &Stage, models: &Models) -> (String, SpanKind, Vec<KeyValue>) {
        let frame = self.measured.as_ref().map(|(frame, _)| frame);
        let by = frame.and_then(|frame| frame.providers.as_ref());
        let word = labels::path_stage(stage.stage);
        let served = match stage.stage {
            PathStage::Stt => by.and_then(|by| by.stt.as_deref()),
            PathStage::Llm => by.and_then(|by| by.llm.as_deref()),
            PathStage::Tts => by.and_then(|by| by.tts.as_deref()),
            _ => return (word.into(), SpanKind::Internal, Vec::new()),
        };
        let provider = served.unwrap_or(labels::OTHER);
        let kind = if provider == Provider::Local.as_str() { SpanKind::Internal } else { SpanKind::Client };
        if stage.stage != PathStage::Llm {
            return (word.into(), kind, vec![KeyValue::new("voice_agent.provider", provider.to_owned())]);
        }
        // The semantic conventions for generative AI.
        let mut attributes = vec![
            KeyValue::new("gen_ai.operation.name", "chat"),
            KeyValue::new("gen_ai.provider.name", provider.to_owned()),
        ];
        if let Some(ms) = frame.and_then(|frame| frame.llm_ttft_ms) {
            attributes.push(KeyValue::new("gen_ai.response.time_to_first_chunk", ms / 1_000.0));
        }
        let model = models.of(provider);
        attributes.extend(model.map(|model| KeyValue::new("gen_ai.request.model", model.to_owned())));
        (model.map_or_else(|| "chat".into(), |model| format!("chat {model}")), kind, attributes)
    }
}

/// A stage and when it was at work.
struct Stage {
    stage: PathStage,
    from: SystemTime,
    to: SystemTime,
}

impl Call {
    /// One without an end has outlived its turn, as those may that cannot be taken back.
    fn close(&self, tracer: &SdkTracer, parent: &Context, now: SystemTime) {
        let mut builder = tracer.span_builder(format!("execute_tool {}", self.name)).with_attributes([
            KeyValue::new("gen_ai.operation.name", "execute_tool"),
            KeyValue::new("gen_ai.tool.name", self.name.clone()),
            KeyValue::new("gen_ai.tool.call.id", self.id.clone()),
        ]);
        let (status, ended) = self.ended.unwrap_or((ToolStatus::Started, now));
        if status == ToolStatus::Failed {
            builder = builder.with_status(Status::error("the tool failed"));
        }
        finish(tracer, parent, builder, self.began, ended);
    }
}

fn finish(tracer: &SdkTracer, parent: &Context, builder: SpanBuilder, from: SystemTime, to: SystemTime) {
    tracer.build_with_context(builder.with_start_time(from), parent).end_with_timestamp(to);
}

/// A figure of a turn as a time; nothing for what is none.
fn milliseconds(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1_000.0).unwrap_or_default()
}
