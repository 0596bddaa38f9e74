//! Everything that can go wrong, for ten minutes, or as many seconds as `CHAOS_SECONDS` says.
#![allow(clippy::print_stdout, missing_docs)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use voice_benches::load::{self, Chaos};

const SECONDS: u64 = 600;
const USERS: usize = 60;

fn main() -> Result<ExitCode, Box<dyn std::error::Error + Send + Sync>> {
    let number =
        |name: &str, usual: u64| std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual);
    let chaos = Chaos {
        program: PathBuf::from(env!("CARGO_BIN_EXE_loadgen")),
        folder: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        users: USERS,
        time: Duration::from_secs(number("CHAOS_SECONDS", SECONDS)),
        seed: number("CHAOS_SEED", 1),
    };
    let survived = load::runtime()?.block_on(chaos.run())?;
    print!("{survived}");
    Ok(if survived.problems().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
