//! What tokens were used for on all servers that share a Redis: each is one sorted set, of the sessions it was used for.
//!
//! A session's score is the time until which it counts as open, by Redis' own clock: whoever holds it says so again and
//! again, so that one whose server died is open no more after a while. One that has ended has none, and was a use.

use super::{Claims, Spent, Use};
use crate::clock::unix_seconds;
use crate::state::AppState;
use crate::store::{Link, StoreError, TokenHash, script};
use redis::Cmd;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};
use voice_core::SessionId;

/// How long a session counts as open of which nothing is heard, in ms.
const OPEN_MS: u64 = 30_000;
/// How often it is said that it still is.
const EVERY: Duration = Duration::from_millis(OPEN_MS / 3);
/// How long a token is remembered at most, in s; Redis does not take any number.
const LONGEST_S: u64 = 10 * 366 * 24 * 3_600;

/// Counts one more session. Its score; or 1, as many are open as may be; or 2, there were as many as may be.
const CLAIM: &str = "
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if ARGV[2] == '0' then redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
elseif redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 2 end
if ARGV[3] ~= '0' and redis.call('ZCOUNT', KEYS[1], now, '+inf') >= tonumber(ARGV[3]) then return 1 end
redis.call('ZADD', KEYS[1], now + ARGV[4], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return now + ARGV[4]";

/// A session is still open, if it was ever counted. Its score.
const GO_ON: &str = "
local t = redis.call('TIME')
local open = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2]
redis.call('ZADD', KEYS[1], 'XX', open, ARGV[1])
return open";

/// A session is open no more, unless another server has said since that it is.
const END: &str = "
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1])) == tonumber(ARGV[2]) then
    redis.call('ZADD', KEYS[1], 'XX', 0, ARGV[1])
end
return 1";

/// The right of a token to one more session: on all servers, where they can be asked, else on this one.
///
/// # Errors
/// It has none.
pub(crate) async fn claim(state: &AppState, claims: &Claims, now: u64) -> Result<Use, Spent> {
    let mut here = state.tokens.ledger.claim(claims, now)?;
    let Some(count) = Count::of(state, claims, &here.session) else { return Ok(here) };
    let (ended, end) = oneshot::channel();
    let (told, answer) = oneshot::channel();
    here.ended = Some(ended);
    let command = count.claim(claims, now);
    // A task of its own: the client may leave while Redis is asked, and has then used nothing.
    state.memory.spawn(async move {
        let (score, answer) = match count.link.call::<u64>(&command).await {
            Ok(1) => (None, Err(Spent::Busy)),
            Ok(2) => (None, Err(Spent::Used)),
            Ok(score) => (Some(score), Ok(())),
            // It is counted here.
            Err(_) => (None, Ok(())),
        };
        // Who has left does not want to know.
        let _ = told.send(answer);
        if let Some(score) = score {
            count.hold(score, end).await;
        }
    });
    // A task that was stopped with the server tells nothing.
    answer.await.unwrap_or(Ok(())).map(|()| here)
}

/// The same for a session that goes on here and was another server's: it is open here now, and no further use.
pub(crate) fn carry(state: &AppState, claims: &Claims, session: &SessionId) -> Option<Use> {
    let mut here = state.tokens.ledger.carry(claims, session.clone(), unix_seconds()).ok()?;
    let Some(count) = Count::of(state, claims, session) else { return Some(here) };
    let (ended, end) = oneshot::channel();
    here.ended = Some(ended);
    state.memory.spawn(async move {
        if let Ok(score) = count.go_on().await {
            count.hold(score, end).await;
        }
    });
    Some(here)
}

/// A session in the set of its token.
struct Count {
    link: Arc<Link>,
    key: String,
    session: SessionId,
}

impl Count {
    /// None where the token is good for any number, or where no other server is told.
    fn of(state: &AppState, claims: &Claims, session: &SessionId) -> Option<Self> {
        let link = state.memory.link().filter(|_| claims.are_counted())?.clone();
        // The name of a token may be whatever its maker wants.
        let key = format!("voice-agent:token:{}", TokenHash::of(&claims.id).as_str());
        Some(Self { link, key, session: session.clone() })
    }

    fn claim(&self, claims: &Claims, now: u64) -> Cmd {
        let most = |most: Option<NonZeroU32>| most.map_or(0, NonZeroU32::get);
        let mut command = script(CLAIM, &self.key);
        command.arg(self.session.as_str()).arg(most(claims.max_uses)).arg(most(claims.max_sessions)).arg(OPEN_MS);
        command.arg(claims.expires.saturating_sub(now).clamp(1, LONGEST_S));
        command
    }

    async fn go_on(&self) -> Result<u64, StoreError> {
        let mut command = script(GO_ON, &self.key);
        command.arg(self.session.as_str()).arg(OPEN_MS);
        self.link.call(&command).await
    }

    /// Says that the session is open until it has ended, and whether it had begun.
    async fn hold(self, mut score: u64, mut end: oneshot::Receiver<bool>) {
        let mut again = interval(EVERY);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        again.tick().await;
        let begun = loop {
            tokio::select! {
                begun = &mut end => break begun.unwrap_or(true),
                // Said again next time, where it could not be said.
                _ = again.tick() => score = self.go_on().await.unwrap_or(score),
            }
        };
        let command = if begun {
            let mut command = script(END, &self.key);
            command.arg(self.session.as_str()).arg(score);
            command
        } else {
            let mut command = redis::cmd("ZREM");
            command.arg(&self.key).arg(self.session.as_str());
            command
        };
        // Else it is open no more in half a minute.
        let _ = self.link.call::<u64>(&command).await;
    }
}
