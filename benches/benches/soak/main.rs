//! Sessions opened and left in every way there is, three hundred thousand of them, and what is left of them: nothing.
//! `SOAK_SESSIONS=5000` makes it shorter.
#![allow(clippy::print_stdout, missing_docs)]

use std::path::Path;
use std::process::ExitCode;
use voice_benches::load::{self, Place, Visits, soak};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Sessions at once.
const AT_ONCE: usize = 200;
/// Addresses they come from: a connection that was closed keeps its port for a minute.
const ADDRESSES: u8 = 24;

fn main() -> Result<ExitCode, Failure> {
    let total = std::env::var("SOAK_SESSIONS").ok().and_then(|total| total.parse().ok()).unwrap_or(300_000);
    let program = Path::new(env!("CARGO_BIN_EXE_loadgen"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let left = load::runtime()?.block_on(async {
        load::keep_to_core(1)?;
        soak(program, Place::Core(0), folder, |server, process| Visits {
            server,
            total,
            at_once: AT_ONCE,
            addresses: ADDRESSES,
            seed: 1,
            process,
        })
        .await
    })?;
    print!("{left}");
    Ok(if left.problems().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
