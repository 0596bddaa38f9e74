//! What the client's loudspeaker does with the audio it gets.

use crate::id::TurnId;
use crate::protocol::ServerFrame;
use std::collections::VecDeque;

/// Plays in real time, looked at from time to time.
pub(super) struct Player {
    rate: u64,
    /// What waits: turns and samples.
    waiting: VecDeque<(TurnId, u64)>,
    /// The turn that is played, and what of it was so far.
    playing: Option<(TurnId, u64)>,
    held: bool,
    looked_at_ms: u64,
}

impl Player {
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: rate.into(), waiting: VecDeque::new(), playing: None, held: false, looked_at_ms: 0 }
    }

    pub(super) fn audio(&mut self, turn: TurnId, samples: u64) {
        self.waiting.push_back((turn, samples));
    }

    /// Obeys a frame. Gives the last report of a turn that is cleared.
    pub(super) fn obey(&mut self, frame: &ServerFrame, now_ms: u64) -> Option<(TurnId, u64)> {
        match frame {
            ServerFrame::Pause { .. } => {
                self.play(now_ms);
                self.held = true;
            }
            ServerFrame::Resume { .. } => {
                self.play(now_ms);
                self.held = false;
            }
            ServerFrame::Clear { turn } => {
                self.play(now_ms);
                self.held = false;
                self.waiting.retain(|(of, _)| of != turn);
                return Some((*turn, self.playing.filter(|(of, _)| of == turn).map_or(0, |(_, samples)| samples)));
            }
            _ => {}
        }
        None
    }

    /// Plays up to now. Gives what is to be reported, if anything was played.
    pub(super) fn play(&mut self, now_ms: u64) -> Option<(TurnId, u64)> {
        let mut samples = (now_ms - self.looked_at_ms) * self.rate / 1_000;
        self.looked_at_ms = now_ms;
        if self.held {
            return None;
        }
        let before = self.playing;
        while samples > 0
            && let Some((turn, left)) = self.waiting.front_mut()
        {
            let now = samples.min(*left);
            let so_far = self.playing.filter(|(of, _)| of == turn).map_or(0, |(_, samples)| samples);
            self.playing = Some((*turn, so_far + now));
            (samples, *left) = (samples - now, *left - now);
            if *left == 0 {
                self.waiting.pop_front();
            }
        }
        self.playing.filter(|playing| before.as_ref() != Some(playing))
    }
}
