//! A recogniser that hears what was sent and nothing else: every 100 ms of audio is a word, which is its samples' value.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used)]

use super::service::{Dice, Knock, Peer};
use bytes::Bytes;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use voice_core::stage::{FinalizeId, SttInput};
use voice_core::{AudioTime, TurnId};

/// Samples in a word.
pub const WORD: usize = 1_600;

/// What this connection has heard.
pub struct Listener {
    pub peer: Peer,
    heard: Vec<i16>,
    /// Samples that have final words.
    finished: usize,
    /// Words after which they become final.
    span: usize,
}

impl Listener {
    /// One that has heard fewer than `most` messages. None where the client was refused, as two of `clients` are, or left.
    pub async fn for_a_while(knock: Knock, dice: &mut Dice, clients: u64, most: u64) -> Option<Self> {
        match dice.below(clients) {
            0 => knock.refuse("503 Service Unavailable", "", "overloaded").await,
            1 => knock.refuse("429 Too Many Requests", "retry-after: 0\r\n", "{\"err_code\":\"TOO_MANY\"}").await,
            _ => {
                let mut listener = Self::new(knock.accept().await?, 1 + dice.below(6) as usize);
                for _ in 0..dice.below(most) {
                    if !listener.step().await {
                        return None;
                    }
                }
                return Some(listener);
            }
        }
        None
    }

    pub fn new(peer: Peer, span: usize) -> Self {
        Self { peer, heard: Vec::new(), finished: 0, span }
    }

    fn words(&self, until: usize) -> String {
        let words = self.heard[self.finished..until].chunks(WORD);
        // Zeros are silence.
        let words = words.filter(|word| word.iter().any(|sample| *sample != 0)).map(|word| {
            let whole = word.len() == WORD && word.iter().all(|sample| *sample == word[0]);
            if whole { format!("w{}", word[0]) } else { "torn".to_owned() }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    pub async fn say(&mut self, until: usize, is_final: bool, from_finalize: bool) {
        let (start, end) = (self.finished as f64 / 16_000.0, until as f64 / 16_000.0);
        let message = json!({
            "type": "Results", "channel_index": [0, 1], "start": start, "duration": end - start,
            "is_final": is_final, "speech_final": false, "from_finalize": from_finalize,
            "channel": {"alternatives": [{"transcript": self.words(until), "confidence": 0.9, "words": []}]},
        });
        if is_final {
            self.finished = until;
        }
        self.peer.text(message.to_string()).await;
    }

    /// Takes one message in and answers it; `false` when the client is gone.
    pub async fn step(&mut self) -> bool {
        match self.peer.receive().await {
            None => return false,
            Some(Message::Binary(bytes)) => {
                assert!(!bytes.is_empty(), "an empty message would end the stream");
                self.heard.extend(bytes.chunks(2).map(|sample| i16::from_le_bytes([sample[0], sample[1]])));
                let whole = self.heard.len() / WORD * WORD;
                if whole >= self.finished + self.span * WORD {
                    self.say(whole, true, false).await;
                } else if whole > self.finished {
                    self.say(whole, false, false).await;
                }
            }
            Some(Message::Text(text)) if text.as_str() == r#"{"type":"Finalize"}"# => {
                self.say(self.heard.len(), true, true).await;
            }
            Some(_) => {}
        }
        true
    }

    pub async fn listen(mut self) {
        while self.step().await {}
    }
}

/// The audio of one turn, a word for each number, in pieces of 20 to 60 ms.
pub fn spoken(turn: u32, words: std::ops::Range<i16>, dice: &mut Dice) -> Vec<SttInput> {
    let samples: Vec<u8> = words.flat_map(|word| std::iter::repeat_n(word, WORD)).flat_map(i16::to_ne_bytes).collect();
    let mut rest = Bytes::from(samples);
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let length = (640 * (1 + dice.below(3) as usize)).min(rest.len());
        pieces.push(SttInput::Audio { turn: TurnId(turn), at: AudioTime::ZERO, pcm: rest.split_to(length) });
    }
    pieces
}

pub fn finalize(turn: u32, attempt: u32) -> FinalizeId {
    FinalizeId { turn: TurnId(turn), attempt }
}

pub fn text(words: std::ops::Range<i16>) -> String {
    words.map(|word| format!("w{word}")).collect::<Vec<_>>().join(" ")
}

/// The silence by which the end of speech was noticed: 200 ms.
pub fn silence(turn: u32) -> SttInput {
    SttInput::Audio { turn: TurnId(turn), at: AudioTime::ZERO, pcm: Bytes::from(vec![0; 2 * 3_200]) }
}

/// Three turns with pauses in them, and what must be heard of them.
pub fn conversation(dice: &mut Dice) -> (Vec<SttInput>, Vec<(FinalizeId, String)>) {
    let (mut input, mut expected, mut word) = (Vec::new(), Vec::new(), 1);
    for turn in 1..4 {
        let first = word;
        for attempt in 0..=dice.below(2) as u32 {
            let until = word + 1 + dice.below(25) as i16;
            input.extend(spoken(turn, word..until, dice));
            input.push(silence(turn));
            input.push(SttInput::Finalize(finalize(turn, attempt)));
            word = until;
            expected.push((finalize(turn, attempt), text(first..word)));
        }
    }
    (input, expected)
}
