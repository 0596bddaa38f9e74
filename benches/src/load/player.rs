//! A loudspeaker that keeps time: plays what it gets, and says how far it is.

use std::time::Duration;
use tokio::time::Instant;
use voice_core::TurnId;
use voice_core::protocol::ClientFrame;

/// Samples a second.
const RATE: u64 = 16_000;
/// How often it says how far it is, while it plays.
const EVERY: Duration = Duration::from_millis(100);

/// One client's loudspeaker.
#[derive(Debug)]
pub(super) struct Player {
    reports: bool,
    turn: Option<u32>,
    received: u64,
    /// Samples played when the clock was last looked at, and when that was; no time while it is held.
    played: u64,
    since: Option<Instant>,
    reported: (u64, Option<Instant>),
}

impl Player {
    /// One that reports, or does not.
    pub(super) fn new(reports: bool) -> Self {
        Self { reports, turn: None, received: 0, played: 0, since: None, reported: (0, None) }
    }

    /// Audio of this turn follows.
    pub(super) fn reply(&mut self, turn: u32) {
        if self.turn != Some(turn) {
            *self = Self { turn: Some(turn), ..Self::new(self.reports) };
        }
    }

    pub(super) fn audio(&mut self, samples: u64, now: Instant) {
        let begins = self.received == 0;
        self.settle(now);
        self.received += samples;
        if begins {
            self.since = Some(now);
        }
    }

    pub(super) fn hold(&mut self, now: Instant) {
        self.settle(now);
        self.since = None;
    }

    pub(super) fn go_on(&mut self, now: Instant) {
        self.since = Some(now);
    }

    /// How far it is, when it is time to say so.
    pub(super) fn report(&mut self, now: Instant) -> Option<ClientFrame> {
        let due = self.reported.1.is_none_or(|at| now >= at + EVERY);
        if !self.reports || !due {
            return None;
        }
        self.settle(now);
        (self.played != self.reported.0).then(|| self.said(now)).flatten()
    }

    /// Drops what was not played; the last word on it.
    pub(super) fn clear(&mut self, turn: u32, now: Instant) -> Option<ClientFrame> {
        if !self.reports || self.turn != Some(turn) {
            return None;
        }
        self.settle(now);
        let last = self.said(now);
        self.end(turn);
        last
    }

    /// The turn is over.
    pub(super) fn end(&mut self, turn: u32) {
        if self.turn == Some(turn) {
            *self = Self::new(self.reports);
        }
    }

    fn said(&mut self, now: Instant) -> Option<ClientFrame> {
        self.reported = (self.played, Some(now));
        Some(ClientFrame::Played { turn: TurnId(self.turn?), samples: self.played })
    }

    /// A queue that has run dry waits: it plays on from when more comes.
    fn settle(&mut self, now: Instant) {
        let Some(since) = self.since else { return };
        let passed = now.saturating_duration_since(since).as_micros() as u64 * RATE / 1_000_000;
        self.played = (self.played + passed).min(self.received);
        self.since = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(frame: Option<ClientFrame>) -> Option<u64> {
        match frame {
            Some(ClientFrame::Played { samples, .. }) => Some(samples),
            _ => None,
        }
    }

    #[test]
    fn it_plays_what_it_has_at_its_own_pace_and_stops_when_told() {
        let begin = Instant::now();
        let after = |ms: u64| begin + Duration::from_millis(ms);
        let mut player = Player::new(true);
        player.reply(1);
        player.audio(3_200, begin);
        assert_eq!(samples(player.report(after(100))), Some(1_600));
        assert_eq!(samples(player.report(after(150))), None, "not so soon");
        assert_eq!(samples(player.report(after(500))), Some(3_200), "no more than it got");
        player.audio(3_200, after(1_000));
        player.hold(after(1_050));
        assert_eq!(samples(player.report(after(2_000))), Some(4_000));
        player.go_on(after(2_000));
        assert_eq!(samples(player.clear(1, after(2_100))), Some(5_600));
        player.audio(3_200, after(2_100));
        assert_eq!(samples(player.report(after(2_200))), None, "of no turn");
    }
}
