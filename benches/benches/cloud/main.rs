//! A turn through cloud services, over real sockets to scripts that take as long as the services do; and how soon a
//! service learns that its call is not wanted any more.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    unreachable_pub,
    missing_docs
)]

mod cancel;
mod latency;
mod services;
mod speech;

/// The scripted servers of the providers' tests.
#[path = "../../../voice-providers/tests/support"]
mod support {
    pub mod http_server;
    pub mod service;
    pub mod speaker;
}

use std::process::ExitCode;
use std::time::Duration;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let mut met = true;
    // The default, where the transcript is there before the turn is over; and one that waits for the transcript.
    for window in [500, 300] {
        met &= latency::held_to_its_parts(Duration::from_millis(window)).await?;
    }
    met &= cancel::noticed_at_once().await?;
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
