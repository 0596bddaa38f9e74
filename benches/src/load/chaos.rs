//! Everything that can go wrong, at once: services that fail, users who misbehave, servers that are killed, a Redis that
//! hangs or dies. What must hold holds all the same.

use super::faults::{Fault, Faults};
use super::lateness::Services;
use super::options::Load;
use super::redis::{Redis, free_port};
use super::report::Outcome;
use super::run::run;
use super::server::{Kind, Place, ServerProcess};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;
use voice_core::testing::Random;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Time between two disturbances, in ms.
const BETWEEN: std::ops::Range<u64> = 2_500..7_000;
/// How long something is down, in ms.
const DOWN: std::ops::Range<u64> = 300..2_000;
/// Nothing is disturbed so long before the end: all turns are then to be answered.
const SETTLE: Duration = Duration::from_secs(10);
/// Deadlines short enough for a service that stands still to be given up while a user still waits.
const DEADLINES: &str = "[agent.conversation]
transcript_timeout_ms = 1500
llm_timeout_ms = 1500
tts_timeout_ms = 1500
detached_ms = 8000
";

/// How much chaos.
#[derive(Debug, Clone)]
pub struct Chaos {
    /// The executable that is the server.
    pub program: PathBuf,
    /// Where logs go.
    pub folder: PathBuf,
    /// Users at once.
    pub users: usize,
    /// For how long.
    pub time: Duration,
    /// Seed of all that is random.
    pub seed: u64,
}

/// What came out of it.
#[derive(Debug)]
pub struct Survived {
    outcome: Outcome,
    disturbed: Disturbed,
    in_order: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Disturbed {
    nodes_killed: u64,
    redis_killed: u64,
    redis_held: u64,
}

/// Two servers that share a Redis, where there is one.
struct Nodes<'a> {
    chaos: &'a Chaos,
    ports: [u16; 2],
    running: Vec<Option<ServerProcess>>,
    redis: Option<Redis>,
    /// Starts so far: each has a log of its own.
    starts: u64,
}

impl Chaos {
    /// Lets it loose.
    ///
    /// # Errors
    /// The servers cannot be started.
    pub async fn run(&self) -> Result<Survived, Failure> {
        std::fs::write(self.folder.join("chaos.toml"), DEADLINES)?;
        let redis = Redis::start(&self.folder)?;
        let ports = [free_port()?, free_port()?];
        let mut nodes = Nodes { chaos: self, ports, running: vec![None, None], redis, starts: 0 };
        nodes.start(0).await?;
        nodes.start(1).await?;
        let mut load = Load::new(nodes.address(0), self.users, self.time);
        load.servers = vec![nodes.address(0), nodes.address(1)];
        load.faults = Faults { kinds: Fault::ALL.to_vec(), percent: 30 };
        load.seed = self.seed;
        load.addresses = 4;
        let until = Instant::now() + self.time.saturating_sub(SETTLE);
        let (outcome, disturbed) = tokio::join!(run(&load), nodes.disturb(until));
        let disturbed = disturbed?;
        let mut in_order = true;
        for node in nodes.running.drain(..).flatten() {
            in_order &= node.stop().await?;
        }
        Ok(Survived { outcome: outcome?, disturbed, in_order })
    }
}

impl Nodes<'_> {
    fn address(&self, node: usize) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports[node]))
    }

    async fn start(&mut self, node: usize) -> Result<(), Failure> {
        let Chaos { program, folder, seed, .. } = self.chaos;
        let path = |path: &Path| path.to_string_lossy().into_owned();
        self.starts += 1;
        let mut settings = vec![
            ("PORT", self.ports[node].to_string()),
            ("AGENT_TOML", path(&folder.join("chaos.toml"))),
            ("FAKE_FAULTS", format!("25@{}", seed + self.starts)),
            ("UPGRADES_PER_MINUTE", "0".into()),
            ("MAX_LATE_MS", "0".into()),
            ("MAX_CPU_PERCENT", "0".into()),
        ];
        settings.extend(self.redis.as_ref().map(|redis| ("REDIS_URL", redis.url())));
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let log = folder.join(format!("chaos-{node}-{}.log", self.starts));
        let kind = Kind::Agent(Services::USUAL);
        self.running[node] = Some(ServerProcess::start(program, Place::Anywhere, kind, &settings, &log).await?);
        Ok(())
    }

    async fn disturb(&mut self, until: Instant) -> Result<Disturbed, Failure> {
        let (mut random, mut disturbed) = (Random::new(self.chaos.seed), Disturbed::default());
        loop {
            let wait = Duration::from_millis(random.within(BETWEEN));
            let down = Duration::from_millis(random.within(DOWN));
            if Instant::now() + wait + down >= until {
                return Ok(disturbed);
            }
            tokio::time::sleep(wait).await;
            match (random.within(0..4), &mut self.redis) {
                (0, Some(redis)) => {
                    disturbed.redis_killed += 1;
                    redis.kill();
                    tokio::time::sleep(down).await;
                    redis.run()?;
                }
                (1, Some(redis)) => {
                    disturbed.redis_held += 1;
                    redis.hold(true)?;
                    tokio::time::sleep(down).await;
                    redis.hold(false)?;
                }
                _ => {
                    disturbed.nodes_killed += 1;
                    let node = random.within(0..2) as usize;
                    self.running[node] = None;
                    tokio::time::sleep(down).await;
                    self.start(node).await?;
                }
            }
        }
    }
}

impl Survived {
    /// What should not be, one line each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.outcome.problems.clone();
        let mut check = |holds: bool, problem: &str| problems.extend((!holds).then(|| problem.to_owned()));
        check(self.outcome.count("waited in vain") == 0, "a user was never answered");
        check(self.outcome.count("turns answered") >= self.outcome.users as u64, "there were hardly any answers");
        check(self.in_order, "a server did not end in order");
        problems
    }
}

impl fmt::Display for Survived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Disturbed { nodes_killed, redis_killed, redis_held } = self.disturbed;
        write!(f, "{}", self.outcome)?;
        writeln!(f, "  servers killed {nodes_killed}, Redis killed {redis_killed}, held {redis_held}")?;
        self.problems().iter().try_for_each(|problem| writeln!(f, "  PROBLEM {problem}"))
    }
}
