//! From `kill -9` of a server to the next answered turn on another one, again and again; `FAILOVER_ROUNDS` says how often.
#![allow(clippy::print_stdout, missing_docs)]

use std::path::PathBuf;
use std::process::ExitCode;
use voice_benches::load::{self, Failover};

const ROUNDS: usize = 10;
const USERS: usize = 50;

fn main() -> Result<ExitCode, Box<dyn std::error::Error + Send + Sync>> {
    let rounds = std::env::var("FAILOVER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let failover = Failover {
        program: PathBuf::from(env!("CARGO_BIN_EXE_loadgen")),
        folder: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        users: USERS,
        rounds,
    };
    let Some(went_on) = load::runtime()?.block_on(failover.run())? else {
        println!("failover: left out, redis-server is not installed");
        return Ok(ExitCode::SUCCESS);
    };
    print!("{went_on}");
    Ok(if went_on.problems().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
