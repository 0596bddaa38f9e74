//! Short visits: sessions opened and left in every way there is, one after the other.

use super::material::Material;
use super::options::source;
use super::socket::{Connecting, Refused, Socket};
use super::wire::{self, Message};
use crate::process::ProcessState;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use voice_core::protocol::ServerFrame;
use voice_core::testing::Random;

/// How long a visit may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// After a refusal.
const RETRY: Duration = Duration::from_millis(50);
/// How often the server is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How many visits, and from where.
#[derive(Debug, Clone)]
pub struct Visits {
    /// Where the server listens.
    pub server: SocketAddr,
    /// All of them.
    pub total: usize,
    /// At once.
    pub at_once: usize,
    /// Addresses they come from, 127.0.0.1 and on.
    pub addresses: u8,
    /// Seed of all that is random.
    pub seed: u64,
    /// The server's process.
    pub process: u32,
}

/// What a visitor does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// Says goodbye after a few words.
    Goodbye,
    /// Is gone in the middle of a word, with or without a reset.
    MidWord { gently: bool },
    /// Asks, and is gone when the answer begins.
    MidAnswer,
    /// Connects and says nothing.
    Silent,
    /// Is gone in the middle of the request's head.
    HalfARequest,
}

impl Way {
    fn draw(random: &mut Random) -> Self {
        match random.within(0..16) {
            0..8 => Self::Goodbye,
            8..11 => Self::MidWord { gently: false },
            11..13 => Self::MidWord { gently: true },
            13 => Self::MidAnswer,
            14 => Self::Silent,
            _ => Self::HalfARequest,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Goodbye => "goodbye",
            Self::MidWord { gently: false } => "reset in the middle of a word",
            Self::MidWord { gently: true } => "gone in the middle of a word",
            Self::MidAnswer => "gone in the middle of an answer",
            Self::Silent => "said nothing",
            Self::HalfARequest => "half a request",
        }
    }
}

/// What became of the visits.
#[derive(Debug, Clone, Default)]
pub struct Visited {
    /// Visits that went as they should, by the way they ended.
    pub ways: BTreeMap<&'static str, u64>,
    /// Visits that did not, in words.
    pub failures: Vec<String>,
    /// Times a visitor was refused, and came again.
    pub refused: u64,
    /// Visits done and the server's state then, every half second.
    pub states: Vec<(usize, ProcessState)>,
}

/// Makes all visits.
///
/// # Errors
/// There is nothing to say.
pub async fn visit(visits: &Visits) -> voice_core::Result<Visited> {
    let (material, done) = (Arc::new(Material::prepare()?), Arc::new(AtomicUsize::new(0)));
    let begun = Arc::new(AtomicUsize::new(0));
    let mut visitors = JoinSet::new();
    for _ in 0..visits.at_once {
        let (visits, material, begun, done) = (visits.clone(), material.clone(), begun.clone(), done.clone());
        visitors.spawn(async move {
            let mut visited = Visited::default();
            loop {
                let index = begun.fetch_add(1, Ordering::Relaxed);
                if index >= visits.total {
                    return visited;
                }
                one(&visits, index, &material, &mut visited).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let mut all = Visited::default();
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            visitor = visitors.join_next() => match visitor {
                Some(Ok(visited)) => all.add(visited),
                Some(Err(error)) => all.failures.push(format!("a visitor broke: {error}")),
                None => return Ok(all),
            },
            _ = looks.tick() => {
                all.states.push((done.load(Ordering::Relaxed), ProcessState::of(visits.process)));
            }
        }
    }
}

async fn one(visits: &Visits, index: usize, material: &Material, visited: &mut Visited) {
    let mut random = Random::new(visits.seed.wrapping_mul(1_000_003).wrapping_add(index as u64));
    let way = Way::draw(&mut random);
    loop {
        match tokio::time::timeout(PATIENCE, come_and_go(visits, index, way, material, &mut random)).await {
            Ok(Ok(())) => *visited.ways.entry(way.name()).or_default() += 1,
            Ok(Err(Refused::Status(..))) => {
                visited.refused += 1;
                tokio::time::sleep(RETRY).await;
                continue;
            }
            Ok(Err(Refused::Failed(error))) => visited.failures.push(format!("visit {index}, {}: {error}", way.name())),
            Err(_) => visited.failures.push(format!("visit {index}, {}: took longer than 20 s", way.name())),
        }
        return;
    }
}

async fn come_and_go(
    visits: &Visits,
    index: usize,
    way: Way,
    material: &Material,
    random: &mut Random,
) -> Result<(), Refused> {
    let connecting = Connecting { from: source(visits.addresses, index), ..Connecting::default() };
    if way == Way::HalfARequest {
        let mut stream = TcpStream::connect(visits.server).await.map_err(Refused::Failed)?;
        return stream.write_all(b"GET /ws HTTP/1.1\r\nHost: loc").await.map_err(Refused::Failed);
    }
    let mut socket = Socket::connect(visits.server, "/ws", &connecting).await?;
    if way == Way::Silent {
        socket.vanish(random.percent(50));
        return Ok(());
    }
    socket.send(&wire::text(r#"{"type":"start"}"#)).await.map_err(Refused::Failed)?;
    until(&mut socket, |frame| matches!(frame, ServerFrame::Ready { .. })).await?;
    // Half a second or so of the sentence, faster than it is said, and within what may be ahead.
    let words = random.within(10..50) as usize;
    for frame in &material.utterance[..words.min(material.utterance.len())] {
        socket.send(frame).await.map_err(Refused::Failed)?;
    }
    match way {
        Way::MidWord { gently } => socket.vanish(gently),
        Way::MidAnswer => {
            socket.send(&wire::text(r#"{"type":"text","text":"what time is it"}"#)).await.map_err(Refused::Failed)?;
            until(&mut socket, |frame| matches!(frame, ServerFrame::Audio(_))).await?;
            socket.vanish(random.percent(50));
        }
        Way::Goodbye => {
            socket.send(&wire::text(r#"{"type":"end"}"#)).await.map_err(Refused::Failed)?;
            until(&mut socket, |frame| matches!(frame, ServerFrame::Bye { .. })).await?;
        }
        Way::Silent | Way::HalfARequest => {}
    }
    Ok(())
}

/// Reads until such a frame.
async fn until(socket: &mut Socket, wanted: impl Fn(&ServerFrame) -> bool) -> Result<(), Refused> {
    let lost = |what: &str| Refused::Failed(io::Error::new(io::ErrorKind::UnexpectedEof, what.to_owned()));
    loop {
        let frame = match socket.receive().await.map_err(Refused::Failed)? {
            Some(Message::Text(text)) => ServerFrame::from_text(&text).ok(),
            Some(Message::Binary(pcm)) => Some(ServerFrame::Audio(pcm)),
            Some(Message::Ping(_)) => None,
            Some(Message::Close(code)) => return Err(lost(&format!("closed with {code}"))),
            None => return Err(lost("the connection ended")),
        };
        match frame {
            Some(frame) if wanted(&frame) => return Ok(()),
            // No place for now.
            Some(ServerFrame::Bye { .. }) => return Err(Refused::Status(0, None)),
            _ => {}
        }
    }
}

impl Visited {
    fn add(&mut self, other: Self) {
        for (way, count) in other.ways {
            *self.ways.entry(way).or_default() += count;
        }
        self.failures.extend(other.failures);
        self.refused += other.refused;
    }

    /// Growth of resident memory over the visits from this share of them on, in KiB for a thousand: the slope of the line
    /// that fits best.
    pub fn growth(&self, from: f64) -> f64 {
        let total = self.states.last().map_or(0, |(done, _)| *done) as f64;
        let late = self.states.iter().filter(|(done, _)| *done as f64 >= total * from);
        let points: Vec<(f64, f64)> = late.map(|(done, state)| (*done as f64, state.resident_kib as f64)).collect();
        let count = points.len().max(1) as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
        let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
        if spread > 0.0 { together / spread * 1_000.0 } else { 0.0 }
    }

    /// Resident memory after so many visits, in KiB.
    pub fn resident_after(&self, visits: usize) -> u64 {
        self.states.iter().find(|(done, _)| *done >= visits).map_or(0, |(_, state)| state.resident_kib)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_that_of_the_later_visits() {
        let state = |kib| ProcessState { resident_kib: kib, ..ProcessState::default() };
        let early = (0..50).map(|n| (n * 100, state(1_000 + n as u64 * 10)));
        let late = (50..100).map(|n| (n * 100, state(2_000 + n as u64)));
        let visited = Visited { states: early.chain(late).collect(), ..Visited::default() };
        let growth = visited.growth(0.51);
        assert!((growth - 10.0).abs() < 0.01, "a KiB in a hundred visits: {growth}");
        assert_eq!(visited.resident_after(150), 1_020);
    }
}
