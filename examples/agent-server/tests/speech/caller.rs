//! Somebody on the line: a microphone that never stops, a loudspeaker, and a record of all that came.

use crate::loudspeaker::{Listening, Loudspeaker};
use crate::recording::Recording;
use crate::stage::to_bytes;
use crate::support::{Client, Frame, TestServer};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Interval;

/// How long anything may take, a long answer included, before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Caller {
    client: Client,
    microphone: VecDeque<i16>,
    chunk: usize,
    clock: Interval,
    /// Samples of the loudspeaker while the microphone gives one chunk.
    played_a_chunk: u64,
    loudspeaker: Loudspeaker,
    /// The session's id.
    pub id: String,
    /// All that came.
    pub recording: Recording,
}

impl Caller {
    /// Calls with a microphone of 16 kHz that gives 20 ms at a time.
    pub async fn call(server: &TestServer, listening: Listening) -> Self {
        Self::with_microphone(server, listening, 16_000, 320).await
    }

    /// Calls with a microphone of this rate that gives `chunk` samples at a time.
    pub async fn with_microphone(server: &TestServer, listening: Listening, rate: usize, chunk: usize) -> Self {
        let mut client = server.connect().await;
        client.send(json!({ "type": "start", "input_rate": rate, "pause": listening == Listening::Playing })).await;
        let ready = client.ready().await;
        let period = Duration::from_nanos(chunk as u64 * 1_000_000_000 / rate as u64);
        Self {
            client,
            microphone: VecDeque::new(),
            chunk,
            clock: tokio::time::interval(period),
            played_a_chunk: 16_000 * chunk as u64 / rate as u64,
            loudspeaker: Loudspeaker::new(listening),
            id: ready["session"].as_str().unwrap().to_owned(),
            recording: Recording::default(),
        }
    }

    /// Says this next, and then nothing.
    pub fn say(&mut self, samples: &[i16]) {
        self.microphone.extend(samples);
    }

    pub async fn send(&mut self, frame: Value) {
        self.client.send(frame).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.client.send_text(text).await;
    }

    /// Sends a binary frame of its own beside the microphone's.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.client.send_audio(bytes).await;
    }

    pub async fn ask(&mut self, text: &str) {
        self.send(json!({ "type": "text", "text": text })).await;
    }

    /// One chunk from the microphone or one frame from the server; the latter, where it was that.
    async fn step(&mut self) -> Option<Frame> {
        tokio::select! {
            _ = self.clock.tick() => {
                let spoken = self.chunk.min(self.microphone.len());
                let mut samples: Vec<i16> = self.microphone.drain(..spoken).collect();
                samples.resize(self.chunk, 0);
                self.client.send_audio(to_bytes(&samples)).await;
                if let Some(report) = self.loudspeaker.tick(self.played_a_chunk) {
                    self.client.send(report).await;
                }
                None
            }
            frame = self.client.receive() => {
                assert_ne!(frame, Frame::End, "the connection ended after {:?}", self.recording);
                let report = self.loudspeaker.take(&frame);
                self.recording.take(&frame, self.loudspeaker.played());
                if let Some(report) = report {
                    self.client.send(report).await;
                }
                Some(frame)
            }
        }
    }

    /// Goes on until a frame for which `wanted` holds.
    pub async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                if let Some(Frame::Json(frame)) = self.step().await
                    && wanted(&frame)
                {
                    return frame;
                }
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(frame) => frame,
            Err(_) => panic!("still waiting after {:?}", self.recording),
        }
    }

    /// The final transcript that comes next.
    pub async fn transcript(&mut self) -> String {
        let frame = self.until(|frame| frame["type"] == "transcript" && frame["final"] == true).await;
        frame["text"].as_str().unwrap().to_owned()
    }

    /// The next `reply_end` of this turn.
    pub async fn reply_end(&mut self, turn: u64) -> Value {
        self.until(|frame| frame["type"] == "reply_end" && frame["turn"] == turn).await
    }

    /// Goes on for so much time of the microphone.
    pub async fn listen(&mut self, time: Duration) {
        let over = tokio::time::Instant::now() + time;
        while tokio::time::Instant::now() < over {
            self.step().await;
        }
    }

    /// Says goodbye and gives what was recorded, checked against the protocol.
    pub async fn hang_up(mut self) -> Recording {
        self.send(json!({ "type": "end" })).await;
        self.until(|frame| frame["type"] == "bye").await;
        self.recording.check();
        self.recording
    }
}
