//! The last hour in steps of 10 s: percentiles over time, for plots.

use super::labels;
use super::sketch::Sketch;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use voice_core::conversation::PathStage;
use voice_core::protocol::MetricsFrame;

/// What a step covers, in s.
const STEP_S: u64 = 10;
/// Steps kept: an hour.
const STEPS: u64 = 360;
/// Points of a plot at most; of a longer time several steps are one point.
const POINTS: u64 = 120;

/// What is plotted: the figures of a turn, and the parts of its path that have none.
const SERIES: [&str; 8] = ["total", "vad_end", "stt", "llm_ttft", "tts", "endpointing", "sentence", "send"];

/// About 1 MB at most, where every step had turns.
#[derive(Debug, Default)]
pub(crate) struct History {
    steps: Mutex<VecDeque<Step>>,
}

#[derive(Debug, Default)]
struct Step {
    /// Steps since the start of the server.
    number: u64,
    sketches: [Option<Box<Sketch>>; SERIES.len()],
}

impl History {
    /// Takes the figures of a turn.
    pub(super) fn record(&self, now: Duration, frame: &MetricsFrame) {
        let number = now.as_secs() / STEP_S;
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.back().is_none_or(|step| step.number < number) {
            steps.push_back(Step { number, ..Step::default() });
        }
        while steps.front().is_some_and(|step| step.number + STEPS <= number) {
            steps.pop_front();
        }
        let Some(step) = steps.back_mut() else { return };
        for (name, sketch) in SERIES.iter().zip(&mut step.sketches) {
            if let Some(ms) = figure(frame, name) {
                sketch.get_or_insert_default().add(ms);
            }
        }
    }

    /// The last `minutes` up to `now`, whose place in time is told in ms since 1970: for each series its percentiles over
    /// all of it, and as `[at_ms, p50, p95, turns]` where there were turns.
    pub(crate) fn read(&self, now: Duration, now_ms: u64, minutes: u64) -> Value {
        let span = (minutes * 60 / STEP_S).clamp(1, STEPS);
        let together = span.div_ceil(POINTS);
        let last = now.as_secs() / STEP_S;
        let first = last.saturating_sub(span - 1);
        let start_ms = now_ms.saturating_sub(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let series = SERIES.iter().enumerate().map(|(index, name)| {
            let (mut all, mut points) = (Sketch::default(), Vec::new());
            for number in (first / together..=last / together).map(|point| point * together) {
                let mut point = Sketch::default();
                let within =
                    steps.iter().filter(|step| step.number >= first && step.number / together * together == number);
                within.filter_map(|step| step.sketches[index].as_deref()).for_each(|sketch| point.merge(sketch));
                if point.count() > 0 {
                    let at_ms = start_ms + number * STEP_S * 1_000;
                    points.push(json!([
                        at_ms,
                        hundredths(point.percentile(0.5)),
                        hundredths(point.percentile(0.95)),
                        point.count()
                    ]));
                    all.merge(&point);
                }
            }
            ((*name).to_owned(), told(&all, points))
        });
        let series: Map<String, Value> = series.collect();
        json!({ "now_ms": now_ms, "minutes": span * STEP_S / 60, "step_s": together * STEP_S, "series": series })
    }
}

fn told(all: &Sketch, points: Vec<Value>) -> Value {
    json!({
        "turns": all.count(),
        "p50": hundredths(all.percentile(0.5)),
        "p95": hundredths(all.percentile(0.95)),
        "p99": hundredths(all.percentile(0.99)),
        "max": hundredths(all.most()),
        "points": points,
    })
}

fn figure(frame: &MetricsFrame, name: &str) -> Option<f64> {
    let part = |wanted: PathStage| {
        let word = labels::path_stage(wanted);
        frame.path.iter().find(|part| labels::path_stage(part.stage) == word).map(|part| part.ms)
    };
    match name {
        "total" => frame.total_ms,
        "vad_end" => frame.vad_end_ms,
        "stt" => frame.stt_ms,
        "llm_ttft" => frame.llm_ttft_ms,
        "tts" => frame.tts_ms,
        "endpointing" => part(PathStage::Endpointing),
        "sentence" => part(PathStage::Sentence),
        "send" => part(PathStage::Send),
        _ => None,
    }
}

fn hundredths(ms: Option<f64>) -> Option<f64> {
    ms.map(|ms| (ms * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use voice_core::protocol::PathEntry;

    const START_MS: u64 = 1_700_000_000_000;

    fn turn(total_ms: f64) -> MetricsFrame {
        let path = vec![PathEntry { stage: PathStage::Send, ms: 0.5, ahead_ms: 0.0 }];
        MetricsFrame {
            total_ms: Some(total_ms),
            path,
            ..MetricsFrame::from(voice_core::conversation::TurnMetrics::default())
        }
    }

    fn read(history: &History, seconds: u64, minutes: u64) -> Value {
        history.read(Duration::from_secs(seconds), START_MS + seconds * 1_000, minutes)
    }

    #[test]
    fn a_turn_stands_in_its_step_with_its_own_figures() {
        let history = History::default();
        history.record(Duration::from_secs(25), &turn(612.34));
        let told = read(&history, 31, 5);
        assert_eq!(told["step_s"], 10);
        let total = &told["series"]["total"];
        assert_eq!(total["points"], json!([[START_MS + 20_000, 612.34, 612.34, 1]]));
        assert_eq!((&total["turns"], &total["p50"], &total["max"]), (&json!(1), &json!(612.34), &json!(612.34)));
        assert_eq!(told["series"]["send"]["p95"], 0.5);
        assert_eq!(
            told["series"]["stt"],
            json!({"turns": 0, "p50": null, "p95": null, "p99": null, "max": null, "points": []})
        );
    }

    #[test]
    fn what_is_older_than_asked_for_is_left_out() {
        let history = History::default();
        history.record(Duration::from_secs(5), &turn(100.0));
        history.record(Duration::from_secs(1_000), &turn(200.0));
        assert_eq!(read(&history, 1_009, 5)["series"]["total"]["turns"], 1);
        assert_eq!(read(&history, 1_009, 60)["series"]["total"]["turns"], 2);
        assert_eq!(read(&history, 1_009, 60)["series"]["total"]["points"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn an_hour_is_kept_and_fits_a_plot() {
        let history = History::default();
        for second in 0..10_000 {
            history.record(Duration::from_secs(second), &turn(second as f64));
        }
        assert_eq!(history.steps.lock().unwrap().len() as u64, STEPS);
        let told = read(&history, 9_999, 60);
        assert_eq!(told["series"]["total"]["turns"], 3_600);
        assert_eq!(told["step_s"], 30);
        assert!(told["series"]["total"]["points"].as_array().unwrap().len() as u64 <= POINTS + 1);
        assert!(told["series"]["total"]["p50"].as_f64().unwrap() > 7_500.0);
    }
}
