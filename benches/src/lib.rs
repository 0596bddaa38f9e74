//! What the benches share: figures over samples, and the goals they are held to.

use std::time::Duration;

/// The given percentile, 0 … 100, of the samples; they are put in order for it.
pub fn percentile(samples: &mut [Duration], percent: usize) -> Duration {
    samples.sort_unstable();
    samples.get((samples.len() * percent / 100).min(samples.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Prints a figure with its goal; true when the goal is met.
#[allow(clippy::print_stdout)] // Printing is what a bench is for.
pub fn held(name: &str, figure: f64, goal: f64, unit: &str) -> bool {
    let met = figure <= goal;
    println!("{name}: {figure:.3} {unit} (goal ≤ {goal} {unit}){}", if met { "" } else { "  MISSED" });
    met
}

/// CPU time this process has used so far, in clock ticks of 10 ms as Linux counts them.
pub fn process_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in parentheses, may hold blanks; user and system time are fields 14 and 15.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Resident memory of this process, in KiB.
pub fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|field| field.parse().ok()).unwrap_or(0)
}
