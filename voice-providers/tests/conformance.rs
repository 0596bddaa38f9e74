//! The local engines keep the rules of their traits: cancelled or dropped at every item, nothing comes after and nothing
//! is left.

#![cfg(feature = "local")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

use support::{CHUNK, padded, speak, stt, tts, turn};
use voice_core::stage::{FinalizeId, LlmRequest, SttInput, TtsInput};
use voice_core::testing::conformance::Suite;
use voice_core::{Message, SentenceId, TurnId};
use voice_providers::local::{DemoBrain, DemoBrainConfig};

/// Two turns, the first of them with a pause in it.
async fn two_turns() -> Option<Vec<SttInput>> {
    let voice = tts("kal16")?;
    let (first, second) = (padded(&speak(&voice, "yes please").await), padded(&speak(&voice, "thank you").await));
    let pause = SttInput::Finalize(FinalizeId { turn: TurnId(1), attempt: 0 });
    let mut begun = turn(TurnId(1), &first);
    begun.insert(first.len() / CHUNK, pause);
    let again = FinalizeId { turn: TurnId(1), attempt: 1 };
    *begun.last_mut().unwrap() = SttInput::Finalize(again);
    Some([begun, turn(TurnId(2), &second)].concat())
}

#[tokio::test]
async fn the_recogniser_conforms() {
    let (Some(stt), Some(input)) = (stt(), two_turns().await) else { return };
    let items = Suite::new().stt(&stt, input).await.unwrap();
    assert!(items >= 3, "a final for each request, and partials: {items}");
}

#[tokio::test]
async fn the_voices_conform() {
    let sentence = |number, text: &str| TtsInput::Text { sentence: SentenceId(number), text: text.to_owned() };
    let input = vec![
        sentence(0, "One moment, please."),
        sentence(1, "…"),
        sentence(2, "Once upon a time there was an old lighthouse on a small island."),
        TtsInput::Flush,
    ];
    for voice in ["kal16", "slt"] {
        let Some(tts) = tts(voice) else { return };
        let items = Suite::new().tts(&tts, input.clone()).await.unwrap();
        assert!(items > 10, "ends, words and audio: {items}");
    }
}

#[tokio::test]
async fn the_demo_brain_conforms() {
    let brain = DemoBrain::new(DemoBrainConfig::default()).unwrap();
    let request = LlmRequest { messages: vec![Message::user("what can i say")], ..LlmRequest::default() };
    let items = Suite::new().llm(&brain, request).await.unwrap();
    assert!(items > 10, "a word at a time: {items}");
}
