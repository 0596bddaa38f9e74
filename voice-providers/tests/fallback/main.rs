//! Several providers as one: what is said, heard and answered stays whole, whoever fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    unreachable_pub,
    missing_docs
)]

#[path = "../support"]
mod support {
    pub mod listener;
    pub mod service;
}

mod llm;
mod providers;
mod stt;
mod tts;
mod turns;

/// Runs of a test with random faults: 50, or as many as `FALLBACK_FAULT_RUNS` says.
fn fault_runs() -> u64 {
    std::env::var("FALLBACK_FAULT_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(50)
}
