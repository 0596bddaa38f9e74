//! What came out: for people as a table, for programs as JSON.

use super::options::Load;
use super::record::Record;
use super::run::Watched;
use crate::process::ProcessState;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// The middle and the end of many times, in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many there were.
    pub count: usize,
    /// Half of them are at most this.
    pub p50: f32,
    /// Of a hundred, 99 are at most this.
    pub p99: f32,
    /// The longest.
    pub most: f32,
}

impl Spread {
    /// That of these times; zeros where there are none.
    pub fn of(mut times: Vec<f32>) -> Self {
        times.sort_unstable_by(f32::total_cmp);
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        let at = |percent| at(percent).copied().unwrap_or_default();
        Self { count: times.len(), p50: at(50), p99: at(99), most: at(100) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, p50, p99, most } = self;
        write!(f, "p50 {p50:8.2}  p99 {p99:8.2}  most {most:8.2} ms  of {count}")
    }
}

/// What the users cost the server's process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// CPU seconds of a user's minute.
    pub cpu_seconds_a_minute: f64,
    /// Of a core.
    pub cpu_cores: f64,
    /// KiB a user, beyond what the server held before they came: while all of them listened, and the most while they talked,
    /// which includes the utterances and answers under way.
    pub kib_listening: f64,
    /// The most while they talked.
    pub kib_talking: f64,
    /// Before they came.
    pub before: ProcessState,
    /// The most of each while they talked.
    pub most: ProcessState,
}

impl Cost {
    pub(super) fn of(load: &Load, before: ProcessState, watched: Watched) -> Self {
        let cpu = watched.last.cpu.saturating_sub(watched.first.cpu).as_secs_f64();
        let seconds = watched.time.as_secs_f64().max(f64::MIN_POSITIVE);
        let users = load.users.max(1) as f64;
        let kib = |state: ProcessState| state.resident_kib.saturating_sub(before.resident_kib) as f64;
        Self {
            cpu_seconds_a_minute: cpu / (users * seconds / 60.0),
            cpu_cores: cpu / seconds,
            kib_listening: kib(watched.first) / users,
            kib_talking: kib(watched.most) / users,
            before,
            most: watched.most,
        }
    }
}

/// Everything there is to tell of a load.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Users at once.
    pub users: usize,
    /// Asking for a connection → `ready`.
    pub ready: Spread,
    /// Last speech sample sent → first audio.
    pub answer: Spread,
    /// First audio after it was due.
    pub added: Spread,
    /// A frame echoed, before the users came.
    pub echo_alone: Spread,
    /// A frame echoed, while they talked.
    pub echo: Spread,
    /// How late this program was with its own frames.
    pub late: Spread,
    /// What this program used of a core.
    pub own_cores: f64,
    /// What the server's process used, where it is known.
    pub cost: Option<Cost>,
    /// Counts, by name.
    pub counts: BTreeMap<String, u64>,
    /// What did not hold, the first in words.
    pub problems: Vec<String>,
}

impl Outcome {
    pub(super) fn new(
        load: &Load,
        record: Record,
        cost: Option<Cost>,
        echo_alone: Spread,
        echo: Spread,
        own_cores: f64,
    ) -> Self {
        let counts = counts(&record);
        Self {
            users: load.users,
            ready: Spread::of(record.ready_ms),
            answer: Spread::of(record.answer_ms),
            added: Spread::of(record.added_ms),
            echo_alone,
            echo,
            late: Spread::of(record.tick_ms),
            own_cores,
            cost,
            counts,
            problems: record.problems,
        }
    }

    /// A count; 0 where nothing was counted.
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// As one JSON object.
    pub fn json(&self) -> String {
        // Serialising fails only for maps whose keys are no strings.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Those that are not zero.
fn counts(record: &Record) -> BTreeMap<String, u64> {
    let plain = [
        ("sessions", record.sessions),
        ("resumed", record.resumed),
        ("not resumed", record.not_resumed),
        ("turns answered", record.answered),
        ("turns in which a service failed", record.failed),
        ("waited in vain", record.in_vain),
        ("answers not placed", record.not_placed),
        ("frames sent", record.frames),
        ("connections lost", record.lost),
        ("problems", record.problem_count),
    ];
    let plain = plain.into_iter().map(|(name, count)| (name.to_owned(), count));
    let groups = [("fault", &record.faults)]
        .into_iter()
        .flat_map(|(group, of)| of.iter().map(move |(name, count)| (format!("{group} {name}"), *count)));
    let texts = [("error", &record.errors), ("bye", &record.byes)];
    let texts = texts
        .into_iter()
        .flat_map(|(group, of)| of.iter().map(move |(name, count)| (format!("{group} {name}"), *count)));
    let refused = record.refused.iter().map(|(status, count)| (format!("refused {status}"), *count));
    plain.chain(groups).chain(texts).chain(refused).filter(|(_, count)| *count > 0).collect()
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} users", self.users)?;
        for (name, spread) in [
            ("connection → ready", self.ready),
            ("speech end → first audio", self.answer),
            ("added by the server", self.added),
            ("echo, nobody talking", self.echo_alone),
            ("echo, all talking", self.echo),
            ("own frames late", self.late),
        ] {
            if spread.count > 0 {
                writeln!(f, "  {name:28} {spread}")?;
            }
        }
        writeln!(f, "  {:28} {:.2} of a core", "this program", self.own_cores)?;
        if let Some(Cost { cpu_seconds_a_minute, cpu_cores, kib_listening, kib_talking, before, most }) = self.cost {
            writeln!(
                f,
                "  {:28} {cpu_seconds_a_minute:.3} CPU-seconds a session-minute, {cpu_cores:.2} of a core",
                "server"
            )?;
            writeln!(f, "  {:28} {kib_listening:.0} KiB a session listening, {kib_talking:.0} talking", "")?;
            writeln!(f, "  {:28} {} KiB before, {} at most", "", before.resident_kib, most.resident_kib)?;
            let threads = (before.threads, most.threads);
            writeln!(
                f,
                "  {:28} threads {} → {}, sockets {} → {}",
                "", threads.0, threads.1, before.sockets, most.sockets
            )?;
        }
        for (name, count) in &self.counts {
            writeln!(f, "  {name:28} {count}")?;
        }
        for problem in &self.problems {
            writeln!(f, "  PROBLEM {problem}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_of_the_times_in_order() {
        let spread = Spread::of((1..=200).rev().map(|n| n as f32).collect());
        assert_eq!(spread, Spread { count: 200, p50: 101.0, p99: 199.0, most: 200.0 });
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
