//! Everything one can say, spoken and recognised and answered.

#![cfg(feature = "local")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

use futures::channel::mpsc;
use futures::{StreamExt, poll};
use std::task::Poll;
use support::{padded, recognise, say, speak, stt, tts, turn};
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmPurpose, LlmRequest, SttEvent, SttInput, SttProvider};
use voice_core::{Message, TurnId};
use voice_providers::local::{DemoBrain, DemoBrainConfig, Intents, LocalStt};

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

#[tokio::test]
async fn the_brain_sums_nothing_up_and_is_not_confused_by_what_another_summed_up() {
    let brain = DemoBrain::new(DemoBrainConfig::default()).unwrap();
    let summary = LlmRequest {
        messages: vec![Message::user("what can i say")],
        purpose: LlmPurpose::Summary,
        ..LlmRequest::default()
    };
    assert_eq!(brain.generate(summary, CallContext::detached()).count().await, 0);
    let messages = |summary: Option<&str>| {
        let summary = summary.map(|text| Message::Summary(text.to_owned()));
        summary.into_iter().chain([Message::user("what did i order")]).collect()
    };
    let ask = |messages| brain.answer(&LlmRequest { messages, ..LlmRequest::default() }, &CallContext::detached());
    assert_eq!(ask(messages(Some("i would like a large pizza with mushrooms"))), ask(messages(None)));
}

/// Commands that become something else when `say` says them.
async fn misses<F: Future<Output = Vec<i16>>>(stt: &LocalStt, say: impl Fn(String) -> F) -> Vec<String> {
    let mut misses = Vec::new();
    for utterance in Intents::builtin().unwrap().utterances() {
        let speech = say(utterance.say.clone()).await;
        let (text, unclear) = recognise(stt, &padded(&speech)).await;
        if text != utterance.say {
            misses.push(format!("{:?} became {text:?} (unclear: {unclear})", utterance.say));
        }
    }
    misses
}

/// Through flite's command: the statistical voices draw random numbers, which begin anew with each run of it, so that
/// they sound the same every time.
#[tokio::test]
async fn every_command_is_heard_right_to_the_letter_from_every_voice() {
    let Some(stt) = stt() else { return };
    for voice in ["slt", "awb", "rms", "kal16"] {
        let misses = misses(&stt, |text| async move { say(voice, &text) }).await;
        assert!(misses.is_empty(), "{voice}: {misses:#?}");
    }
}

#[tokio::test]
async fn every_command_is_heard_right_from_the_local_voice() {
    let (Some(stt), Some(tts)) = (stt(), tts("kal16")) else { return };
    let tts = &tts;
    let misses = misses(&stt, |text| async move { speak(tts, &text).await }).await;
    assert!(misses.is_empty(), "{misses:#?}");
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

/// What `stt` gives when each piece of audio comes only after all that can be done with those before it.
async fn hear_at_leisure(stt: &LocalStt, input: Vec<SttInput>) -> Vec<SttEvent> {
    let (sender, receiver) = mpsc::unbounded();
    let mut events = stt.transcribe(receiver.boxed(), CallContext::detached());
    let mut heard = Vec::new();
    for item in input {
        sender.unbounded_send(item).unwrap();
        loop {
            let idle = stt.jobs() == 0;
            match poll!(events.next()) {
                Poll::Ready(event) => heard.push(event.unwrap().unwrap()),
                Poll::Pending if idle && stt.jobs() == 0 => break,
                Poll::Pending => tokio::task::yield_now().await,
            }
        }
    }
    heard
}

#[tokio::test]
async fn words_appear_while_they_are_spoken() {
    let Some(stt) = stt() else { return };
    let said = "set a timer for five minutes";
    let events = hear_at_leisure(&stt, turn(TurnId(1), &padded(&say("slt", said)))).await;
    let (last, partials) = events.split_last().unwrap();
    assert!(matches!(last, SttEvent::Final { text, .. } if text == said), "{events:?}");
    let partials: Vec<_> = partials
        .iter()
        .map(|event| match event {
            SttEvent::Partial { text, .. } => text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(partials.len() >= 3 && said.starts_with(partials[partials.len() - 1]), "{partials:?}");
}
