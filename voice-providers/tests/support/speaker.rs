//! A voice that speaks in contexts, each letter of a text as 10 ms of samples of its value.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used)]

use super::service::Peer;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Samples in a letter: 10 ms at 24 kHz.
const LETTER: usize = 240;

/// The audio of a text, a byte a sample.
pub fn audio_of(text: &str) -> String {
    text.chars().flat_map(|letter| std::iter::repeat_n(letter, LETTER)).collect()
}

#[derive(Default)]
struct Context {
    pieces: u64,
    letters: usize,
}

pub struct Speaker {
    pub peer: Peer,
    contexts: HashMap<String, Context>,
    /// Messages of audio after which it stops; `None` for never.
    pub chunks_left: Option<usize>,
}

impl Speaker {
    pub fn new(peer: Peer) -> Self {
        Self { peer, contexts: HashMap::new(), chunks_left: None }
    }

    pub async fn speak(mut self) {
        while self.step().await {}
    }

    /// Takes one message in and answers it; `false` when the client is gone, or no more is to be said.
    pub async fn step(&mut self) -> bool {
        let Some(message) = self.peer.receive().await else { return false };
        let request: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        let id = request["context_id"].as_str().unwrap().to_owned();
        if request["cancel"] == true {
            // As the service may: it says no more.
            self.contexts.remove(&id);
            return true;
        }
        let text = request["transcript"].as_str().unwrap().to_owned();
        let known = self.contexts.contains_key(&id);
        if text.is_empty() {
            assert!(request["continue"] == false, "{request}");
            if !known {
                let error = json!({"type": "error", "context_id": id, "status_code": 400, "message": "empty context"});
                self.say(error).await;
                return true;
            }
            self.contexts.remove(&id);
            self.say(json!({"type": "done", "context_id": id, "status_code": 206, "done": true})).await;
            return true;
        }
        assert!(request["continue"] == true && request["max_buffer_delay_ms"] == 0, "{request}");
        self.piece(&id, &text).await
    }

    async fn piece(&mut self, id: &str, text: &str) -> bool {
        let context = self.contexts.entry(id.to_owned()).or_default();
        context.pieces += 1;
        let (flush, begin) = (context.pieces, context.letters);
        context.letters += text.chars().count();
        let (mut words, mut starts, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = begin;
        for word in text.split(' ') {
            if !word.is_empty() {
                words.push(word);
                starts.push(at as f64 / 100.0);
                ends.push((at + word.chars().count()) as f64 / 100.0);
            }
            at += word.chars().count() + 1;
        }
        let timing = json!({"words": words, "start": starts, "end": ends});
        self.say(json!({"type": "timestamps", "context_id": id, "flush_id": flush, "done": false, "word_timestamps": timing}))
            .await;
        let bytes: Vec<u8> = audio_of(text).bytes().flat_map(|letter| [letter, 0]).collect();
        // Odd lengths split samples.
        for chunk in bytes.chunks(1_001) {
            if let Some(left) = &mut self.chunks_left {
                let Some(fewer) = left.checked_sub(1) else { return false };
                *left = fewer;
            }
            let data = BASE64_STANDARD.encode(chunk);
            self.say(json!({"type": "chunk", "context_id": id, "flush_id": flush, "status_code": 206, "done": false,
                "step_time": 3.4, "data": data, "something_new": {}}))
                .await;
        }
        self.say(json!({"type": "flush_done", "context_id": id, "flush_id": flush, "flush_done": true, "done": false}))
            .await;
        true
    }

    async fn say(&mut self, message: Value) {
        self.peer.text(message.to_string()).await;
    }
}
