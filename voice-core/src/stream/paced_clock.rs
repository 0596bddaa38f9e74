//! How far a loudspeaker has come that plays what it has.

use crate::time::SessionTime;

/// Counts samples as a loudspeaker would that plays what it has, as soon as it has it.
#[derive(Debug, Default)]
pub(crate) struct PacedClock {
    base: u64,
    running_since: Option<SessionTime>,
}

impl PacedClock {
    pub(crate) fn position(&self, now: SessionTime, rate: u32, sent: u64) -> u64 {
        let Some(since) = self.running_since else { return self.base };
        let elapsed = now.saturating_since(since).as_nanos() * u128::from(rate) / 1_000_000_000;
        sent.min(self.base + elapsed as u64)
    }

    /// Begins to run from where it stands, if it stood still or had run dry.
    pub(crate) fn run(&mut self, now: SessionTime, rate: u32, sent: u64) {
        let position = self.position(now, rate, sent);
        if self.running_since.is_none() || position == sent {
            *self = Self { base: position, running_since: Some(now) };
        }
    }

    pub(crate) fn stop(&mut self, now: SessionTime, rate: u32, sent: u64) {
        *self = Self { base: self.position(now, rate, sent), running_since: None };
    }

    /// Goes on from `position`, running if it ran before.
    pub(crate) fn jump(&mut self, position: u64, now: SessionTime) {
        *self = Self { base: position, running_since: self.running_since.map(|_| now) };
    }
}
