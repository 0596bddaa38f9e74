//! Playout: audio of one reply goes out a short way ahead of the listener, so that "sent" and "heard" stay close and an
//! interruption has little to take back.
//!
//! The listener's position is what it reports; one that never reports is taken to play as a clock would.

use super::paced_clock::PacedClock;
use crate::time::SessionTime;
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;

/// How playout runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayoutConfig {
    /// Rate of the audio, in Hz.
    pub rate: u32,
    /// How far "sent" may run ahead of "played".
    pub ahead: Duration,
    /// Whether the listener stops at once when it is told to hold. One that cannot plays on what it has.
    pub can_pause: bool,
}

/// Longest piece handed over at once. Longer pieces wake the session less often, shorter ones follow the limit closer.
const PIECE_MS: u64 = 100;
/// A listener that reports nothing for so long while it has audio is taken to play as a clock would.
const REPORT_STALL: Duration = Duration::from_millis(1_500);

/// The audio of one reply on its way to the transport. Mono PCM16, two bytes a sample; time is an argument.
#[derive(Debug)]
pub struct Playout {
    config: PlayoutConfig,
    queue: VecDeque<Bytes>,
    queued: u64,
    sent: u64,
    ended: bool,
    held: bool,
    /// Whether the listener reported when it was told to hold.
    reported_until_hold: bool,
    /// The listener was told to hold since the last piece: that it ran dry is no wonder.
    was_held: bool,
    was_late: bool,
    clock: PacedClock,
    report: Option<Report>,
}

#[derive(Debug, Clone, Copy)]
struct Report {
    samples: u64,
    at: SessionTime,
}

impl Playout {
    /// An empty playout. `reporting` when the listener is known to report what it played.
    pub fn new(config: PlayoutConfig, reporting: bool, now: SessionTime) -> Self {
        Self {
            config,
            queue: VecDeque::new(),
            queued: 0,
            sent: 0,
            ended: false,
            held: false,
            reported_until_hold: false,
            was_held: false,
            was_late: false,
            clock: PacedClock::default(),
            report: reporting.then_some(Report { samples: 0, at: now }),
        }
    }

    /// Adds audio. Odd bytes at the end are ignored.
    pub fn push(&mut self, pcm: Bytes) {
        let samples = pcm.len() as u64 / 2;
        if samples > 0 {
            self.queued += samples;
            self.queue.push_back(pcm);
        }
    }

    /// No more audio will come.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Samples that wait here.
    pub fn queued(&self) -> u64 {
        self.queued
    }

    /// Samples handed over.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether the listener reports, and has done so of late.
    pub fn is_reporting(&self, now: SessionTime) -> bool {
        self.report.is_some_and(|report| now.saturating_since(report.at) < REPORT_STALL)
    }

    /// Samples the listener has played, as far as is known. Never more than was sent.
    pub fn position(&self, now: SessionTime) -> u64 {
        let reported = self.report.map_or(0, |report| report.samples).min(self.sent);
        if self.is_reporting(now) {
            reported
        } else {
            self.clock.position(now, self.config.rate, self.sent).max(reported)
        }
    }

    /// The listener says that it has played `samples` of the reply.
    pub fn report(&mut self, samples: u64, now: SessionTime) {
        let before = self.report.map_or(0, |report| report.samples);
        self.report = Some(Report { samples: samples.max(before).min(self.sent), at: now });
    }

    /// Hands nothing over until [`resume`](Self::resume).
    pub fn hold(&mut self, now: SessionTime) {
        if !std::mem::replace(&mut self.held, true) {
            self.reported_until_hold = self.is_reporting(now);
            self.was_held = true;
        }
        if self.config.can_pause {
            self.clock.stop(now, self.config.rate, self.sent);
        }
    }

    /// Goes on at the same sample.
    pub fn resume(&mut self, now: SessionTime) {
        self.held = false;
        self.clock.run(now, self.config.rate, self.sent);
        if self.reported_until_hold {
            self.touch_report(now);
        }
    }

    /// Drops what waits and tells how many samples that was.
    pub fn clear(&mut self) -> u64 {
        self.queue.clear();
        self.ended = true;
        std::mem::take(&mut self.queued)
    }

    /// The next piece to hand over now, if the listener is not too far behind.
    pub fn release(&mut self, now: SessionTime) -> Option<Bytes> {
        let length = self.next_length()?;
        if self.held || self.sent + length > self.position(now) + self.ahead() {
            return None;
        }
        let dry = self.sent == self.position(now);
        if self.is_reporting(now) && dry {
            // The listener had run dry, so it could not report progress.
            self.touch_report(now);
        }
        let was_held = std::mem::take(&mut self.was_held);
        self.was_late = dry && self.sent > 0 && !was_held;
        self.clock.run(now, self.config.rate, self.sent);
        let front = self.queue.front_mut()?;
        let piece = front.split_to(length as usize * 2);
        if front.len() < 2 {
            self.queue.pop_front();
        }
        self.queued -= length;
        self.sent += length;
        Some(piece)
    }

    /// Whether the piece released last came after the listener had run dry in the middle of the reply.
    pub fn was_late(&self) -> bool {
        self.was_late
    }

    /// Whether all audio was handed over and played.
    pub fn is_done(&self, now: SessionTime) -> bool {
        self.ended && self.queue.is_empty() && self.position(now) >= self.sent
    }

    /// When [`release`](Self::release) or [`is_done`](Self::is_done) may change without anything else happening.
    pub fn next_wake(&self, now: SessionTime) -> Option<SessionTime> {
        let target = match self.next_length() {
            Some(_) if self.held => return None,
            Some(length) => (self.sent + length).saturating_sub(self.ahead()),
            None if self.ended && !self.held => self.sent,
            None => return None,
        };
        if let Some(report) = self.report.filter(|_| self.is_reporting(now)) {
            return Some(report.at + REPORT_STALL);
        }
        let missing = target.saturating_sub(self.position(now));
        let nanoseconds = (u128::from(missing) * 1_000_000_000).div_ceil(u128::from(self.config.rate));
        Some(now + Duration::from_nanos(nanoseconds as u64))
    }

    fn touch_report(&mut self, now: SessionTime) {
        if let Some(report) = &mut self.report {
            report.at = now;
        }
    }

    fn next_length(&self) -> Option<u64> {
        let piece = u64::from(self.config.rate) * PIECE_MS / 1_000;
        self.queue.front().map(|front| (front.len() as u64 / 2).min(piece))
    }

    /// The limit in samples, at least one piece so that playout can begin.
    fn ahead(&self) -> u64 {
        let samples = u128::from(self.config.rate) * self.config.ahead.as_nanos() / 1_000_000_000;
        (samples as u64).max(u64::from(self.config.rate) * PIECE_MS / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 16_000;

    fn playout(can_pause: bool, reporting: bool) -> Playout {
        let config = PlayoutConfig { rate: RATE, ahead: Duration::from_millis(600), can_pause };
        Playout::new(config, reporting, SessionTime::ZERO)
    }

    fn milliseconds(pcm: u64) -> u64 {
        pcm * 1_000 / u64::from(RATE)
    }

    fn seconds_of_audio(seconds: usize) -> Bytes {
        Bytes::from(vec![1; seconds * RATE as usize * 2])
    }

    fn release_all(playout: &mut Playout, now: SessionTime) -> u64 {
        std::iter::from_fn(|| playout.release(now)).map(|piece| piece.len() as u64 / 2).sum()
    }

    #[test]
    fn runs_at_most_600_ms_ahead_of_a_clock_and_misses_nothing() {
        let mut playout = playout(false, false);
        playout.push(seconds_of_audio(3));
        playout.end();
        let mut now = SessionTime::ZERO;
        let mut sent = 0;
        while !playout.is_done(now) {
            sent += release_all(&mut playout, now);
            assert!(milliseconds(playout.sent() - playout.position(now)) <= 600);
            now = playout.next_wake(now).expect("playout is not done");
        }
        assert_eq!(sent, 3 * u64::from(RATE));
        assert_eq!(now, SessionTime::from_millis(3_000));
    }

    #[test]
    fn a_listener_that_lags_holds_playout_back() {
        let mut playout = playout(true, true);
        playout.push(seconds_of_audio(3));
        assert_eq!(milliseconds(release_all(&mut playout, SessionTime::ZERO)), 600);
        let later = SessionTime::from_millis(400);
        playout.report(u64::from(RATE) / 10, later);
        assert_eq!(milliseconds(release_all(&mut playout, later)), 100);
    }

    #[test]
    fn a_listener_that_stops_reporting_is_taken_for_a_clock() {
        let mut playout = playout(true, true);
        playout.push(seconds_of_audio(1));
        playout.end();
        release_all(&mut playout, SessionTime::ZERO);
        let stalled = playout.next_wake(SessionTime::ZERO).expect("not done");
        assert_eq!(stalled, SessionTime::ZERO + REPORT_STALL);
        assert_eq!(milliseconds(playout.position(stalled)), 600);
        release_all(&mut playout, stalled);
        assert!(!playout.is_done(stalled));
    }

    #[test]
    fn a_listener_that_never_reports_again_is_waited_for_once() {
        let mut playout = playout(true, true);
        playout.push(seconds_of_audio(5));
        playout.end();
        let mut now = SessionTime::ZERO;
        let mut waits = Vec::new();
        while !playout.is_done(now) {
            let sent = release_all(&mut playout, now);
            if sent == 0 && playout.queued() > 0 {
                waits.push(now);
            }
            now = playout.next_wake(now).expect("playout is not done");
        }
        assert_eq!(waits, []);
        // 600 ms are played before the wait for a report is over; the rest follows without a gap.
        assert_eq!(now, SessionTime::ZERO + REPORT_STALL + Duration::from_millis(5_000 - 600));
    }

    #[test]
    fn a_hold_does_not_revive_a_listener_that_went_quiet() {
        let mut playout = playout(true, true);
        playout.push(seconds_of_audio(5));
        release_all(&mut playout, SessionTime::ZERO);
        let quiet = SessionTime::ZERO + REPORT_STALL;
        playout.hold(quiet);
        playout.resume(quiet + Duration::from_millis(100));
        assert!(!playout.is_reporting(quiet + Duration::from_millis(100)));
    }

    #[test]
    fn a_hold_stops_the_clock_of_a_listener_that_can_pause_only() {
        for (can_pause, played) in [(true, 200), (false, 500)] {
            let mut playout = playout(can_pause, false);
            playout.push(seconds_of_audio(2));
            release_all(&mut playout, SessionTime::ZERO);
            playout.hold(SessionTime::from_millis(200));
            let later = SessionTime::from_millis(500);
            assert_eq!(release_all(&mut playout, later), 0);
            assert_eq!(milliseconds(playout.position(later)), played);
            playout.resume(later);
            assert!(release_all(&mut playout, later) > 0);
        }
    }

    #[test]
    fn a_synthesiser_slower_than_speech_stops_the_clock_while_there_is_nothing() {
        let mut playout = playout(false, false);
        playout.push(seconds_of_audio(1).slice(..3_200));
        release_all(&mut playout, SessionTime::ZERO);
        let later = SessionTime::from_millis(900);
        assert_eq!(milliseconds(playout.position(later)), 100);
        playout.push(seconds_of_audio(1).slice(..3_200));
        release_all(&mut playout, later);
        assert_eq!(milliseconds(playout.position(later)), 100);
        assert_eq!(milliseconds(playout.position(SessionTime::from_millis(950))), 150);
    }

    #[test]
    fn a_piece_is_late_when_the_listener_has_run_dry_in_the_middle() {
        let mut playout = playout(false, false);
        let piece = seconds_of_audio(1).slice(..3_200);
        let give = |playout: &mut Playout, ms| {
            playout.push(piece.clone());
            playout.release(SessionTime::from_millis(ms)).map(|_| playout.was_late())
        };
        assert_eq!(give(&mut playout, 500), Some(false), "the first one");
        assert_eq!(give(&mut playout, 599), Some(false), "in time");
        assert_eq!(give(&mut playout, 701), Some(true));
        assert_eq!(give(&mut playout, 702), Some(false), "once a gap");
        playout.hold(SessionTime::from_millis(800));
        playout.resume(SessionTime::from_millis(2_000));
        assert_eq!(give(&mut playout, 2_000), Some(false), "it was told to hold");
        assert_eq!(give(&mut playout, 2_200), Some(true));
    }

    #[test]
    fn clearing_drops_what_waits() {
        let mut playout = playout(false, false);
        playout.push(seconds_of_audio(10));
        release_all(&mut playout, SessionTime::ZERO);
        assert_eq!(milliseconds(playout.clear()), 9_400);
        assert_eq!(playout.release(SessionTime::from_millis(5_000)), None);
    }
}
