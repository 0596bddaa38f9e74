//! Everything one can say, spoken and recognised and answered.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

use futures::StreamExt;
use support::{hear, padded, recognise, speak, stt, tts};
use voice_core::Message;
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest, SttEvent};
use voice_providers::local::{DemoBrain, DemoBrainConfig, Intents};

async fn answer(brain: &DemoBrain, said: &str) -> String {
    let request = LlmRequest { messages: vec![Message::user(said)], ..LlmRequest::default() };
    let events: Vec<_> = brain.generate(request, CallContext::detached()).collect().await;
    events
        .into_iter()
        .map(|event| match event.unwrap() {
            LlmEvent::Text(text) => text,
            other => panic!("{other:?}"),
        })
        .collect()
}

/// Says every utterance with `voice`; gives the misses.
async fn misses(voice: &str) -> Option<Vec<String>> {
    let (stt, tts) = (stt()?, tts(voice)?);
    let mut misses = Vec::new();
    for utterance in Intents::builtin().unwrap().utterances() {
        let speech = speak(&tts, &utterance.say).await;
        let (text, unclear) = recognise(&stt, &padded(&speech)).await;
        if text != utterance.say {
            misses.push(format!("{voice}: {:?} became {text:?} (unclear: {unclear})", utterance.say));
        }
    }
    Some(misses)
}

#[tokio::test]
async fn every_command_is_heard_right_to_the_letter_from_every_voice() {
    for voice in ["slt", "awb", "rms", "kal16"] {
        let Some(misses) = misses(voice).await else { return };
        assert!(misses.is_empty(), "{misses:#?}");
    }
}

#[tokio::test]
async fn every_command_gets_its_answer() {
    let mut config = DemoBrainConfig::default();
    config.word_interval = std::time::Duration::ZERO;
    let brain = DemoBrain::new(config).unwrap();
    for utterance in brain.intents().utterances() {
        let answer = answer(&brain, &utterance.say).await;
        assert!(
            utterance.answer.matches(&answer),
            "{}: {answer:?} is not {:?}",
            utterance.say,
            utterance.answer.pattern()
        );
    }
}

#[tokio::test]
async fn words_appear_while_they_are_spoken() {
    let (Some(stt), Some(tts)) = (stt(), tts("slt")) else { return };
    let speech = speak(&tts, "set a timer for five minutes").await;
    let events = hear(&stt, &padded(&speech)).await;
    println!("{events:?}");
    assert!(matches!(events.last(), Some(SttEvent::Final { .. })));
}
