//! Cartesia's voices against a service on this machine.

#![cfg(feature = "cartesia")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    unreachable_pub,
    missing_docs
)]

mod support {
    pub mod service;
    pub mod speaker;
}

use futures::channel::mpsc;
use futures::{StreamExt, stream};
use serde_json::json;
use std::time::Duration;
use support::service::{Dice, Knock, Seen, Service};
use support::speaker::{Speaker, audio_of};
use tokio::time::timeout;
use voice_core::stage::{CallContext, TtsEvent, TtsInput, TtsProvider};
use voice_core::testing::conformance::Suite;
use voice_core::{ErrorKind, Result, SentenceId};
use voice_providers::cartesia::{CartesiaTts, CartesiaTtsConfig};
use voice_providers::{Endpoint, Secret};

const KEY: &str = "sk_car_0123456789abcdefABCDEF";

fn provider(endpoint: &Endpoint) -> CartesiaTts {
    let mut config = CartesiaTtsConfig::from_settings(Secret::new(KEY), Some(endpoint.clone()), None, None, None);
    config.stall_timeout = Duration::from_millis(300);
    CartesiaTts::new(config).unwrap()
}

async fn honest() -> Service {
    Service::start(|knock| async move {
        let Some(peer) = knock.accept().await else { return };
        Speaker::new(peer).speak().await;
    })
    .await
}

fn text(sentence: u32, text: &str) -> TtsInput {
    TtsInput::Text { sentence: SentenceId(sentence), text: text.to_owned() }
}

fn sentences(texts: &[&str]) -> Vec<TtsInput> {
    let texts = texts.iter().enumerate().map(|(index, words)| text(index as u32, words));
    texts.chain([TtsInput::Flush]).collect()
}

async fn events(tts: &CartesiaTts, input: Vec<TtsInput>) -> Vec<Result<TtsEvent>> {
    let events = tts.synthesize(stream::iter(input).boxed(), CallContext::detached());
    timeout(Duration::from_secs(20), events.collect()).await.expect("the call ends")
}

/// The audio by sentence as text; every event must be right.
fn spoken(events: &[Result<TtsEvent>]) -> Vec<String> {
    let mut spoken = vec![Vec::new()];
    for event in events {
        let sentence = match event.as_ref().unwrap() {
            TtsEvent::Audio { sentence, pcm } => {
                spoken.last_mut().unwrap().extend(pcm.iter().step_by(2));
                sentence
            }
            TtsEvent::SentenceEnd { sentence } => {
                spoken.push(Vec::new());
                assert_eq!(sentence.0 as usize, spoken.len() - 2);
                continue;
            }
            TtsEvent::Words { sentence, .. } => sentence,
            other => panic!("{other:?}"),
        };
        assert_eq!(sentence.0 as usize, spoken.len() - 1);
    }
    assert_eq!(spoken.pop(), Some(Vec::new()), "audio after the last sentence");
    spoken.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect()
}

/// A message of a context in the words of the documentation.
fn generation(context: &str, transcript: &str, goes_on: bool) -> String {
    format!(
        r#"{{"model_id":"sonic-3.5","voice":{{"mode":"id","id":"6ccbfb76-1fc6-48f7-b71d-91ac6298247b"}},"language":"en","context_id":"{context}","output_format":{{"container":"raw","encoding":"pcm_s16le","sample_rate":24000}},"add_timestamps":true,"use_normalized_timestamps":false,"max_buffer_delay_ms":0,"transcript":"{transcript}","continue":{goes_on}}}"#
    )
}

fn context_of(message: &str) -> String {
    serde_json::from_str::<serde_json::Value>(message).unwrap()["context_id"].as_str().unwrap().to_owned()
}

fn connections(service: &Service) -> usize {
    service.log.all().into_iter().filter(|(_, seen)| matches!(seen, Seen::Request { .. })).count()
}

#[tokio::test]
async fn a_reply_is_a_context_and_a_sentence_a_piece_of_it() {
    let service = honest().await;
    let tts = provider(&service.endpoint);
    assert_eq!((tts.name(), tts.sample_rate()), ("cartesia", 24_000));
    let heard = events(&tts, sentences(&["One two.", "…", "Three."])).await;
    assert_eq!(spoken(&heard), [audio_of("One two. "), String::new(), audio_of("Three. ")]);
    let request = Seen::Request {
        address: "/tts/websocket?cartesia_version=2026-03-01".into(),
        authorization: format!("Bearer {KEY}"),
    };
    assert_eq!(service.log.all()[0], (0, request));
    let messages = service.log.texts(0);
    let context = context_of(&messages[0]);
    let expected = [
        generation(&context, "One two. ", true),
        generation(&context, "Three. ", true),
        generation(&context, "", false),
    ];
    assert_eq!(messages, expected);
    assert!(!format!("{tts:?}").contains(KEY));
}

#[tokio::test]
async fn words_are_timed_from_the_beginning_of_their_sentence() {
    let service = honest().await;
    let heard = events(&provider(&service.endpoint), sentences(&["One two.", "Three."])).await;
    let words: Vec<_> = heard
        .iter()
        .filter_map(|event| match event.as_ref().unwrap() {
            TtsEvent::Words { sentence, words } => Some((sentence.0, words.clone())),
            _ => None,
        })
        .collect();
    let flat: Vec<_> = words
        .iter()
        .flat_map(|(sentence, words)| words.iter().map(|word| (*sentence, word.word.as_str(), word.start_ms.round())))
        .collect();
    // A letter is 10 ms of the script's speech, blanks and stops included.
    assert_eq!(flat, [(0, "One", 0.0), (0, "two.", 40.0), (1, "Three.", 0.0)]);
}

#[tokio::test]
async fn it_conforms() {
    let service = honest().await;
    let items = Suite::new().tts(&provider(&service.endpoint), sentences(&["One two.", "…", "Three."])).await.unwrap();
    assert!(items >= 6, "{items}");
}

#[tokio::test]
async fn the_next_reply_has_a_context_of_its_own_on_the_same_connection() {
    let service = honest().await;
    let tts = provider(&service.endpoint);
    tts.warm_up().await.unwrap();
    for _ in 0..3 {
        assert_eq!(spoken(&events(&tts, sentences(&["Hi."])).await), [audio_of("Hi. ")]);
    }
    assert_eq!(connections(&service), 1);
    let contexts: std::collections::BTreeSet<_> = service.log.texts(0).iter().map(|text| context_of(text)).collect();
    assert_eq!(contexts.len(), 3);
}

#[tokio::test]
async fn without_text_no_context_is_opened() {
    let service = honest().await;
    assert_eq!(spoken(&events(&provider(&service.endpoint), sentences(&["…"])).await), [""]);
    assert!(events(&provider(&service.endpoint), vec![TtsInput::Flush]).await.is_empty());
    assert!(service.log.texts(0).is_empty());
}

#[tokio::test]
async fn cancelled_or_dropped_the_service_sees_the_cancel_next_and_the_connection_serves_again() {
    for cancel in [true, false] {
        let service = honest().await;
        let cx = CallContext::detached();
        let tts = provider(&service.endpoint);
        let input = stream::iter(sentences(&["One two.", "Three."])).chain(stream::pending());
        let mut reply = tts.synthesize(input.boxed(), cx.clone());
        reply.next().await.unwrap().unwrap();
        if cancel {
            cx.cancel.cancel();
            assert!(reply.next().await.is_none());
        }
        drop(reply);
        service.log.wait(3, |_, seen| matches!(seen, Seen::Text(_))).await;
        let messages = service.log.texts(0);
        let cancel = format!(r#"{{"cancel":true,"context_id":"{}"}}"#, context_of(&messages[0]));
        assert_eq!(messages[2], cancel);
        assert_eq!(spoken(&events(&tts, sentences(&["Next."])).await), [audio_of("Next. ")]);
        assert_eq!(connections(&service), 1);
    }
}

#[tokio::test]
async fn what_a_cancelled_reply_still_sends_is_not_heard_in_the_next() {
    let service = Service::start(|knock| async move {
        let mut peer = knock.accept().await.unwrap();
        let first = context_of(peer.receive().await.unwrap().to_text().unwrap());
        let chunk = |context: &str| json!({"type": "chunk", "context_id": context, "flush_id": 1, "data": "eAB4AA=="});
        peer.text(chunk(&first).to_string()).await;
        let cancel = peer.receive().await.unwrap();
        assert!(cancel.to_text().unwrap().contains("cancel"));
        let second = context_of(peer.receive().await.unwrap().to_text().unwrap());
        for late in [
            chunk(&first),
            json!({"type": "error", "status_code": 400, "message": "no such context"}),
            json!({"type": "flush_done", "context_id": first, "flush_id": 1}),
            json!({"type": "done", "context_id": first}),
            json!({"type": "chunk", "context_id": second, "flush_id": 1, "data": "eQA="}),
            json!({"type": "flush_done", "context_id": second, "flush_id": 1, "flush_done": true}),
        ] {
            peer.text(late.to_string()).await;
        }
        peer.receive().await;
        peer.text(json!({"type": "done", "context_id": second}).to_string()).await;
        peer.stall().await;
    })
    .await;
    let tts = provider(&service.endpoint);
    let input = stream::iter([text(0, "One.")]).chain(stream::pending());
    let mut reply = tts.synthesize(input.boxed(), CallContext::detached());
    reply.next().await.unwrap().unwrap();
    drop(reply);
    assert_eq!(spoken(&events(&tts, sentences(&["Two."])).await), ["y"]);
}

#[tokio::test]
async fn text_that_comes_after_a_pause_goes_into_another_context() {
    let service = honest().await;
    let (sender, receiver) = mpsc::unbounded();
    let mut reply = provider(&service.endpoint).synthesize(receiver.boxed(), CallContext::detached());
    sender.unbounded_send(text(0, "One.")).unwrap();
    let mut heard = Vec::new();
    while !matches!(heard.last(), Some(Ok(TtsEvent::SentenceEnd { .. }))) {
        heard.push(reply.next().await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    sender.unbounded_send(text(1, "Two.")).unwrap();
    drop(sender);
    heard.extend(timeout(Duration::from_secs(5), reply.collect::<Vec<_>>()).await.unwrap());
    assert_eq!(spoken(&heard), [audio_of("One. "), audio_of("Two. ")]);
    let contexts: Vec<_> = service.log.texts(0).iter().map(|text| context_of(text)).collect();
    assert!(contexts.len() == 3 && contexts[0] != contexts[1] && contexts[1] == contexts[2], "{contexts:?}");
}

#[tokio::test]
async fn text_that_came_too_late_for_its_context_is_said_in_another() {
    let service = Service::start(|knock| async move {
        let mut peer = knock.accept().await.unwrap();
        let first = context_of(peer.receive().await.unwrap().to_text().unwrap());
        let closed = json!({"type": "error", "context_id": first, "status_code": 400, "message": "Context has closed"});
        peer.text(closed.to_string()).await;
        Speaker::new(peer).speak().await;
    })
    .await;
    let heard = events(&provider(&service.endpoint), sentences(&["One.", "Two."])).await;
    assert_eq!(spoken(&heard), [audio_of("One. "), audio_of("Two. ")]);
    assert_eq!(connections(&service), 1);
}

#[tokio::test]
async fn an_error_of_a_reply_has_its_kind_and_leaves_the_connection() {
    let service = Service::start(|knock| async move {
        let mut peer = knock.accept().await.unwrap();
        let context = context_of(peer.receive().await.unwrap().to_text().unwrap());
        let error = json!({"type": "error", "context_id": context, "status_code": 404, "error_code": "voice_not_found",
            "title": "Voice not found", "message": format!("No such voice. Key {KEY}"), "done": true});
        peer.text(error.to_string()).await;
        Speaker::new(peer).speak().await;
    })
    .await;
    let tts = provider(&service.endpoint);
    let error = events(&tts, sentences(&["One."])).await.pop().unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidConfig);
    assert!(error.message().contains("VOICE") && !format!("{error:?}").contains(KEY), "{error:?}");
    assert_eq!(spoken(&events(&tts, sentences(&["Two."])).await), [audio_of("Two. ")]);
    assert_eq!(connections(&service), 1);
}

#[tokio::test]
async fn a_refused_key_ends_the_warm_up_and_is_not_shown() {
    let service = Service::start(|knock| async move {
        let body = json!({"error_code": "unauthorized", "title": "Unauthorized", "message": format!("bad key {KEY}")});
        knock.refuse("401 Unauthorized", "", &body.to_string()).await;
    })
    .await;
    let tts = provider(&service.endpoint);
    let warm = tts.warm_up().await.unwrap_err();
    let error = events(&tts, sentences(&["One."])).await.pop().unwrap().unwrap_err();
    for error in [warm, error] {
        assert_eq!(*error.kind(), ErrorKind::Auth);
        assert!(error.message().contains("CARTESIA_API_KEY"), "{error}");
        assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    }
}

#[tokio::test]
async fn a_service_that_gives_no_audio_runs_out_of_time() {
    let service = Service::start(|knock| async move {
        if let Some(peer) = knock.accept().await {
            peer.stall().await;
        }
    })
    .await;
    let error = events(&provider(&service.endpoint), sentences(&["One."])).await.pop().unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Timeout);
}

/// The ways in which a connection can be lost.
async fn misbehave(knock: Knock, mut dice: Dice) {
    match dice.below(8) {
        0 => return knock.refuse("503 Service Unavailable", "", "overloaded").await,
        1 => return knock.refuse("429 Too Many Requests", "retry-after: 0\r\n", "Too many: slow down").await,
        _ => {}
    }
    let Some(peer) = knock.accept().await else { return };
    let mut speaker = Speaker::new(peer);
    let end = dice.below(5);
    if end == 4 {
        for odd in ["}", "[]", r#"{"type":"new","context_id":"x"}"#] {
            speaker.peer.text(odd).await;
        }
        return speaker.speak().await;
    }
    speaker.chunks_left = Some(dice.below(12) as usize);
    while speaker.step().await {}
    match end {
        0 => drop(speaker),
        1 => speaker.peer.half_a_frame().await,
        2 => speaker.peer.close(1011, "internal").await,
        _ => speaker.peer.stall().await,
    }
}

/// 50 replies; more with `CARTESIA_FAULT_RUNS`.
#[tokio::test]
async fn every_reply_ends_in_complete_audio_or_an_error_and_nothing_is_heard_twice() {
    let runs = std::env::var("CARTESIA_FAULT_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(50);
    let (mut complete, mut failed) = (0, 0);
    for seed in 0..runs {
        let service = Service::start(move |knock| {
            let dice = Dice(seed * 1_000 + knock.number as u64);
            misbehave(knock, dice)
        })
        .await;
        let mut config =
            CartesiaTtsConfig::from_settings(Secret::new(KEY), Some(service.endpoint.clone()), None, None, None);
        config.stall_timeout = Duration::from_millis(40);
        let tts = CartesiaTts::new(config).unwrap();
        let mut dice = Dice(seed);
        let texts: Vec<String> = (0..=dice.below(5))
            .map(|sentence| format!("s{sentence} {}.", "abc ".repeat(dice.below(6) as usize)))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut heard = events(&tts, sentences(&texts)).await;
        let whole: Vec<_> = texts.iter().map(|text| audio_of(&format!("{text} "))).collect();
        if heard.last().is_some_and(Result::is_err) {
            failed += 1;
            heard.pop();
            let heard: Vec<u8> = heard
                .into_iter()
                .filter_map(|event| if let TtsEvent::Audio { pcm, .. } = event.unwrap() { Some(pcm) } else { None })
                .flat_map(|pcm| pcm.into_iter().step_by(2))
                .collect();
            assert!(whole.concat().as_bytes().starts_with(&heard), "seed {seed}: {heard:?}");
        } else {
            complete += 1;
            assert_eq!(spoken(&heard), whole, "seed {seed}");
        }
    }
    assert!(complete > 0 && failed > 0, "{complete} complete, {failed} failed");
}

#[tokio::test]
async fn live() {
    let Ok(key) = std::env::var("CARTESIA_API_KEY") else {
        println!("SKIPPED: CARTESIA_API_KEY is not set");
        return;
    };
    let tts = CartesiaTts::new(CartesiaTtsConfig::new(Secret::new(key))).unwrap();
    tts.warm_up().await.unwrap();
    let mut bytes = vec![0];
    for event in events(&tts, sentences(&["Hello there.", "How are you?"])).await {
        match event.unwrap() {
            TtsEvent::Audio { pcm, .. } => *bytes.last_mut().unwrap() += pcm.len(),
            TtsEvent::SentenceEnd { .. } => bytes.push(0),
            _ => {}
        }
    }
    assert!(bytes.len() == 3 && bytes[..2].iter().all(|bytes| *bytes > 10_000), "{bytes:?}");
}
