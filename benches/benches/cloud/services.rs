//! The services, as scripts on this machine.

use crate::support::http_server::{Reply, Server, Step};
use crate::support::service::{Peer, Service};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

/// What a service takes; the defaults are what the prototype's services took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latencies {
    /// The end of speech, by the clock of who speaks → the final transcript; frames on their way are part of it.
    pub stt: Duration,
    /// The request → the first token.
    pub llm: Duration,
    /// The first text → the first byte of speech.
    pub tts: Duration,
}

impl Default for Latencies {
    fn default() -> Self {
        let [stt, llm, tts] = [350, 200, 300].map(Duration::from_millis);
        Self { stt, llm, tts }
    }
}

/// Deepgram, both ways: whatever is said was "What time is it?", every sentence is 100 ms of speech.
pub(crate) async fn deepgram(latencies: Latencies) -> Service {
    Service::start(move |knock| async move {
        let Some(peer) = knock.accept().await else { return };
        if peer.address.starts_with("/v1/speak?") {
            speak(peer, latencies.tts).await;
        } else {
            listen(peer, latencies.stt).await;
        }
    })
    .await
}

/// Groq: "It is noon.", whatever it is asked.
pub(crate) async fn groq(latencies: Latencies) -> Server {
    Server::start([Reply::stream().then(Step::Pause(latencies.llm)).text("It is noon.").finish()]).await
}

/// What a recogniser has heard: seconds of audio so far, and of those that sounded since the last final.
struct Heard {
    seconds: f64,
    finished: f64,
    began: Option<f64>,
    sounded: f64,
    /// When the last sample that sounded was recorded.
    at: Instant,
}

impl Heard {
    fn take(&mut self, pcm: &[u8]) {
        let before = self.seconds;
        self.seconds += pcm.len() as f64 / 32_000.0;
        if let Some(last) = pcm.iter().rposition(|byte| *byte != 0) {
            self.began.get_or_insert(before);
            let silent = (pcm.len() - 1 - last) as f64 / 32_000.0;
            self.sounded = self.seconds - silent;
            // The frame was sent when its last sample was there.
            self.at = Instant::now() - Duration::from_secs_f64(silent);
        }
    }

    /// The words since the last final, spread over what sounded.
    fn words(&mut self) -> String {
        let begin = self.began.take();
        let spoken: Vec<&str> = if begin.is_some() { "What time is it?".split(' ').collect() } else { Vec::new() };
        let begin = begin.unwrap_or(self.seconds);
        let length = (self.sounded - begin) / 4.0;
        let placed = spoken.iter().enumerate().map(|(index, word)| {
            let start = begin + index as f64 * length;
            json!({ "word": word, "punctuated_word": word, "start": start, "end": start + length, "confidence": 0.99 })
        });
        let placed: Vec<_> = placed.collect();
        let results = json!({
            "type": "Results", "channel_index": [0, 1], "start": self.finished, "duration": self.seconds - self.finished,
            "is_final": true, "speech_final": false, "from_finalize": true,
            "channel": { "alternatives": [{ "transcript": spoken.join(" "), "confidence": 0.99, "words": placed }] },
        });
        self.finished = self.seconds;
        results.to_string()
    }
}

async fn listen(mut peer: Peer, latency: Duration) {
    let mut heard = Heard { seconds: 0.0, finished: 0.0, began: None, sounded: 0.0, at: Instant::now() };
    while let Some(message) = peer.receive().await {
        match message {
            Message::Binary(pcm) => heard.take(&pcm),
            Message::Text(text) if text.as_str() == r#"{"type":"Finalize"}"# => {
                sleep_until(heard.at + latency).await;
                peer.text(heard.words()).await;
            }
            _ => {}
        }
    }
}

async fn speak(mut peer: Peer, latency: Duration) {
    let mut asked = Instant::now();
    while let Some(message) = peer.receive().await {
        match message.to_text() {
            Ok(r#"{"type":"Flush"}"#) => {
                sleep_until(asked + latency).await;
                peer.binary(vec![7; 4_800]).await;
                peer.text(r#"{"type":"Flushed","sequence_id":0}"#).await;
            }
            Ok(text) if text.contains(r#""type":"Speak""#) => asked = Instant::now(),
            _ => {}
        }
    }
}
