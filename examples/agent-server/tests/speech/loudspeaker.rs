//! A client's loudspeaker: what it holds, what it has played, and what it tells the server of it.

use crate::support::Frame;
use serde_json::{Value, json};

/// How a client listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    /// Takes all audio for played the moment it comes, and says so: an impatient test.
    AtOnce,
    /// Plays at the natural pace, reports it, and knows `pause` and `resume`.
    Playing,
    /// Plays at the natural pace and reports it.
    PlayingOn,
    /// Never says what it played.
    Silent,
}

#[derive(Debug)]
pub struct Loudspeaker {
    listening: Listening,
    turn: Option<u64>,
    received: u64,
    played: u64,
    reported: u64,
    paused: bool,
    ticks: u64,
}

impl Loudspeaker {
    pub fn new(listening: Listening) -> Self {
        Self { listening, turn: None, received: 0, played: 0, reported: 0, paused: false, ticks: 0 }
    }

    /// Takes a frame; what is to be reported because of it.
    pub fn take(&mut self, frame: &Frame) -> Option<Value> {
        match frame {
            Frame::Audio(pcm) => {
                self.received += pcm.len() as u64 / 2;
                if self.listening != Listening::AtOnce {
                    return None;
                }
                self.played = self.received;
                self.report()
            }
            Frame::Json(frame) => match frame["type"].as_str() {
                Some("reply") if frame["turn"].as_u64() != self.turn => {
                    *self = Self { turn: frame["turn"].as_u64(), ..Self::new(self.listening) };
                    None
                }
                Some("pause") => {
                    self.paused = true;
                    self.report()
                }
                Some("resume") => {
                    self.paused = false;
                    None
                }
                Some("clear") => {
                    self.received = self.played;
                    self.report()
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Samples of the current turn that came out of it.
    pub fn played(&self) -> u64 {
        self.played
    }

    /// Time goes by; what is to be reported, every 100 ms and when it has run dry.
    pub fn tick(&mut self, samples: u64) -> Option<Value> {
        if matches!(self.listening, Listening::AtOnce | Listening::Silent) {
            return None;
        }
        let before = self.played;
        if !self.paused {
            self.played = (self.played + samples).min(self.received);
        }
        self.ticks += 1;
        let due = self.ticks.is_multiple_of(5) || self.played == self.received;
        (due && self.played != before).then(|| self.report()).flatten()
    }

    fn report(&mut self) -> Option<Value> {
        if self.listening == Listening::Silent {
            return None;
        }
        self.reported = self.played;
        Some(json!({ "type": "played", "turn": self.turn?, "samples": self.played }))
    }
}
