//! One user's words over a socket, whoever else is connected.

use crate::support::{Client, Frame, Pace, TestServer, settings};
use agent_server::Providers;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::json;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use voice_core::Result;
use voice_core::audio::Wav;
use voice_core::builtin::SileroModel;
use voice_core::stage::{CallContext, SttEvent, SttInput, SttProvider};
use voice_core::testing::{FakeLlm, FakeTts, Faulty, Random};

const PANIC: &str = "panic, please";

/// A recogniser whose words are a digest of all audio of the turn.
struct Digesting;

impl SttProvider for Digesting {
    fn name(&self) -> &str {
        "digest"
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, _: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        let mut digest = DefaultHasher::new();
        input
            .filter_map(move |input| {
                let event = match input {
                    SttInput::Audio { pcm, .. } => {
                        digest.write(&pcm);
                        None
                    }
                    SttInput::Finalize(id) => {
                        let text = format!("heard {:016x}", digest.finish());
                        Some(Ok(SttEvent::Final { id, text, unclear: false }))
                    }
                };
                std::future::ready(event)
            })
            .boxed()
    }
}

fn speech() -> Vec<i16> {
    let wav = Wav::parse(include_bytes!("../../../../voice-core/tests/fixtures/silero_speech.wav")).unwrap();
    let silence = [0; 16_000];
    [&silence[..8_000], &wav.samples[..80_000], &silence].concat()
}

async fn server() -> TestServer {
    let llm = FakeLlm::new(Duration::ZERO, Duration::ZERO, "Very well.");
    let providers = Providers {
        stt: Some(Arc::new(Digesting)),
        llm: Some(Arc::new(Faulty::new(llm, 0, 1).panicking_at(PANIC))),
        tts: Some(Arc::new(FakeTts::new(Duration::ZERO, 16_000, Duration::from_millis(10)))),
        vad: Some(SileroModel::embedded().unwrap()),
        ..Providers::default()
    };
    let unlimited = [("UPGRADES_PER_MINUTE", "0"), ("MAX_LATE_MS", "0"), ("MAX_CPU_PERCENT", "0")];
    TestServer::with(&settings(&unlimited), providers).await
}

/// What one user is told of speech and words.
async fn speaker(server: &TestServer) -> Vec<String> {
    let mut client = server.begin(json!({ "type": "start" })).await;
    client.speak(&speech(), Pace::RealTime).await;
    client.send(json!({ "type": "end" })).await;
    client.until(|frame| frame.kind() == "bye").await;
    let told = client.seen.iter().filter(|frame| ["speech", "transcript"].contains(&frame.kind()));
    told.map(|frame| frame.json().to_string()).collect()
}

/// Comes and goes, in one way or another, until it is told to stop.
async fn others(server: Arc<TestServer>, number: u64) {
    let mut random = Random::new(number);
    let speech = speech();
    loop {
        let mut client = server.connect().await;
        client.send(json!({ "type": "start" })).await;
        client.ready().await;
        let begin = random.within(0..80_000) as usize;
        client.speak(&speech[begin..begin + 8_000], Pace::RealTime).await;
        match random.within(0..3) {
            0 => client.vanish(),
            1 => client.send(json!({ "type": "end" })).await,
            _ => break_down(client).await,
        }
    }
}

async fn break_down(mut client: Client) {
    client.send(json!({ "type": "text", "text": PANIC })).await;
    let rest = client.until(|frame| matches!(frame, Frame::Close(_) | Frame::End)).await;
    assert!(rest.iter().any(|frame| frame.kind() == "error" && frame.json()["fatal"] == true), "{rest:?}");
}

async fn among(count: u64) -> Vec<String> {
    let server = Arc::new(server().await);
    let mut tasks = JoinSet::new();
    for number in 0..count {
        tasks.spawn(others(server.clone(), number));
    }
    let told = speaker(&server).await;
    if let Some(Err(error)) = tasks.try_join_next() {
        panic!("{error}");
    }
    assert_eq!(server.get("/healthz").send().await.status, 200);
    told
}

#[tokio::test]
async fn what_a_user_is_told_is_the_same_whoever_else_comes_leaves_and_breaks_down() {
    let (alone, with_one, with_fifty) = tokio::join!(among(0), among(1), among(50));
    assert!(alone.iter().any(|line| line.contains("heard")), "{alone:?}");
    assert_eq!(with_one, alone);
    assert_eq!(with_fifty, alone);
}
