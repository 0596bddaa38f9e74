//! A recogniser that takes turns: it ends them after so many words, or when it is told to.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used)]

use super::ear::{samples, words};
use super::service::Peer;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

pub struct Flux {
    pub peer: Peer,
    heard: Vec<i16>,
    /// Where the turn begins.
    begin: usize,
    turn: usize,
    sequence: usize,
    /// Words in a turn.
    span: usize,
    pub tells_times: bool,
}

impl Flux {
    pub async fn new(peer: Peer, span: usize) -> Self {
        let mut flux = Self { peer, heard: Vec::new(), begin: 0, turn: 0, sequence: 1, span, tells_times: true };
        flux.peer.text(r#"{"type":"Connected","request_id":"1","sequence_id":0}"#).await;
        flux
    }

    async fn say(&mut self, event: &str, until: usize, confidence: f32, trigger: &str) {
        let seconds = |sample: usize| sample as f64 / 16_000.0;
        let heard = words(&self.heard[self.begin..until]);
        let texts: Vec<_> = heard.iter().map(|(_, _, text)| text.clone()).collect();
        let place = |sample: usize| seconds(sample + self.begin);
        let timed = |(begin, end, text): &(usize, usize, String)| match self.tells_times {
            true => json!({"word": text, "confidence": 0.9, "start": place(*begin), "end": place(*end)}),
            false => json!({"word": text, "confidence": 0.9}),
        };
        let words: Vec<_> = heard.iter().map(timed).collect();
        let message = json!({"type": "TurnInfo", "request_id": "1", "sequence_id": self.sequence, "event": event,
            "turn_index": self.turn, "audio_window_start": seconds(self.begin), "audio_window_end": seconds(until),
            "transcript": texts.join(" "), "words": words, "end_of_turn_confidence": confidence, "trigger": trigger});
        self.sequence += 1;
        if event == "EndOfTurn" {
            (self.begin, self.turn) = (until, self.turn + 1);
        }
        self.peer.text(message.to_string()).await;
    }

    /// Takes one message in and answers it; `false` when the client is gone.
    pub async fn step(&mut self) -> bool {
        match self.peer.receive().await {
            None => return false,
            Some(Message::Binary(bytes)) => {
                let is_first = words(&self.heard[self.begin..]).is_empty();
                self.heard.extend(samples(&bytes));
                let mut whole = words(&self.heard[self.begin..]);
                let length = self.heard.len() - self.begin;
                whole.retain(|(_, end, text)| *end < length || text != "torn");
                let until = self.begin + whole.last().map_or(0, |(_, end, _)| *end);
                if whole.len() >= self.span {
                    self.say("EagerEndOfTurn", until, 0.5, "").await;
                    self.say("TurnResumed", until, 0.1, "").await;
                    self.say("EndOfTurn", until, 0.8, "model").await;
                } else if whole.is_empty() {
                    let silent = self.heard[self.begin..].iter().all(|sample| *sample == 0);
                    let until = if silent { self.heard.len() } else { self.begin };
                    self.say("Update", until, 0.0, "").await;
                } else {
                    self.say(if is_first { "StartOfTurn" } else { "Update" }, until, 0.2, "").await;
                }
            }
            Some(Message::Text(text)) if text.as_str() == r#"{"type":"ForceEndTurn"}"# => {
                // Without a turn there is nothing to end.
                if !words(&self.heard[self.begin..]).is_empty() {
                    self.say("EndOfTurn", self.heard.len(), 0.6, "manual").await;
                }
            }
            Some(_) => {}
        }
        true
    }

    pub async fn listen(mut self) {
        while self.step().await {}
    }
}
