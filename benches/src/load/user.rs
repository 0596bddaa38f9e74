//! One user: connects, comes back, is refused, over and over until the time is over.

mod connection;

use super::invariants::Invariants;
use super::material::Material;
use super::options::Load;
use super::record::Record;
use super::socket::{Connecting, Refused, Socket};
use connection::Connection;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use voice_core::testing::Random;

/// How long a user that left stays away.
const AWAY: Duration = Duration::from_millis(700);
/// How long a user that was refused waits, unless told how long.
const REFUSED: Duration = Duration::from_secs(2);
/// Stands for the status of a refusal that came after the handshake.
const BYE: u16 = 1;

/// What all users share.
pub(super) struct Common {
    pub(super) load: Load,
    pub(super) material: Material,
    /// When they begin to talk.
    pub(super) begin: Instant,
    /// When all of them stop.
    pub(super) end: Instant,
}

/// One scripted user.
pub(super) struct User {
    common: Arc<Common>,
    name: String,
    connecting: Connecting,
    random: Random,
    record: Record,
    invariants: Invariants,
    resume: Option<String>,
    /// Which of the servers it talks to.
    server: usize,
}

/// Why a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    /// The time is over; the user said goodbye.
    Done,
    /// The session is over.
    Over,
    /// There is no session for this user now.
    Refused,
    /// The user left and will come back.
    Left,
    /// The user left for good; another takes the place.
    Gone,
    /// The server ended it.
    Lost,
}

impl User {
    pub(super) fn new(common: Arc<Common>, index: usize) -> Self {
        let connecting =
            Connecting { from: common.load.address(index), receive_buffer: None, headers: common.load.headers.clone() };
        let random = Random::new(common.load.seed.wrapping_mul(1_000_003).wrapping_add(index as u64));
        Self {
            common,
            name: format!("user {index}"),
            connecting,
            random,
            record: Record::default(),
            invariants: Invariants::new(true),
            resume: None,
            server: index,
        }
    }

    /// Lives until the time is over; what there is to tell.
    pub(super) async fn live(mut self) -> Record {
        while Instant::now() < self.common.end {
            let begin = Instant::now();
            let Load { servers, path, .. } = &self.common.load;
            // A server that is full still takes those who come back.
            let path = if self.resume.is_some() { format!("{path}?resume=1") } else { path.clone() };
            match Socket::connect(servers[self.server % servers.len()], &path, &self.connecting).await {
                Ok(socket) => self.attend(socket, begin).await,
                Err(refused) => self.refused(refused).await,
            }
        }
        self.forget_session();
        self.record
    }

    async fn refused(&mut self, refused: Refused) {
        let (status, wait) = match refused {
            Refused::Status(status, retry_after) => (status, retry_after.map_or(REFUSED, Duration::from_secs)),
            Refused::Failed(_) => {
                self.server += 1;
                (0, AWAY)
            }
        };
        *self.record.refused.entry(status).or_default() += 1;
        tokio::time::sleep_until((Instant::now() + wait).min(self.common.end)).await;
    }

    /// One connection, and what becomes of the session after it.
    async fn attend(&mut self, socket: Socket, begin: Instant) {
        let ending = Connection::new(self, begin).converse(socket).await;
        match ending {
            Ending::Done | Ending::Over | Ending::Gone => self.forget_session(),
            Ending::Refused => self.refused(Refused::Status(BYE, None)).await,
            Ending::Left => {
                self.invariants.lost();
                tokio::time::sleep(AWAY).await;
            }
            Ending::Lost => {
                self.record.lost += 1;
                self.server += 1;
                self.invariants.lost();
                tokio::time::sleep(AWAY).await;
            }
        }
    }

    /// The session that `resume` continues goes on, or has begun: then nothing of the one before counts any more.
    fn welcomed(&mut self, resume: &str) {
        let wanted = self.resume.take();
        if wanted.as_deref() == Some(resume) {
            self.record.resumed += 1;
        } else {
            self.record.sessions += 1;
            self.record.not_resumed += u64::from(wanted.is_some());
            self.forget_session();
            self.invariants.connected();
        }
        self.resume = Some(resume.to_owned());
    }

    fn forget_session(&mut self) {
        self.resume = None;
        let invariants = std::mem::replace(&mut self.invariants, Invariants::new(true));
        self.record.close(&self.name, &invariants);
    }
}
