//! What the benches share: figures over samples, the goals they are held to, and what is measured more than once.

mod conversation;
pub mod echo;
pub mod load;
mod models;
mod process;
mod speech;
mod voices;

pub use conversation::play;
pub use models::smart_turn;
pub use process::{ProcessState, open_connections, process_cpu, resident_kib, stolen, thread_cpu};
pub use speech::{buzz, spoken};
pub use voices::{apart, say, voice};

use std::time::Duration;

/// The given percentile, 0 … 100, of the samples; they are put in order for it.
pub fn percentile(samples: &mut [Duration], percent: usize) -> Duration {
    samples.sort_unstable();
    samples.get((samples.len() * percent / 100).min(samples.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Prints a figure with its goal; true when the goal is met.
pub fn held(name: &str, figure: f64, goal: f64, unit: &str) -> bool {
    tell(name, figure, "≤", goal, unit, figure <= goal)
}

/// As [`held`], for a figure that is to reach its goal.
pub fn reached(name: &str, figure: f64, goal: f64, unit: &str) -> bool {
    tell(name, figure, "≥", goal, unit, figure >= goal)
}

#[allow(clippy::print_stdout)] // Printing is what a bench is for.
fn tell(name: &str, figure: f64, relation: &str, goal: f64, unit: &str, met: bool) -> bool {
    println!("{name}: {figure:.3} {unit} (goal {relation} {goal} {unit}){}", if met { "" } else { "  MISSED" });
    met
}
