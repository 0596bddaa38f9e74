//! Many visits to one server, and what is left of them afterwards.

use super::http::get_json;
use super::lateness::Services;
use super::server::{Kind, Place, ServerProcess};
use super::visit::{Visited, Visits, visit};
use crate::process::{ProcessState, open_connections};
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long a session waits for a client that is gone, in this server.
const DETACHED_MS: u64 = 200;
/// How long everything may take to be gone after the last visit: what is slowest is a request that stopped half way.
const GONE: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(200);
/// The share of the visits after which a server has allocated what it will ever need at once.
const WARM: f64 = 0.2;
/// Resident memory may come back to this many times what it was then.
const RESIDENT: f64 = 1.2;
/// Growth that is none: in KiB for a thousand visits, half of what an allocation of 64 bytes would come to that each session
/// left behind, and in all what an allocator's rearranging comes to: up and down by 5 MiB however long it goes on.
const FLAT: (f64, f64) = (32.0, 6_144.0);

/// What is left after all visits.
#[derive(Debug, Clone)]
pub struct Left {
    visits: usize,
    visited: Visited,
    /// Resident memory when warm and at the end, in KiB.
    warm_kib: u64,
    after: Remains,
    before: Remains,
    ended_in_order: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Remains {
    sessions: u64,
    tasks: u64,
    connections: usize,
    process: ProcessState,
}

impl Remains {
    async fn of(server: SocketAddr, process: u32) -> Result<Self, Failure> {
        let ready = get_json(server, "/readyz").await?;
        let number = |value: &serde_json::Value| value.as_u64().ok_or("no number in /readyz");
        let (sessions, tasks) = (number(&ready["sessions"]["open"])?, number(&ready["tasks"])?);
        Ok(Self { sessions, tasks, connections: open_connections(server), process: ProcessState::of(process) })
    }

    /// Whether nothing is here that was not there before.
    fn is_no_more_than(&self, before: &Self) -> bool {
        self.sessions == 0
            && self.tasks <= before.tasks
            && self.connections <= before.connections
            && self.process.files <= before.process.files
            && self.process.threads <= before.process.threads
    }
}

/// Starts a server from the executable `program`, makes the visits, and looks for what they left behind.
///
/// # Errors
/// The server cannot be started or asked.
pub async fn soak(
    program: &Path,
    place: Place,
    folder: &Path,
    visits: impl FnOnce(SocketAddr, u32) -> Visits,
) -> Result<Left, Failure> {
    let toml = folder.join("soak.toml");
    std::fs::write(&toml, format!("[agent.conversation]\ndetached_ms = {DETACHED_MS}\n"))?;
    let toml = toml.to_string_lossy();
    let settings = [
        ("AGENT_TOML", &*toml),
        ("MAX_SESSIONS", "20000"),
        ("REQUEST_S", "3"),
        ("SESSION_TTL", "5"),
        ("UPGRADES_PER_MINUTE", "0"),
        ("CONNECTIONS_PER_ADDRESS", "0"),
        // It is to be busy.
        ("MAX_LATE_MS", "0"),
        ("MAX_CPU_PERCENT", "0"),
    ];
    let kind = Kind::Agent(Services { stt_ms: 0, llm_ms: 0, tts_ms: 0, ..Services::USUAL });
    let server = ServerProcess::start(program, place, kind, &settings, &folder.join("soak.log")).await?;
    let (address, process) = (server.address, server.id());
    let before = Remains::of(address, process).await?;
    let visits = visits(address, process);
    let visited = visit(&visits).await?;
    let mut after = Remains::of(address, process).await?;
    let gone = async {
        while !after.is_no_more_than(&before) {
            tokio::time::sleep(LOOK).await;
            after = Remains::of(address, process).await?;
        }
        Ok::<_, Failure>(())
    };
    // What is still there then is a finding.
    if let Ok(asked) = tokio::time::timeout(GONE, gone).await {
        asked?;
    }
    let warm_kib = visited.resident_after((visits.total as f64 * WARM) as usize);
    let ended_in_order = server.stop().await?;
    Ok(Left { visits: visits.total, visited, warm_kib, after, before, ended_in_order })
}

impl Left {
    /// What should not be, one line each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.visited.failures.clone();
        let made: u64 = self.visited.ways.values().sum();
        let mut check = |holds: bool, problem: String| problems.extend((!holds).then_some(problem));
        check(made == self.visits as u64, format!("{made} of {} visits went as they should", self.visits));
        check(
            self.after.is_no_more_than(&self.before),
            format!("left behind: {:?}, before: {:?}", self.after, self.before),
        );
        let (resident, most) = (self.after.process.resident_kib, self.warm_kib as f64 * RESIDENT);
        check(resident as f64 <= most, format!("resident memory {resident} KiB, when warm {} KiB", self.warm_kib));
        let (growth, thousands) = (self.visited.growth(0.5), self.visits as f64 / 2_000.0);
        let flat = growth * thousands <= FLAT.0 * thousands + FLAT.1;
        check(flat, format!("grows by {growth:.1} KiB in a thousand sessions"));
        check(self.ended_in_order, "the server did not end in order".into());
        problems
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { visits, visited, warm_kib, after, before, .. } = self;
        writeln!(f, "{visits} sessions, {} times asked to come again", visited.refused)?;
        for (way, count) in &visited.ways {
            writeln!(f, "  {way:32} {count}")?;
        }
        let (resident, growth) = (after.process.resident_kib, visited.growth(0.5));
        writeln!(
            f,
            "  resident: {} KiB before, {warm_kib} KiB warm, {resident} KiB after",
            before.process.resident_kib
        )?;
        let tenths: Vec<String> =
            (1..10).map(|tenth| visited.resident_after(visits * tenth / 10).to_string()).collect();
        writeln!(f, "  resident over the visits, each tenth: {} KiB", tenths.join(" "))?;
        writeln!(f, "  growth in the later half: {growth:.2} KiB in a thousand sessions")?;
        for (name, before, after) in [
            ("sessions", before.sessions, after.sessions),
            ("tasks", before.tasks, after.tasks),
            ("connections", before.connections as u64, after.connections as u64),
            ("files", before.process.files, after.process.files),
            ("threads", before.process.threads, after.process.threads),
        ] {
            writeln!(f, "  {name}: {before} before, {after} after")?;
        }
        self.problems().iter().try_for_each(|problem| writeln!(f, "  PROBLEM {problem}"))
    }
}
