//! Whether the server has more to do than it can do in time.
//!
//! Two signs. Each thread that serves connections has a timer, and how late it ticks is how late everything else on
//! that thread is: audio, answers, deadlines. And the process as a whole uses a share of the processors it may use.

use super::cpu::ProcessTime;
use super::gauge::Gauge;
use super::headroom::Headroom;
use super::recovery::{Recovery, STEPS_A_SECOND};
use crate::config::Limits;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often a thread looks how late it is. Forty looks are 2 s.
const TICK: Duration = Duration::from_millis(50);
const TICKS: usize = 40;
/// How often the time of the processors is read. Eight readings are 2 s; Linux counts in steps of 10 ms.
const READING: Duration = Duration::from_millis(1_000 / STEPS_A_SECOND as u64);
const READINGS: usize = 8;
/// How long it has to be better before sessions are taken again: longer than people who talk take their turns.
const CALM: Duration = Duration::from_secs(10);
/// The part of the limit below which it is better.
const LATE_RELEASE: f64 = 0.5;
const CPU_RELEASE: f64 = 0.85;

/// What is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Short {
    /// A thread is late.
    Time,
    /// The processors are busy.
    Processors,
}

/// What the measurements say. Shared by the threads that measure and all requests.
#[derive(Debug)]
pub(crate) struct Pressure {
    max_late: Option<Duration>,
    max_cpu_percent: Option<u64>,
    late_threads: AtomicUsize,
    busy: AtomicBool,
    /// Sessions that there may be for all that was seen of late.
    bearable: AtomicUsize,
}

impl Default for Pressure {
    /// One that measures nothing.
    fn default() -> Self {
        Self {
            max_late: None,
            max_cpu_percent: None,
            late_threads: AtomicUsize::new(0),
            busy: AtomicBool::new(false),
            bearable: AtomicUsize::new(usize::MAX),
        }
    }
}

impl Pressure {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { max_late: limits.max_late, max_cpu_percent: limits.max_cpu_percent, ..Self::default() }
    }

    /// Why no session should be taken beside the `open` ones, if so.
    pub(crate) fn short(&self, open: usize) -> Option<Short> {
        if self.late_threads.load(Ordering::Relaxed) > 0 {
            return Some(Short::Time);
        }
        let is_busy = self.busy.load(Ordering::Relaxed) || open >= self.bearable.load(Ordering::Relaxed);
        is_busy.then_some(Short::Processors)
    }

    /// Measures the thread it runs on, for ever, and tells each time how late it is.
    pub(crate) async fn watch_thread(&self, tell: impl Fn(Duration)) {
        let limit_ms = self.max_late.map_or(f64::INFINITY, |limit| limit.as_secs_f64() * 1e3);
        let mut gauge = Gauge::new(TICKS, limit_ms, limit_ms * LATE_RELEASE, times(TICK));
        let mut ticks = interval(TICK);
        // Ticks that were missed are made up for, each as late as it is: a stall counts for as long as it lasts.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            let late = ticks.tick().await.elapsed();
            tell(late);
            match gauge.add(late.as_secs_f64() * 1e3) {
                Some(true) => {
                    self.late_threads.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(late_ms = gauge.median(), "a thread is late: no further session is taken");
                }
                Some(false) => {
                    self.late_threads.fetch_sub(1, Ordering::Relaxed);
                    tracing::info!(late_ms = gauge.median(), "the thread is in time again");
                }
                None => {}
            }
        }
    }

    /// Measures the process, which has so many sessions `open`, for ever.
    pub(crate) async fn watch_process(&self, open: impl Fn() -> usize) {
        let mut processors = self.max_cpu_percent.map(|limit| Processors::new(limit as f64));
        let mut recovery = Recovery::default();
        let mut readings = interval(READING);
        readings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let due = readings.tick().await;
            let open = open();
            let room = processors.as_mut().map_or(usize::MAX, |processors| {
                let room = processors.read(due + due.elapsed(), open);
                self.busy.store(processors.busy, Ordering::Relaxed);
                room
            });
            let in_trouble = self.late_threads.load(Ordering::Relaxed) > 0 || self.busy.load(Ordering::Relaxed);
            self.bearable.store(room.min(recovery.step(in_trouble, open)), Ordering::Relaxed);
        }
    }
}

/// What the process makes of the processors.
struct Processors {
    limit: f64,
    time: ProcessTime,
    gauge: Gauge,
    headroom: Headroom,
    busy: bool,
}

impl Processors {
    fn new(limit: f64) -> Self {
        let gauge = Gauge::new(READINGS, limit, limit * CPU_RELEASE, times(READING));
        Self { limit, time: ProcessTime::new(), gauge, headroom: Headroom::default(), busy: false }
    }

    /// How many sessions they will bear, with so many open; any number where that is not known.
    fn read(&mut self, now: Instant, open: usize) -> usize {
        let Some(percent) = self.time.percent(now) else { return usize::MAX };
        match self.gauge.add(percent) {
            Some(true) => {
                self.busy = true;
                tracing::warn!(percent = self.gauge.median(), "the processors are busy: no further session is taken");
            }
            Some(false) => {
                self.busy = false;
                tracing::info!(percent = self.gauge.median(), "the processors have room again");
            }
            None => {}
        }
        self.headroom.add(percent, open, self.limit)
    }
}

/// How often something happens in [`CALM`] that happens every `period`.
const fn times(period: Duration) -> usize {
    (CALM.as_millis() / period.as_millis()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressure(max_late_ms: u64) -> Pressure {
        Pressure { max_late: Some(Duration::from_millis(max_late_ms)), ..Pressure::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_thread_that_is_in_time_is_not_late() {
        let pressure = pressure(5);
        let _ = tokio::time::timeout(Duration::from_secs(60), pressure.watch_thread(|_| {})).await;
        assert_eq!(pressure.short(0), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_thread_that_stood_still_is_late_until_it_has_been_in_time_for_a_while() {
        let pressure = pressure(50);
        let scene = async {
            // Lets the watch begin, then nothing on the thread runs for 3 s.
            tokio::time::sleep(Duration::from_millis(10)).await;
            tokio::time::advance(Duration::from_secs(3)).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert_eq!(pressure.short(0), Some(Short::Time));
            tokio::time::sleep(CALM).await;
            assert_eq!(
                pressure.short(0),
                Some(Short::Time),
                "half of the last 2 s were bad when it began to be better"
            );
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(pressure.short(0), None);
        };
        tokio::select! {
            () = pressure.watch_thread(|_| {}) => {}
            () = scene => {}
        }
    }
}
