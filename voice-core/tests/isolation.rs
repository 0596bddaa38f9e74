//! What one user's session hears does not depend on who else is there: probabilities and words are the same to the last bit
//! while others come, talk, leave and break down.
#![cfg(all(feature = "testing", feature = "silero"))]
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs)]

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use voice_core::agent::{Agent, Control, Output, SessionOptions};
use voice_core::audio::{Wav, pcm};
use voice_core::builtin::{SileroModel, SileroVad};
use voice_core::conversation::{CloseReason, Event};
use voice_core::stage::{CallContext, SttEvent, SttInput, SttProvider, Vad};
use voice_core::testing::{FakeLlm, FakeTts, Faulty, Random};
use voice_core::{Result, SessionId};

const FRAME: Duration = Duration::from_millis(20);
const PANIC: &str = "panic, please";

/// Silero, whose every probability is kept.
struct Listened {
    vad: SileroVad,
    heard: Arc<Mutex<Vec<u32>>>,
}

impl Vad for Listened {
    fn sample_rate(&self) -> u32 {
        self.vad.sample_rate()
    }

    fn window_len(&self) -> usize {
        self.vad.window_len()
    }

    fn speech_probability(&mut self, window: &[f32]) -> Result<f32> {
        let probability = self.vad.speech_probability(window)?;
        self.heard.lock().unwrap().push(probability.to_bits());
        Ok(probability)
    }

    fn reset(&mut self) {
        self.vad.reset();
    }
}

/// A recogniser whose words are a digest of all audio it got, with its times: one sample more or less gives others.
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
                    SttInput::Audio { turn, at, pcm } => {
                        (turn.0, at.ticks()).hash(&mut digest);
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

/// What a session heard: probabilities as bits, and what its client was told of speech and words.
type Heard = (Vec<u32>, Vec<String>);

/// All probabilities of the session that is opened next go here.
type Ear = Arc<Mutex<Option<Arc<Mutex<Vec<u32>>>>>>;

fn agent(ear: &Ear) -> Agent {
    let model = SileroModel::embedded().expect("the model is built in");
    let ear = ear.clone();
    let llm = FakeLlm::new(FRAME, FRAME, "Very well, {}.");
    Agent::builder()
        .stt(Arc::new(Digesting))
        .llm(Arc::new(Faulty::new(llm, 0, 1).panicking_at(PANIC)))
        .tts(Arc::new(FakeTts::new(FRAME, 16_000, FRAME)))
        .vad(move || {
            let heard = ear.lock().unwrap().take().unwrap_or_default();
            Ok(Box::new(Listened { vad: SileroVad::new(model.clone()), heard }))
        })
        .build()
}

fn recording() -> Vec<Bytes> {
    let wav = Wav::parse(include_bytes!("fixtures/silero_speech.wav")).expect("the fixture is a WAV file");
    let silence = vec![0; 24_000];
    [silence.as_slice(), &wav.samples, &silence].concat().chunks(320).map(|frame| pcm::to_bytes(frame).into()).collect()
}

/// The one who is listened to.
async fn speaker(agent: Agent, ear: Ear) -> Heard {
    let heard = Arc::new(Mutex::new(Vec::new()));
    *ear.lock().unwrap() = Some(heard.clone());
    let session = agent.open(SessionOptions { id: Some(SessionId::from("A")), ..SessionOptions::default() });
    let session = session.expect("a session opens");
    let talking = async {
        for frame in recording() {
            session.send_audio(frame).await.expect("the session lives");
            tokio::time::sleep(FRAME).await;
        }
        session.control(Control::Close(CloseReason::End)).expect("the session lives");
    };
    let listening = async {
        let mut told = Vec::new();
        while let Some(output) = session.next_output().await {
            if let Output::Event(event @ (Event::Speech { .. } | Event::Transcript { .. })) = output {
                told.push(format!("{event:?}"));
            }
        }
        told
    };
    let ((), told) = tokio::join!(talking, listening);
    let probabilities = heard.lock().unwrap().clone();
    (probabilities, told)
}

/// Another one, who comes, talks about something else and goes in one way or another.
async fn other(agent: Agent, number: u64) {
    let mut random = Random::new(number);
    let recording = recording();
    tokio::time::sleep(Duration::from_millis(random.within(1..8_000))).await;
    let session = agent.open(SessionOptions::default()).expect("a session opens");
    for _ in 0..random.within(20..200) {
        let frame = &recording[random.within(0..recording.len() as u64) as usize];
        // A session that broke down takes nothing any more.
        let _ = session.send_audio(frame.clone()).await;
        tokio::time::sleep(Duration::from_millis(random.within(1..40))).await;
    }
    match random.within(0..4) {
        0 => session.control(Control::Close(CloseReason::End)).expect("the session lives"),
        1 => session.control(Control::Text(PANIC.into())).expect("the session lives"),
        2 => session.control(Control::Detach).expect("the session lives"),
        // Goes without a word.
        _ => return,
    }
    tokio::time::timeout(Duration::from_secs(70), session.closed()).await.expect("it ends alone");
}

async fn among(others: u64) -> Heard {
    let ear = Ear::default();
    let agent = agent(&ear);
    let mut tasks = JoinSet::new();
    for number in 0..others {
        tasks.spawn(other(agent.clone(), number));
    }
    let heard = speaker(agent, ear).await;
    while let Some(task) = tasks.join_next().await {
        task.expect("others end in order, or alone");
    }
    heard
}

#[tokio::test(start_paused = true)]
async fn what_a_session_hears_is_the_same_to_the_bit_whoever_else_is_there() {
    let alone = among(0).await;
    assert!(alone.0.len() > 300 && alone.1.len() > 5, "{} probabilities, {:?}", alone.0.len(), alone.1);
    for others in [1, 50] {
        let heard = among(others).await;
        assert_eq!(heard.1, alone.1, "what the client was told, with {others} others");
        assert_eq!(heard.0, alone.0, "probabilities, with {others} others");
    }
}
