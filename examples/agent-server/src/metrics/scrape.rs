//! `GET /metrics`: what was counted, and what is read the moment somebody asks.

use super::families::{set_count, set_sum};
use super::process::Process;
use super::{Metrics, labels};
use crate::problem::Problem;
use crate::providers::Regions;
use crate::state::{AppState, Shared};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use std::sync::Arc;
use voice_core::agent::{AgentCounts, QueueDepths};
use voice_core::conversation::AgentState;

/// OpenMetrics, which every Prometheus since 2.5 reads by this type.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics as text.
pub(crate) async fn show(State(state): State<AppState>) -> Response {
    let metrics = &state.metrics;
    metrics.read_sessions(&state);
    metrics.read_counts(state.agent.counts());
    metrics.read_regions(&state.providers.regions);
    metrics.read_process(Process::read());
    metrics.families.tasks.set(signed(state.tasks_alive()));
    let mut text = String::new();
    match encode(&mut text, &metrics.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, MEDIA_TYPE), (header::CACHE_CONTROL, "no-store")], text).into_response(),
        Err(_) => {
            let message = "the metrics could not be written";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message).into_response()
        }
    }
}

/// How many sessions are in each state, how many have their client, what waits in them.
#[derive(Default)]
struct Census {
    states: [i64; 3],
    connected: i64,
    sum: QueueDepths,
    most: QueueDepths,
}

impl Metrics {
    fn read_sessions(&self, state: &Shared) {
        let mut census = Census::default();
        let entries = state.registry.entries();
        for entry in &entries {
            let at = match entry.session.status().state {
                AgentState::Listening => 0,
                AgentState::Thinking => 1,
                AgentState::Speaking => 2,
            };
            census.states[at] += 1;
            census.connected += i64::from(entry.seen.is_connected());
            census.add(entry.session.queues());
        }
        let families = &self.families;
        for (word, count) in ["listening", "thinking", "speaking"].into_iter().zip(census.states) {
            families.sessions.get_or_create(&[("state", word)]).set(count);
        }
        families.sessions_open.set(signed(entries.len()));
        families.sessions_limit.set(signed(state.registry.limit()));
        families.sessions_connected.set(census.connected);
        for (family, depths) in [(&families.queued, census.sum), (&families.queued_most, census.most)] {
            for (queue, depth) in
                [("microphone", depths.microphone), ("controls", depths.controls), ("events", depths.events)]
            {
                family.get_or_create(&[("queue", queue)]).set(signed(depth));
            }
        }
        families.queued_audio.set(signed(census.sum.audio_bytes));
        let (up, outages) = state.memory.reach().unwrap_or((true, 0));
        families.store_up.set(i64::from(up));
        set_count(&families.store_outages, outages);
    }

    fn read_counts(&self, counts: AgentCounts) {
        let families = &self.families;
        set_count(&families.late_audio, counts.late_pieces);
        set_count(&families.overruns, counts.overruns);
        set_count(&families.stalls, counts.stalls);
        set_sum(&families.dropped_speech, counts.dropped_speech_ms as f64 / 1_000.0);
    }

    fn read_regions(&self, all: &[Arc<Regions>]) {
        let families = &self.families;
        for regions in all {
            for (number, region) in regions.told().into_iter().enumerate() {
                let labels = [("service", regions.service()), ("region", labels::region(number))];
                // One that cannot be reached is infinitely far away.
                families
                    .region_connect
                    .get_or_create(&labels)
                    .set(region.connect_ms.map_or(f64::INFINITY, |ms| ms / 1_000.0));
                families.region_chosen.get_or_create(&labels).set(i64::from(region.chosen));
            }
        }
    }

    fn read_process(&self, process: Process) {
        let families = &self.families;
        set_sum(&families.cpu, process.cpu.as_secs_f64());
        families.resident.set(i64::try_from(process.resident_bytes).unwrap_or(i64::MAX));
        families.threads.set(i64::try_from(process.threads).unwrap_or(i64::MAX));
        families.open_files.set(i64::try_from(process.open_files).unwrap_or(i64::MAX));
    }
}

impl Census {
    fn add(&mut self, depths: QueueDepths) {
        let Self { sum, most, .. } = self;
        sum.microphone += depths.microphone;
        sum.controls += depths.controls;
        sum.events += depths.events;
        sum.audio_bytes += depths.audio_bytes;
        most.microphone = most.microphone.max(depths.microphone);
        most.controls = most.controls.max(depths.controls);
        most.events = most.events.max(depths.events);
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
