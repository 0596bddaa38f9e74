//! What a session's client received, turn by turn, and the rules of the protocol that hold whatever is said.

use crate::stage::from_bytes;
use crate::support::Frame;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// One turn as the client received it.
#[derive(Debug, Default, Clone)]
pub struct Turn {
    pub finals: Vec<String>,
    /// Pieces of the reply, each with the samples of the turn that had come before it.
    pub pieces: Vec<(usize, String)>,
    /// What the loudspeaker had played when the reply was cut.
    pub cut_at: Option<u64>,
    pub heard: Option<String>,
    pub interrupted: bool,
}

#[derive(Default)]
pub struct Recording {
    pub turns: BTreeMap<u64, Turn>,
    audio: BTreeMap<u64, Vec<i16>>,
    /// Codes of errors.
    pub errors: Vec<String>,
    /// `speech` frames.
    pub speech: usize,
    current: Option<u64>,
    violations: Vec<String>,
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let samples: Vec<_> = self.audio.iter().map(|(turn, audio)| (turn, audio.len())).collect();
        write!(f, "{:?}, samples {samples:?}, errors {:?}, {} speech frames", self.turns, self.errors, self.speech)
    }
}

impl Recording {
    /// Takes a frame; `played` are the samples of the turn that had come out of the loudspeaker.
    pub fn take(&mut self, frame: &Frame, played: u64) {
        match frame {
            Frame::Audio(pcm) => self.take_audio(pcm),
            Frame::Json(frame) => self.take_json(frame, played),
            Frame::Close(_) | Frame::End => {}
        }
    }

    fn take_audio(&mut self, pcm: &[u8]) {
        let Some(number) = self.current else {
            self.violations.push("audio before any reply".into());
            return;
        };
        let turn = self.turns.entry(number).or_default();
        if turn.cut_at.is_some() {
            self.violations.push(format!("audio of turn {number} after its clear"));
        }
        if turn.heard.is_some() {
            self.violations.push(format!("audio of turn {number} after its end"));
        }
        self.audio.entry(number).or_default().extend(from_bytes(pcm));
    }

    fn take_json(&mut self, frame: &Value, played: u64) {
        let number = frame["turn"].as_u64();
        let text = || frame["text"].as_str().expect("text").to_owned();
        match frame["type"].as_str().expect("a type") {
            "error" => self.errors.push(frame["code"].as_str().expect("a code").to_owned()),
            "speech" => self.speech += 1,
            "transcript" if frame["final"] == true => self.turn(number).finals.push(text()),
            "reply" => {
                self.current = number;
                let before = self.audio(number.expect("a turn")).len();
                if self.turn(number).cut_at.is_some() {
                    self.violations.push(format!("words of turn {number:?} after its clear"));
                }
                self.turn(number).pieces.push((before, text()));
            }
            "clear" => self.turn(number).cut_at = Some(played),
            "reply_end" => {
                let turn = self.turn(number);
                let again = turn.heard.replace(frame["heard"].as_str().expect("words").to_owned()).is_some();
                turn.interrupted = frame["interrupted"].as_bool().expect("a bool");
                if again {
                    self.violations.push(format!("turn {number:?} ended twice"));
                }
            }
            _ => {}
        }
    }

    fn turn(&mut self, number: Option<u64>) -> &mut Turn {
        self.turns.entry(number.expect("a turn")).or_default()
    }

    /// The voice of a turn.
    pub fn audio(&self, turn: u64) -> &[i16] {
        self.audio.get(&turn).map_or(&[], Vec::as_slice)
    }

    /// What holds for every session.
    pub fn check(&self) {
        assert_eq!(self.violations, Vec::<String>::new(), "{self:?}");
        for (number, turn) in &self.turns {
            assert!(turn.finals.len() <= 1, "turn {number}: {self:?}");
            assert_eq!(turn.cut_at.is_some(), turn.interrupted, "turn {number}: {self:?}");
            let heard = turn.heard.as_deref().unwrap_or_default();
            assert!(turn.reply().starts_with(heard), "turn {number}: heard what was not said: {self:?}");
        }
    }
}

impl Turn {
    /// All that was said, as far as the client was told.
    pub fn reply(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// Whether a listener that had played so much of a reply heard this: every piece before the last it began, nothing
    /// of those it had not begun. A piece may be told a few frames after its audio began, and the last report may not
    /// have arrived in time; `slack` samples either way are forgiven.
    pub fn heard_fits(&self, slack: u64) -> bool {
        let (Some(played), Some(heard)) = (self.cut_at, &self.heard) else { return false };
        let begun_by = |sample: u64| {
            let begun = self.pieces.iter().filter(|(start, _)| (*start as u64) < sample);
            begun.map(|(_, text)| text.as_str()).collect::<Vec<_>>()
        };
        let most: String = begun_by(played + slack).concat();
        let mut least = begun_by(played.saturating_sub(slack));
        least.pop();
        heard.len() <= most.len() && heard.len() >= least.concat().trim_end().len()
    }
}
