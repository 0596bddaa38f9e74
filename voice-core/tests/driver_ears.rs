//! What reaches the recogniser of a session, from real speech through the real VAD on Tokio's paused clock: no first
//! syllable is ever cut.
#![cfg(all(feature = "testing", feature = "silero"))]
#![allow(clippy::expect_used, missing_docs)]

use futures::stream::{BoxStream, StreamExt};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use voice_core::Result;
use voice_core::agent::{Agent, SessionOptions};
use voice_core::audio::{Wav, pcm};
use voice_core::builtin::{SileroModel, SileroVad};
use voice_core::stage::{CallContext, SttEvent, SttInput, SttProvider};
use voice_core::testing::FakeLlm;

const RATE: u32 = 16_000;
/// Samples in 20 ms.
const FRAME: usize = 320;
/// Samples of silence before the recording.
const LEAD_IN: usize = RATE as usize;
/// Where the first and the second voice begin in the recording: one in a quiet room, one over a hum 18 dB below it.
const BEGINNINGS: [usize; 2] = [14_720, 98_240];

/// Audio by its place in the microphone's stream.
type Pieces = Vec<(usize, Vec<i16>)>;

/// A recogniser that keeps what it gets.
#[derive(Clone, Default)]
struct Keeper(Arc<Mutex<Pieces>>);

impl SttProvider for Keeper {
    fn name(&self) -> &str {
        "keeper"
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, _: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        let kept = self.0.clone();
        let events = input.filter_map(move |input| {
            let event = match input {
                SttInput::Audio { at, pcm: audio, .. } => {
                    let samples = pcm::from_bytes(&audio).expect("whole samples");
                    kept.lock().expect("no panic").push((at.as_samples(RATE) as usize, samples));
                    None
                }
                SttInput::Finalize(id) => Some(Ok(SttEvent::Final { id, text: "words".into(), unclear: false })),
            };
            async move { event }
        });
        events.boxed()
    }
}

/// A second of silence, then ten seconds of speech with pauses, whole frames.
fn recording(gain: f32) -> Vec<i16> {
    let speech = Wav::parse(include_bytes!("fixtures/silero_speech.wav")).expect("a WAV file").samples;
    let softer = speech.into_iter().map(|sample| (f32::from(sample) * gain) as i16);
    let mut samples: Vec<i16> = std::iter::repeat_n(0, LEAD_IN).chain(softer).collect();
    samples.resize((samples.len() + RATE as usize).next_multiple_of(FRAME), 0);
    samples
}

/// What the recogniser gets of it, as stretches of the stream.
async fn heard(samples: &[i16]) -> Vec<Range<usize>> {
    let keeper = Keeper::default();
    let model = SileroModel::embedded().expect("it is there");
    let agent = Agent::builder()
        .stt(Arc::new(keeper.clone()))
        .llm(Arc::new(FakeLlm::new(Duration::ZERO, Duration::ZERO, "I see.")))
        .vad(move || Ok(Box::new(SileroVad::new(model.clone()))))
        .build();
    let session = agent.open(SessionOptions::default()).expect("a session opens");
    for frame in samples.chunks_exact(FRAME) {
        session.send_audio(pcm::to_bytes(frame).into()).await.expect("the session is open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut stretches: Vec<Range<usize>> = Vec::new();
    for (at, audio) in keeper.0.lock().expect("no panic").iter() {
        assert_eq!(audio[..], samples[*at..at + audio.len()], "audio arrives as it was spoken");
        match stretches.last_mut() {
            Some(last) if last.end == *at => last.end += audio.len(),
            _ => stretches.push(*at..at + audio.len()),
        }
    }
    stretches
}

#[tokio::test(start_paused = true)]
async fn the_recogniser_hears_every_sentence_from_before_its_first_sound() {
    for gain in [1.0, 0.1] {
        let samples = recording(gain);
        let heard = heard(&samples).await;
        for at in BEGINNINGS.map(|at| LEAD_IN + at) {
            // 100 ms of background before it, or it follows what was said before without a gap.
            let covered = heard.iter().any(|stretch| stretch.start + RATE as usize / 10 <= at && at < stretch.end);
            assert!(covered, "gain {gain}: speech begins at {at}, heard were {heard:?}");
        }
    }
}
