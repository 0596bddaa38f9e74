//! How many sessions a core holds, and what each costs: a server on core 0, scripted users on core 1, everything over
//! sockets. `-- vad`, `-- denoise`, `-- refusal` and `-- bare` run a part of it; `LOAD_STEPS=1,50` and `LOAD_SECONDS=10`
//! make it shorter.
#![allow(clippy::print_stdout, missing_docs)]

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use voice_benches::load::{self, Cost, Kind, Load, Outcome, Place, ServerProcess, Services};
use voice_benches::{held, reached};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Users of the steps; the last is for refusal only.
const STEPS: [usize; 5] = [1, 10, 50, 100, 250];
/// Sessions that a core must hold, and CPU-seconds a session-minute, without and with denoising.
const VAD: (usize, f64) = (250, 0.12);
const DENOISE: (usize, f64) = (100, 0.5);
/// Users who come to a server that takes `VAD.0`.
const TOO_MANY: usize = 400;
/// What the server may add to an answer, in ms, in 99 of a hundred turns.
const ADDED_MS: f64 = 10.0;
/// A session's memory while it listens, in KiB. What a server allocates once is no cost of a session: few sessions are not judged.
const KIB: f64 = 256.0;
const JUDGED_FROM: usize = 50;
/// What turn-taking, pacing and events may cost beside reading the frames and running the VAD.
const TIMES_BARE: f64 = 1.75;
/// Users of the comparisons with the bare server. A session alone wakes a core that has slept, in either.
const COMPARED: [usize; 2] = [1, 100];
/// Connections that are only echoed meanwhile.
const ECHOES: usize = 4;

fn main() -> Result<ExitCode, Failure> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == part);
    let met = load::runtime()?.block_on(async {
        load::keep_to_core(1)?;
        let mut met = true;
        if wants("vad") {
            met &= steps(false, VAD).await?;
        }
        if wants("denoise") {
            met &= steps(true, DENOISE).await?;
        }
        if wants("refusal") {
            met &= refusal().await?;
        }
        if wants("bare") {
            met &= bare().await?;
        }
        Ok::<_, Failure>(met)
    })?;
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// So many users, well behaved, on a server with these settings.
async fn talk(users: usize, kind: Kind, settings: &[(&str, &str)]) -> Result<Outcome, Failure> {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("load-{users}.log"));
    // A log that is written costs what it costs in production; a limit that is not reached costs nothing.
    let program = Path::new(env!("CARGO_BIN_EXE_loadgen"));
    let server = ServerProcess::start(program, Place::Core(0), kind, settings, &log).await?;
    let seconds = std::env::var("LOAD_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(20);
    let mut load = Load::new(server.address, users, Duration::from_secs(seconds));
    load.ramp = Duration::from_millis(1_000 + 10 * users as u64);
    load.process = Some(server.id());
    if let Kind::Agent(services) = kind {
        (load.services, load.echoes) = (Some(services), ECHOES);
    }
    let outcome = load::run(&load).await?;
    print!("{outcome}");
    server.stop().await?;
    Ok(outcome)
}

async fn steps(denoise: bool, (sessions, cpu): (usize, f64)) -> Result<bool, Failure> {
    let word = if denoise { "on" } else { "off" };
    let asked = std::env::var("LOAD_STEPS").unwrap_or_default();
    let asked: Vec<usize> = asked.split(',').filter_map(|step| step.parse().ok()).collect();
    let steps = if asked.is_empty() { STEPS.to_vec() } else { asked };
    let mut met = true;
    for users in steps.into_iter().filter(|users| *users <= sessions) {
        let outcome = talk(users, Kind::Agent(Services::USUAL), &[("DENOISE", word)]).await?;
        let name = format!("{users} sessions, denoise {word}");
        met &= held(&format!("{name}, added p99"), f64::from(outcome.added.p99), ADDED_MS, "ms");
        met &= held(&format!("{name}, broken invariants"), outcome.count("problems") as f64, 0.0, "times");
        met &= held(&format!("{name}, connections lost"), outcome.count("connections lost") as f64, 0.0, "times");
        let Some(cost) = outcome.cost else { continue };
        met &= threads_held(&name, &cost);
        if users >= JUDGED_FROM {
            met &= held(&name, cost.cpu_seconds_a_minute, cpu, "CPU-seconds a session-minute");
            met &= held(&name, cost.kib_listening, KIB, "KiB a session that listens");
        }
    }
    Ok(met)
}

fn threads_held(name: &str, cost: &Cost) -> bool {
    held(&format!("{name}, threads"), cost.most.threads as f64, cost.before.threads as f64, "threads")
}

/// More users than there may be: those within are served as if the others were not there.
async fn refusal() -> Result<bool, Failure> {
    let limit = VAD.0.to_string();
    let outcome = talk(TOO_MANY, Kind::Agent(Services::USUAL), &[("MAX_SESSIONS", &limit)]).await?;
    let refused: u64 =
        outcome.counts.iter().filter(|(name, _)| name.starts_with("refused")).map(|(_, count)| count).sum();
    let name = format!("{TOO_MANY} users, {limit} let in");
    let mut met = reached(&format!("{name}, refusals"), refused as f64, (TOO_MANY - VAD.0) as f64, "times");
    met &= held(&format!("{name}, sessions"), outcome.count("sessions") as f64, VAD.0 as f64, "sessions");
    met &= held(&format!("{name}, added p99"), f64::from(outcome.added.p99), ADDED_MS, "ms");
    met &= held(&format!("{name}, connections lost"), outcome.count("connections lost") as f64, 0.0, "times");
    Ok(met)
}

/// The least that any server does, in the same run as ours.
async fn bare() -> Result<bool, Failure> {
    let mut met = true;
    for users in COMPARED {
        let bare = talk(users, Kind::Bare, &[]).await?;
        let ours = talk(users, Kind::Agent(Services::USUAL), &[]).await?;
        let (Some(bare), Some(ours)) = (bare.cost, ours.cost) else { return Err("no process to look at".into()) };
        let times = ours.cpu_seconds_a_minute / bare.cpu_seconds_a_minute;
        println!("{users} sessions, bare: {:.3} CPU-seconds a session-minute", bare.cpu_seconds_a_minute);
        let name = format!("{users} sessions");
        let held = held(&name, times, TIMES_BARE, "times a bare WebSocket with Silero");
        met &= held || users < JUDGED_FROM;
    }
    Ok(met)
}
