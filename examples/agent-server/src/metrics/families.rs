//! The metrics by name, as Prometheus reads them. `docs/observability.md` lists them.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};
use std::sync::atomic::{AtomicU64, Ordering};

/// Labels with their values, all of them words of [`labels`](super::labels).
pub(super) type Labels<const N: usize> = [(&'static str, &'static str); N];
pub(super) type Counters<const N: usize> = Family<Labels<N>, Counter>;
pub(super) type Gauges<const N: usize> = Family<Labels<N>, Gauge>;
pub(super) type Measures<const N: usize> = Family<Labels<N>, Gauge<f64, AtomicU64>>;
pub(super) type Histograms<const N: usize> = Family<Labels<N>, Histogram, Buckets>;

/// Upper bounds for what a person waits for, in s: dense between 50 ms and 1 s, where a conversation begins to drag.
const LATENCIES: &[f64] = &[
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5,
    2.0, 3.0, 5.0, 10.0,
];
/// The same with the steps that sending takes.
const STEPS: &[f64] = &[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0,
    10.0,
];
/// How late a thread may come: a tick of its timer is 1 ms.
const LATENESS: &[f64] = &[0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0];

#[derive(Clone, Copy)]
pub(super) struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// Every metric.
pub(super) struct Families {
    // Of turns, in s.
    pub(super) vad_end: Histogram,
    pub(super) stt: Histograms<1>,
    pub(super) llm_ttft: Histograms<1>,
    pub(super) tts: Histograms<1>,
    pub(super) total: Histograms<1>,
    pub(super) path: Histograms<1>,
    pub(super) turns: Counter,
    pub(super) interruptions: Counter,
    pub(super) false_interruptions: Counter,
    pub(super) speculations: Counters<1>,
    pub(super) tool_calls: Counters<1>,
    pub(super) failures: Counters<2>,
    pub(super) fallbacks: Counters<3>,
    // Of sessions and connections.
    pub(super) sessions: Gauges<1>,
    pub(super) sessions_open: Gauge,
    pub(super) sessions_limit: Gauge,
    pub(super) sessions_connected: Gauge,
    pub(super) sessions_opened: Counter,
    pub(super) sessions_resumed: Counter,
    pub(super) sessions_taken_over: Counter,
    pub(super) sessions_closed: Counters<1>,
    pub(super) refused: Counters<1>,
    pub(super) connections: Gauge,
    pub(super) error_frames: Counters<1>,
    pub(super) store_up: Gauge,
    pub(super) store_outages: Counter,
    // Of audio and queues.
    pub(super) late_audio: Counter,
    pub(super) overruns: Counter,
    pub(super) stalls: Counter,
    pub(super) dropped_speech: Counter<f64, AtomicU64>,
    pub(super) queued: Gauges<1>,
    pub(super) queued_most: Gauges<1>,
    pub(super) queued_audio: Gauge,
    pub(super) observer_missed: Counter,
    pub(super) trace_exports: Counters<1>,
    // Of the regions of services.
    pub(super) region_connect: Measures<2>,
    pub(super) region_chosen: Gauges<2>,
    // Of the process.
    pub(super) tasks: Gauge,
    pub(super) lateness: Histogram,
    pub(super) cpu: Counter<f64, AtomicU64>,
    pub(super) resident: Gauge,
    pub(super) threads: Gauge,
    pub(super) open_files: Gauge,
}

impl Families {
    /// Makes them known to `registry`.
    pub(super) fn new(registry: &mut Registry) -> Self {
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The server", version);
        let mut all = Names(registry);
        Self {
            vad_end: all.plain_seconds("vad_end", "Last sample of speech to the decision that it has ended", LATENCIES),
            stt: all.seconds("stt", "End of speech to the final transcript", LATENCIES),
            llm_ttft: all.seconds("llm_ttft", "Request to the first token of the language model", LATENCIES),
            tts: all.seconds("tts", "First text handed to the synthesiser to the first byte of speech", LATENCIES),
            total: all.seconds("total", "End of speech, or the typed text, to the first audio sent", LATENCIES),
            path: all.seconds("path", "What the user waited for each stage; the stages sum to the total", STEPS),
            turns: all.one("turns", "Turns whose answer was measured: metrics frames"),
            interruptions: all.one("interruptions", "Replies that were cut short"),
            false_interruptions: all.one("false_interruptions", "Replies that were held for a sound and went on"),
            speculations: all.one("speculations", "Answers prepared before the end of a turn: used or discarded"),
            tool_calls: all.one("tool_calls", "Calls to tools: started, done, failed"),
            failures: all.one("failures", "Failures that nobody else made good, by stage and kind"),
            fallbacks: all.one("fallbacks", "Failures after which another provider went on, by the one that failed"),
            sessions: all.one("sessions", "Open sessions by what the agent is doing"),
            sessions_open: all.one("sessions_open", "Open sessions, those waiting for their client included"),
            sessions_limit: all.one("sessions_limit", "Sessions that may be open"),
            sessions_connected: all.one("sessions_connected", "Open sessions whose client is there"),
            sessions_opened: all.one("sessions_opened", "Sessions opened"),
            sessions_resumed: all.one("sessions_resumed", "Clients that came back to their session"),
            sessions_taken_over: all.one("sessions_taken_over", "Sessions that another server or task had held before"),
            sessions_closed: all.one("sessions_closed", "Sessions that are over, by reason"),
            refused: all.one("refused", "Sessions that were not opened, by reason"),
            connections: all.one("connections", "Open connections, WebSockets included"),
            error_frames: all.one("error_frames", "Error frames sent to clients, by code"),
            store_up: all
                .one("store_up", "Whether the store of sessions can be reached; one in the process always can"),
            store_outages: all.one("store_outages", "Times that the store of sessions was lost"),
            late_audio: all.one("late_audio", "Pieces of reply audio after the listener had run dry"),
            overruns: all.one("overruns", "Microphones too far ahead of real time"),
            stalls: all.one("stalls", "Times that silence stood in for a microphone that stalled"),
            dropped_speech: all.unit("dropped_speech", "Speech a recogniser that fell behind never got", Unit::Seconds),
            queued: all.one("queued", "What waits in all sessions' queues, by queue"),
            queued_most: all.one("queued_most", "What waits in the fullest queue of one session, by queue"),
            queued_audio: all.unit("queued_audio", "Reply audio that transports have not taken", Unit::Bytes),
            observer_missed: all.one("observer_missed", "Events that were too fast for the server's own observers"),
            trace_exports: all.one("trace_exports", "Batches of traces: taken by their collector or dropped"),
            region_connect: all.unit("region_connect", "How long a region takes to connect to", Unit::Seconds),
            region_chosen: all.one("region_chosen", "Whether a region serves what begins now: 1 or 0"),
            tasks: all.one("tasks", "Tasks of the threads that serve: connections, sessions and what belongs to them"),
            lateness: all.plain_seconds(
                "thread_lateness",
                "How late the threads that serve sessions wake up",
                LATENESS,
            ),
            cpu: all.unit("process_cpu", "CPU time of the process", Unit::Seconds),
            resident: all.unit("process_resident_memory", "Memory of the process", Unit::Bytes),
            threads: all.one("process_threads", "Threads of the process"),
            open_files: all.one("process_open_fds", "Files and sockets that the process has open"),
        }
    }
}

/// Sets a counter to what has been counted elsewhere, where it only grows.
pub(super) fn set_count(counter: &Counter, count: u64) {
    counter.inner().store(count, Ordering::Relaxed);
}

/// As [`set_count`], of a sum that is no whole number.
pub(super) fn set_sum(counter: &Counter<f64, AtomicU64>, sum: f64) {
    counter.inner().store(sum.to_bits(), Ordering::Relaxed);
}

struct Names<'a>(&'a mut Registry);

impl Names<'_> {
    fn one<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        let metric = M::default();
        self.0.register(name, help, metric.clone());
        metric
    }

    fn unit<M: Metric + Clone + Default>(&mut self, name: &str, help: &str, unit: Unit) -> M {
        let metric = M::default();
        self.0.register_with_unit(name, help, unit, metric.clone());
        metric
    }

    fn plain_seconds(&mut self, name: &str, help: &str, buckets: &'static [f64]) -> Histogram {
        let histogram = Buckets(buckets).new_metric();
        self.0.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        histogram
    }

    fn seconds<const N: usize>(&mut self, name: &str, help: &str, buckets: &'static [f64]) -> Histograms<N> {
        let family = Family::new_with_constructor(Buckets(buckets));
        self.0.register_with_unit(name, help, Unit::Seconds, family.clone());
        family
    }
}
