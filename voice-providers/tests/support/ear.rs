//! A recogniser that tells when each word sounds: a word is a run of one value, and one that is cut off is torn.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used)]

use super::listener::WORD;
use super::service::{Peer, Posted};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// The words of samples: where each begins and ends, and what it is.
pub fn words(samples: &[i16]) -> Vec<(usize, usize, String)> {
    let (mut words, mut begin) = (Vec::new(), 0);
    for run in samples.chunk_by(|one, next| one == next) {
        let end = begin + run.len();
        if run[0] != 0 {
            let text = if run.len() == WORD { format!("w{}", run[0]) } else { "torn".to_owned() };
            words.push((begin, end, text));
        }
        begin = end;
    }
    words
}

fn alternative(samples: &[i16], offset: usize) -> Value {
    let seconds = |sample: usize| (sample + offset) as f64 / 16_000.0;
    let words = words(samples);
    let text: Vec<_> = words.iter().map(|(_, _, text)| text.as_str()).collect();
    let placed: Vec<_> = words
        .iter()
        .map(|(begin, end, text)| json!({"word": text, "start": seconds(*begin), "end": seconds(*end)}))
        .collect();
    json!({"transcript": text.join(" "), "confidence": 0.9, "words": placed})
}

pub fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks(2).map(|sample| i16::from_le_bytes([sample[0], sample[1]])).collect()
}

/// Answers a request with the words of its audio.
pub async fn answer(request: Posted) {
    let samples = samples(&request.body);
    let body = json!({"metadata": {"duration": samples.len() as f64 / 16_000.0},
        "results": {"channels": [{"alternatives": [alternative(&samples, 0)]}]}});
    request.answer("200 OK", &body.to_string()).await;
}

/// What a live connection has heard.
pub struct Ear {
    pub peer: Peer,
    heard: Vec<i16>,
    finished: usize,
    /// Words after which they become final.
    span: usize,
}

impl Ear {
    pub fn new(peer: Peer, span: usize) -> Self {
        Self { peer, heard: Vec::new(), finished: 0, span }
    }

    async fn say(&mut self, until: usize, is_final: bool, from_finalize: bool) {
        let seconds = |sample: usize| sample as f64 / 16_000.0;
        let message = json!({
            "type": "Results", "start": seconds(self.finished), "duration": seconds(until - self.finished),
            "is_final": is_final, "from_finalize": from_finalize,
            "channel": {"alternatives": [alternative(&self.heard[self.finished..until], self.finished)]},
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
                self.heard.extend(samples(&bytes));
                // A word that may go on is left alone.
                let mut whole = words(&self.heard[self.finished..]);
                let length = self.heard.len() - self.finished;
                whole.retain(|(_, end, text)| *end < length || text != "torn");
                if let Some((_, end, _)) = whole.last() {
                    let until = self.finished + end;
                    self.say(until, whole.len() >= self.span, false).await;
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
