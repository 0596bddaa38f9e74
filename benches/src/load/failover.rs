//! A server is killed with all its users on it, who go on with another one: how long they wait, and whether anything was
//! forgotten or said twice.

use super::lateness::Services;
use super::redis::Redis;
use super::report::Spread;
use super::server::{Kind, Place, ServerProcess};
use super::socket::{Connecting, Refused, Socket};
use super::wire::{self, Message};
use serde_json::{Value, json};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// From the kill to the first audio of the next answer.
const GOAL_MS: f32 = 2_000.0;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Turns that a dead server may have begun without a word in the store: the next one leaves their numbers out.
const UNWRITTEN_TURNS: u64 = 100;
/// How long the last words have to be written, which happens behind the turn.
const WRITING: Duration = Duration::from_millis(300);
/// Services that take no time: what is measured is the servers.
const AT_ONCE: Services = Services { endpointing_ms: 500, stt_ms: 0, llm_ms: 0, token_ms: 10, tts_ms: 0 };

/// How often, and with how many.
#[derive(Debug, Clone)]
pub struct Failover {
    /// The executable that is the server.
    pub program: PathBuf,
    /// Where logs go.
    pub folder: PathBuf,
    /// Users on the server that is killed.
    pub users: usize,
    /// Servers killed.
    pub rounds: usize,
}

/// What the users saw.
#[derive(Debug, Default)]
pub struct WentOn {
    /// From the kill to the first audio of the next answer, in ms.
    waits: Vec<f32>,
    failures: Vec<String>,
}

/// A user with a session.
struct Guest {
    socket: Socket,
    ready: Value,
    newest_turn: u64,
}

impl Failover {
    /// Kills one server after the other.
    ///
    /// # Errors
    /// A server cannot be started.
    pub async fn run(&self) -> Result<Option<WentOn>, Failure> {
        let Some(redis) = Redis::start(&self.folder)? else { return Ok(None) };
        let url = redis.url();
        let mut went_on = WentOn::default();
        let mut next = self.start(&url, 0).await?;
        for round in 1..=self.rounds {
            let (dying, other) = (next, self.start(&url, round).await?);
            let mut guests = JoinSet::new();
            for number in 0..self.users {
                let address = dying.address;
                guests.spawn(async move { timeout(PATIENCE, Guest::settle(address, number % 2 == 0)).await });
            }
            let mut settled = Vec::new();
            while let Some(guest) = guests.join_next().await {
                settled.push(guest???);
            }
            sleep(WRITING).await;
            let killed = Instant::now();
            drop(dying);
            let mut coming = JoinSet::new();
            for guest in settled {
                let address = other.address;
                coming.spawn(async move { timeout(PATIENCE, guest.go_on(address, killed)).await });
            }
            while let Some(came) = coming.join_next().await {
                match came? {
                    Ok(Ok(wait)) => went_on.waits.push(wait.as_secs_f32() * 1e3),
                    Ok(Err(failure)) => went_on.failures.push(failure.to_string()),
                    Err(_) => went_on.failures.push("a user was never answered".to_owned()),
                }
            }
            next = other;
        }
        Ok(Some(went_on))
    }

    async fn start(&self, redis: &str, number: usize) -> Result<ServerProcess, Failure> {
        let log = self.folder.join(format!("failover-{number}.log"));
        let settings = [("REDIS_URL", redis)];
        let kind = Kind::Agent(AT_ONCE);
        Ok(ServerProcess::start(&self.program, Place::Anywhere, kind, &settings, &log).await?)
    }
}

impl Guest {
    /// Begins a session, has one question answered, and another, whose answer is over or under way.
    async fn settle(server: SocketAddr, is_over: bool) -> Result<Self, Failure> {
        let socket = connect(server, "/ws").await?;
        let mut guest = Self { socket, ready: Value::Null, newest_turn: 0 };
        guest.say(&json!({ "type": "start" })).await?;
        guest.ready = guest.until("ready").await?;
        guest.ask("first").await?;
        guest.interrupt().await?;
        guest.ask("second").await?;
        if is_over {
            guest.interrupt().await?;
        }
        Ok(guest)
    }

    /// Notices that the server is gone, goes on with the other one at once, and asks again.
    async fn go_on(mut self, server: SocketAddr, killed: Instant) -> Result<Duration, Failure> {
        while let Ok(Some(_)) = self.socket.receive().await {}
        let socket = connect(server, "/ws?resume=1").await?;
        let (session, asked) = (self.ready["session"].clone(), self.newest_turn);
        self.socket = socket;
        self.say(&json!({ "type": "start", "resume": self.ready["resume"] })).await?;
        if self.until("ready").await?["session"] != session {
            return Err("a session was lost".into());
        }
        self.ask("third").await?;
        let wait = killed.elapsed();
        if self.newest_turn != asked + 1 + UNWRITTEN_TURNS {
            return Err(format!("turn {} came after turn {asked}", self.newest_turn).into());
        }
        Ok(wait)
    }

    /// Types a question and waits for the first sound of its answer, which must not be one that was begun before.
    async fn ask(&mut self, words: &str) -> Result<(), Failure> {
        self.say(&json!({ "type": "text", "text": words })).await?;
        let transcript = self.until("transcript").await?;
        self.newest_turn = transcript["turn"].as_u64().ok_or("a transcript without a turn")?;
        let reply = self.until("reply").await?;
        if reply["turn"] != self.newest_turn {
            return Err(format!("said again after turn {}: {reply}", self.newest_turn).into());
        }
        loop {
            match self.receive().await? {
                Message::Binary(_) => return Ok(()),
                _ => continue,
            }
        }
    }

    async fn interrupt(&mut self) -> Result<(), Failure> {
        self.say(&json!({ "type": "interrupt" })).await?;
        self.until("reply_end").await.map(|_| ())
    }

    async fn say(&mut self, frame: &Value) -> Result<(), Failure> {
        Ok(self.socket.send(&wire::text(&frame.to_string())).await?)
    }

    /// The next frame of this type. Whatever is said before that is no reply.
    async fn until(&mut self, kind: &str) -> Result<Value, Failure> {
        loop {
            let Message::Text(text) = self.receive().await? else { continue };
            let frame: Value = serde_json::from_str(&text)?;
            if frame["type"] == kind {
                return Ok(frame);
            }
            if frame["type"] == "reply" && kind == "transcript" && frame["turn"] != self.newest_turn {
                return Err(format!("an answer to no question: {frame}").into());
            }
        }
    }

    async fn receive(&mut self) -> Result<Message, Failure> {
        self.socket.receive().await?.ok_or_else(|| "the connection ended".into())
    }
}

async fn connect(server: SocketAddr, path: &str) -> Result<Socket, Failure> {
    Socket::connect(server, path, &Connecting::default()).await.map_err(|refused| match refused {
        Refused::Status(status, _) => format!("refused with {status}").into(),
        Refused::Failed(error) => error.into(),
    })
}

impl WentOn {
    fn spread(&self) -> Spread {
        Spread::of(self.waits.clone())
    }

    /// What should not be, one line each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.failures.clone();
        let most = self.spread().most;
        problems.extend((most > GOAL_MS).then(|| format!("{most:.0} ms until the next answer, more than {GOAL_MS}")));
        problems
    }
}

impl fmt::Display for WentOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  kill -9 to the next answer {}, goal {GOAL_MS} ms", self.spread())?;
        writeln!(f, "  sessions lost, words forgotten or said twice {}", self.failures.len())?;
        self.problems().iter().try_for_each(|problem| writeln!(f, "  PROBLEM {problem}"))
    }
}
