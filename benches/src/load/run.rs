//! All users together, and a look at the server while they talk.

use super::echo;
use super::material::{FRAME_MS, Material};
use super::options::Load;
use super::record::Record;
use super::report::{Cost, Outcome, Spread};
use super::user::{Common, User};
use crate::process::{ProcessState, process_cpu, stolen};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use voice_core::testing::Random;
use voice_core::{Error, ErrorKind, Result, Stage};

/// How often the server is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long all users listen before the first of them talks: what a session costs by itself is seen then.
const LISTENING: Duration = Duration::from_secs(1);
/// How long the echoes are alone at the beginning, where there are any.
const ALONE: Duration = Duration::from_secs(2);

/// The runtime of a load generator: one thread, so that it uses one core at most.
///
/// # Errors
/// The system gives none.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Lets the users come, talk and go.
///
/// # Errors
/// There is nothing to say, or a part of the load generator broke.
pub async fn run(load: &Load) -> Result<Outcome> {
    let echoes_alone = echo_times(load, echo::EVERY, Instant::now() + ALONE).await?;
    let before = load.process.map(ProcessState::of);
    let (begin, own) = (Instant::now(), process_cpu());
    let full = begin + load.ramp + LISTENING;
    let end = full + load.time;
    let common = Arc::new(Common { load: load.clone(), material: Material::prepare()?, begin: full, end });
    let (mut users, mut phases) = (JoinSet::new(), Random::new(load.seed));
    for index in 0..load.users {
        let user = User::new(common.clone(), index);
        // Microphones are not in step: their frames are spread over the time of one.
        let phase = Duration::from_micros(phases.within(0..FRAME_MS * 1_000));
        let arrives = load.ramp.mul_f64(index as f64 / load.users as f64) + phase;
        users.spawn(async move {
            tokio::time::sleep_until(begin + arrives).await;
            user.live().await
        });
    }
    let (watched, echoes) =
        tokio::join!(watch(load.process, full, end), echo_times(load, echo::among_users(load), end));
    let mut record = Record::default();
    while let Some(user) = users.join_next().await {
        record.add(user.map_err(|error| broken(error.to_string()))?);
    }
    let cost = before.zip(watched).map(|(before, watched)| Cost::of(load, before, watched));
    let own = process_cpu().saturating_sub(own).as_secs_f64() / begin.elapsed().as_secs_f64();
    let echo = Spread::of(echoes?);
    Ok(Outcome::new(load, record, cost, Spread::of(echoes_alone), echo, own))
}

async fn echo_times(load: &Load, every: Duration, end: Instant) -> Result<Vec<f32>> {
    let mut echoes = JoinSet::new();
    for index in 0..load.echoes {
        let load = load.clone();
        echoes.spawn(async move { echo::listen(&load, index, every, end).await });
    }
    let mut times = Vec::new();
    while let Some(echo) = echoes.join_next().await {
        let echo = echo.map_err(|error| broken(error.to_string()))?;
        times.extend(echo.map_err(|refused| broken(format!("{}: {refused:?}", echo::PATH)))?);
    }
    Ok(times)
}

/// What the server was while all users talked: first and last, and the most of what goes up and down.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Watched {
    pub(super) first: ProcessState,
    pub(super) last: ProcessState,
    pub(super) most: ProcessState,
    pub(super) time: Duration,
    /// Of all processors, by the machine under this one.
    pub(super) stolen: Duration,
}

async fn watch(process: Option<u32>, from: Instant, until: Instant) -> Option<Watched> {
    let process = process?;
    tokio::time::sleep_until(from).await;
    let (begin, first, lost) = (Instant::now(), ProcessState::of(process), stolen());
    let mut most = first;
    while Instant::now() + LOOK < until {
        tokio::time::sleep(LOOK).await;
        most = most.most(ProcessState::of(process));
    }
    let last = ProcessState::of(process);
    Some(Watched { first, last, most: most.most(last), time: begin.elapsed(), stolen: stolen().saturating_sub(lost) })
}

fn broken(message: String) -> Error {
    Error::new(ErrorKind::Internal, Stage::Session, message)
}
