//! The listener's loudspeaker, as the session imagines it.

use super::super::paced_clock::PacedClock;
use super::RATE;
use super::steady::Steady;
use super::tape::{PlayedTape, samples_at};
use crate::audio::Resampler;
use crate::audio::pcm;
use crate::error::Result;
use crate::time::SessionTime;
use bytes::{Buf, Bytes};
use std::collections::VecDeque;

/// Samples put on the tape at a time.
const BLOCK: usize = 480;
/// Seconds of audio that nobody asked for which are still put on the tape; of anything older only the time passes.
const CATCH_UP_S: u64 = 2;
/// A listener is followed when it plays later than the tape by more than [`MOST_BEHIND_MS`], which is well within what a
/// canceller finds by itself, so that it is [`LEFT_BEHIND_MS`] behind then. It is never let come closer than
/// [`LEAST_BEHIND_MS`]: an echo that is earlier than its cause cannot be cancelled.
const MOST_BEHIND_MS: i64 = 300;
const LEFT_BEHIND_MS: i64 = 100;
const LEAST_BEHIND_MS: i64 = 20;

/// Turns the audio handed over to a client into what sounds at each moment: the far end of an echo canceller.
///
/// Audio sounds when it is taken to be played, not when it was sent: at the pace of a clock from when it was handed over,
/// with silence where there is nothing, standing still while a client that can do so holds, and cut off where it was
/// cleared. Reports of what was really played tell by how much the listener is later than that.
#[derive(Debug)]
pub struct Loudspeaker {
    rate: u32,
    can_pause: bool,
    clock: PacedClock,
    /// Audio handed over that has not sounded, PCM16.
    waiting: VecDeque<Bytes>,
    /// Samples handed over, those of them that are over, and where the present reply begins among them.
    sent: u64,
    over: u64,
    reply: u64,
    /// Samples of the session's time that are on the tape, at `rate`.
    told: u64,
    resampler: Resampler,
    resampled: Vec<f32>,
    tape: PlayedTape,
    lag: Steady,
    delay: i64,
}

impl Loudspeaker {
    /// A silent loudspeaker for audio of `rate` Hz. `can_pause` when the client stops at once when told to hold.
    ///
    /// # Errors
    /// `InvalidConfig` when the rate cannot be resampled to 16 kHz.
    pub fn new(rate: u32, can_pause: bool, now: SessionTime) -> Result<Self> {
        let mut loudspeaker = Self {
            rate,
            can_pause,
            clock: PacedClock::default(),
            waiting: VecDeque::new(),
            sent: 0,
            over: 0,
            reply: 0,
            told: 0,
            resampler: Resampler::new(rate, RATE)?,
            resampled: Vec::new(),
            tape: PlayedTape::new(),
            lag: Steady::new(i64::from(rate) * LEFT_BEHIND_MS / 1_000),
            delay: 0,
        };
        loudspeaker.advance(now)?;
        Ok(loudspeaker)
    }

    /// A reply begins; reports count from here.
    pub fn begin(&mut self) {
        self.reply = self.sent;
    }

    /// Audio of the reply is handed over, mono PCM16 little-endian. Odd bytes at the end are ignored.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    pub fn play(&mut self, pcm: Bytes, now: SessionTime) -> Result<()> {
        let result = self.advance(now);
        self.clock.run(now, self.rate, self.sent);
        self.sent += pcm.len() as u64 / 2;
        self.waiting.push_back(pcm);
        result
    }

    /// The client is told to hold.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    pub fn hold(&mut self, now: SessionTime) -> Result<()> {
        let result = self.advance(now);
        if self.can_pause {
            self.clock.stop(now, self.rate, self.sent);
        }
        result
    }

    /// The client is told to go on.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    pub fn resume(&mut self, now: SessionTime) -> Result<()> {
        let result = self.advance(now);
        self.clock.run(now, self.rate, self.sent);
        result
    }

    /// The client is told to drop what it has not played.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    pub fn clear(&mut self, now: SessionTime) -> Result<()> {
        let result = self.advance(now);
        self.waiting.clear();
        self.sent = self.over;
        self.clock.stop(now, self.rate, self.sent);
        result
    }

    /// The client has played `samples` of the reply.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    pub fn report(&mut self, samples: u64, now: SessionTime) -> Result<()> {
        let result = self.advance(now);
        let played = (self.reply + samples).min(self.sent);
        if played > self.over {
            // Whoever is ahead of the clock is right.
            self.discard(played - self.over);
            self.clock.jump(self.over, now);
        } else if self.over < self.sent {
            // A clock that has run dry waits for the listener, and says nothing of how late that is.
            let lag = self.lag.observe((self.over - played) as i64, now);
            self.follow(lag);
        }
        result
    }

    /// Brings the tape up to this moment. Everything that has sounded is on it then.
    ///
    /// # Errors
    /// Those of the resampler; the common rates have none.
    pub fn advance(&mut self, now: SessionTime) -> Result<()> {
        let due = samples_at(now, self.rate).saturating_sub(self.told);
        let mut sounded = self.clock.position(now, self.rate, self.sent) - self.over;
        let forgotten = (due / u64::from(self.rate)).saturating_sub(CATCH_UP_S);
        if forgotten > 0 {
            let samples = forgotten * u64::from(self.rate);
            self.told += samples;
            self.tape.skip(forgotten * u64::from(RATE));
            let lost = sounded.min(samples);
            self.discard(lost);
            sounded -= lost;
        }
        let result = self.sound(sounded);
        let silence = samples_at(now, self.rate).saturating_sub(self.told);
        result.and(self.be_silent(silence))
    }

    /// What has sounded, as of the last [`advance`](Self::advance).
    pub fn tape(&self) -> &PlayedTape {
        &self.tape
    }

    /// Takes the listener for so many samples later than the clock.
    fn follow(&mut self, lag: i64) {
        let milliseconds = lag * 1_000 / i64::from(self.rate);
        if !(self.delay + LEAST_BEHIND_MS..=self.delay + MOST_BEHIND_MS).contains(&milliseconds) {
            self.delay = (milliseconds - LEFT_BEHIND_MS).max(0);
            self.tape.set_delay(self.delay * i64::from(RATE) / 1_000);
        }
    }

    fn sound(&mut self, samples: u64) -> Result<()> {
        let mut left = samples;
        let mut result = Ok(());
        while let Some(front) = self.waiting.front_mut().filter(|_| left > 0) {
            let mut block = [0.0; BLOCK];
            let length = (front.len() / 2).min(BLOCK).min(usize::try_from(left).unwrap_or(BLOCK));
            for sample in &mut block[..length] {
                *sample = pcm::to_f32(front.get_i16_le());
            }
            if front.len() < 2 {
                self.waiting.pop_front();
            }
            left -= length as u64;
            self.over += length as u64;
            result = result.and(self.put(&block[..length]));
        }
        result
    }

    fn be_silent(&mut self, samples: u64) -> Result<()> {
        let mut left = samples as usize;
        let mut result = Ok(());
        while left > 0 {
            let length = left.min(BLOCK);
            result = result.and(self.put(&[0.0; BLOCK][..length]));
            left -= length;
        }
        result
    }

    fn put(&mut self, block: &[f32]) -> Result<()> {
        self.resampled.clear();
        self.told += block.len() as u64;
        let result = self.resampler.process(block, &mut self.resampled);
        self.tape.push(&self.resampled);
        result
    }

    /// Lets audio pass that is not put on the tape.
    fn discard(&mut self, samples: u64) {
        let mut left = samples as usize;
        while let Some(front) = self.waiting.front_mut().filter(|_| left > 0) {
            let length = left.min(front.len() / 2);
            front.advance(length * 2);
            left -= length;
            self.over += length as u64;
            if front.len() < 2 {
                self.waiting.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests;
