//! The session's end of the playout: the real one, with audio that tells whose it is.

use super::scenario::Listener;
use crate::id::{ReplyId, TurnId};
use crate::stream::{Playout, PlayoutConfig};
use crate::time::SessionTime;
use bytes::Bytes;
use std::time::Duration;

/// Audio of one sample value, cut into what is pushed at once. Nothing is copied.
const LONGEST_PIECE: usize = 16_000;

pub(super) struct Mouth {
    pub(super) reply: ReplyId,
    pub(super) playout: Playout,
    audio: Bytes,
    /// Sentences that the voice has not spoken to their end.
    owed: u32,
    text_ended: bool,
    closed: bool,
}

/// What every sample of a reply holds.
pub(super) fn mark(reply: ReplyId) -> u16 {
    (reply.turn.0.wrapping_mul(8).wrapping_add(reply.attempt % 8)) as u16
}

impl Mouth {
    pub(super) fn open(reply: ReplyId, listener: &Listener, reporting: bool, now: SessionTime) -> Self {
        let config = PlayoutConfig {
            rate: listener.rate,
            ahead: Duration::from_millis(listener.ahead_ms),
            can_pause: listener.can_pause,
        };
        Self {
            reply,
            playout: Playout::new(config, reporting, now),
            audio: Bytes::from(mark(reply).to_le_bytes().repeat(LONGEST_PIECE)),
            owed: 0,
            text_ended: false,
            closed: false,
        }
    }

    pub(super) fn takes(&self) -> bool {
        !self.closed
    }

    pub(super) fn push(&mut self, samples: u64) {
        let mut left = samples as usize;
        while left > 0 {
            let piece = left.min(LONGEST_PIECE);
            self.playout.push(self.audio.slice(..piece * 2));
            left -= piece;
        }
    }

    pub(super) fn owe(&mut self) {
        self.owed += 1;
    }

    pub(super) fn spoken(&mut self) {
        self.owed = self.owed.saturating_sub(1);
        self.close_if_spoken();
    }

    pub(super) fn end_text(&mut self) {
        self.text_ended = true;
        self.close_if_spoken();
    }

    fn close_if_spoken(&mut self) {
        if self.text_ended && self.owed == 0 {
            self.close();
        }
    }

    /// The voice gives nothing more; what it gave is played.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.playout.end();
    }

    pub(super) fn is_done(&self, now: SessionTime) -> bool {
        self.closed && self.playout.is_done(now)
    }

    pub(super) fn position(&self, now: SessionTime) -> (TurnId, u64, bool) {
        (self.reply.turn, self.playout.position(now), self.playout.is_reporting(now))
    }
}
