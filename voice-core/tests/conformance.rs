//! The fakes pass the suite of providers, and providers that break a rule do not.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, clippy::unwrap_used)]

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use std::sync::Mutex;
use std::time::Duration;
use voice_core::stage::{
    CallContext, FinalizeId, LlmEvent, LlmProvider, LlmRequest, SttInput, TtsEvent, TtsInput, TtsProvider,
};
use voice_core::testing::conformance::Suite;
use voice_core::testing::{FakeLlm, FakeStt, FakeTts};
use voice_core::{AudioTime, Error, ErrorKind, Message, Result, SentenceId, Stage, TurnId};

const MS: Duration = Duration::from_millis(1);

fn request() -> LlmRequest {
    LlmRequest { messages: vec![Message::user("hello")], ..LlmRequest::default() }
}

fn sentences() -> Vec<TtsInput> {
    let text = |number, text: &str| TtsInput::Text { sentence: SentenceId(number), text: text.into() };
    vec![text(0, "One sentence."), text(1, "And another."), TtsInput::Flush]
}

fn speech() -> Vec<SttInput> {
    let audio = |turn| SttInput::Audio { turn, at: AudioTime::ZERO, pcm: Bytes::from(vec![1; 640]) };
    let finalize = |turn, attempt| SttInput::Finalize(FinalizeId { turn, attempt });
    let (first, second) = (TurnId(1), TurnId(2));
    vec![audio(first), finalize(first, 0), audio(first), finalize(first, 1), audio(second), finalize(second, 0)]
}

#[tokio::test(start_paused = true)]
async fn the_fakes_conform() {
    let stt = FakeStt::new(50 * MS, ["one", "two"]);
    assert_eq!(Suite::new().counting(stt.calls()).stt(&stt, speech()).await, Ok(3));
    let llm = FakeLlm::new(50 * MS, 5 * MS, "You said {} to me.");
    assert_eq!(Suite::new().counting(llm.calls()).llm(&llm, request()).await, Ok(5));
    let tts = FakeTts::new(50 * MS, 16_000, 20 * MS);
    assert_eq!(Suite::new().counting(tts.calls()).tts(&tts, sentences()).await, Ok(6));
}

/// A model with a bad habit.
#[derive(Clone, Copy)]
enum Bad {
    /// Goes on when it is cancelled.
    Deaf,
    /// Takes a cancellation for a failure.
    Complaining,
    /// Leaves a task behind.
    Untidy,
    /// Never comes to an end.
    Endless,
}

impl LlmProvider for Bad {
    fn name(&self) -> &str {
        "bad"
    }

    fn generate(&self, _: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        let words = stream::iter(["a ", "b ", "c"]).map(|word| Ok(LlmEvent::Text(word.into())));
        let cancelled = cx.cancel.cancelled();
        match self {
            Self::Deaf => words.boxed(),
            Self::Complaining => {
                let error = || Err(Error::new(ErrorKind::Unavailable, Stage::Llm, "cancelled"));
                let complaint = stream::once(async move { error() }).filter(move |_| {
                    let is_cancelled = cx.cancel.is_cancelled();
                    async move { is_cancelled }
                });
                words.take_until(cancelled).chain(complaint).boxed()
            }
            Self::Untidy => {
                cx.tasks.spawn(std::future::pending());
                words.take_until(cancelled).boxed()
            }
            Self::Endless => words.chain(stream::pending()).take_until(cancelled).boxed(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bad_habits_of_a_model_are_found() {
    for (model, expected) in [
        (Bad::Deaf, "cancelled after 0 items: gave an item after it was cancelled"),
        (Bad::Complaining, "cancelled after 0 items: gave an error: llm: cancelled"),
        (Bad::Untidy, "undisturbed: left behind: 1 tasks, 0 calls"),
        (Bad::Endless, "undisturbed: neither an item nor the end came in time"),
    ] {
        let breach = Suite::new().llm(&model, request()).await.expect_err(expected);
        assert_eq!(breach.to_string(), expected);
    }
}

/// A synthesiser that forgets to say where a sentence ends.
struct Forgetful;

impl TtsProvider for Forgetful {
    fn name(&self) -> &str {
        "forgetful"
    }

    fn sample_rate(&self) -> u32 {
        16_000
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, _: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        text.filter_map(|input| async move {
            match input {
                TtsInput::Text { sentence, .. } => Some(Ok(TtsEvent::Audio { sentence, pcm: Bytes::from(vec![0; 2]) })),
                TtsInput::Flush => None,
            }
        })
        .boxed()
    }
}

/// A synthesiser that keeps what it was given to read, long after it was told to stop.
#[derive(Default)]
struct Hoarder(Mutex<Vec<BoxStream<'static, TtsInput>>>);

impl TtsProvider for Hoarder {
    fn name(&self) -> &str {
        "hoarder"
    }

    fn sample_rate(&self) -> u32 {
        16_000
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, _: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        self.0.lock().expect("no panic holds it").push(text);
        stream::empty().boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_lets_go_of_its_input() {
    let breach = Suite::new().tts(&Hoarder::default(), Vec::new()).await.expect_err("it keeps the input");
    assert_eq!(breach.to_string(), "cancelled after 0 items: left behind: 0 tasks, 0 calls, its input");
}

#[tokio::test(start_paused = true)]
async fn a_synthesiser_must_end_every_sentence() {
    let breach = Suite::new().tts(&Forgetful, sentences()).await.expect_err("no sentence ends");
    assert_eq!(breach.to_string(), "undisturbed: spoke sentence 1 where Some(SentenceId(0)) was due");
}
