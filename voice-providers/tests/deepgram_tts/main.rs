//! Deepgram's voices against a service on this machine.

#![cfg(feature = "deepgram")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    unreachable_pub,
    missing_docs
)]

#[path = "../support"]
mod support {
    pub mod http_server;
    pub mod service;
}

mod rest;

use futures::{StreamExt, stream};
use std::time::Duration;
use support::service::{Peer, Seen, Service};
use tokio::time::timeout;
use voice_core::stage::{CallContext, TtsEvent, TtsInput, TtsProvider};
use voice_core::testing::conformance::Suite;
use voice_core::{ErrorKind, Result, SentenceId};
use voice_providers::deepgram::{DeepgramTts, DeepgramTtsConfig, DeepgramTtsTransport};
use voice_providers::{Endpoint, Secret};

const KEY: &str = "0123456789abcdef0123456789abcdef01234567";
const FLUSH: &str = r#"{"type":"Flush"}"#;

fn provider(endpoint: &Endpoint) -> DeepgramTts {
    let mut config = DeepgramTtsConfig::from_settings(Secret::new(KEY), Some(endpoint.clone()), None);
    config.stall_timeout = Duration::from_millis(300);
    DeepgramTts::new(config).unwrap()
}

/// Two bytes of audio for each letter, in pieces of odd length.
async fn speak(mut peer: Peer) {
    peer.text(r#"{"type":"Metadata","request_id":"1"}"#).await;
    let mut letters = 0;
    while let Some(message) = peer.receive().await {
        let text = message.to_text().unwrap();
        if text == FLUSH {
            for piece in vec![7; 2 * letters].chunks(7) {
                peer.binary(piece.to_vec()).await;
            }
            letters = 0;
            peer.text(r#"{"type":"Flushed","sequence_id":0}"#).await;
        } else if let Some(text) = serde_json::from_str::<serde_json::Value>(text).unwrap()["text"].as_str() {
            letters += text.chars().filter(|character| character.is_alphanumeric()).count();
        }
    }
}

async fn honest() -> Service {
    Service::start(|knock| async move {
        let Some(peer) = knock.accept().await else { return };
        speak(peer).await;
    })
    .await
}

fn sentences(texts: &[&str]) -> Vec<TtsInput> {
    let texts = texts.iter().enumerate();
    let texts =
        texts.map(|(index, text)| TtsInput::Text { sentence: SentenceId(index as u32), text: (*text).to_owned() });
    texts.chain([TtsInput::Flush]).collect()
}

async fn events(tts: &DeepgramTts, input: Vec<TtsInput>) -> Vec<Result<TtsEvent>> {
    let events = tts.synthesize(stream::iter(input).boxed(), CallContext::detached());
    timeout(Duration::from_secs(10), events.collect()).await.expect("the call ends")
}

/// Bytes of audio by sentence; every event must be right.
async fn spoken(tts: &DeepgramTts, input: Vec<TtsInput>) -> Vec<usize> {
    let mut bytes = vec![0];
    for event in events(tts, input).await {
        match event.unwrap() {
            TtsEvent::Audio { sentence, pcm } => {
                assert_eq!(sentence.0 as usize, bytes.len() - 1);
                *bytes.last_mut().unwrap() += pcm.len();
            }
            TtsEvent::SentenceEnd { sentence } => {
                assert_eq!(sentence.0 as usize, bytes.len() - 1);
                bytes.push(0);
            }
            other => panic!("{other:?}"),
        }
    }
    bytes.pop();
    bytes
}

#[tokio::test]
async fn each_sentence_is_flushed_and_has_its_own_audio() {
    let service = honest().await;
    let tts = provider(&service.endpoint);
    assert_eq!((tts.name(), tts.sample_rate()), ("deepgram", 24_000));
    assert_eq!(spoken(&tts, sentences(&["One two.", "…", "Three."])).await, [12, 0, 10]);
    let request = Seen::Request {
        address: "/v1/speak?model=aura-2-thalia-en&encoding=linear16&sample_rate=24000".into(),
        authorization: format!("Token {KEY}"),
    };
    assert_eq!(service.log.all()[0], (0, request));
    let texts = [r#"{"text":"One two.","type":"Speak"}"#, FLUSH, r#"{"text":"Three.","type":"Speak"}"#, FLUSH];
    assert_eq!(service.log.texts(0), texts);
    assert!(!format!("{tts:?}").contains(KEY));
}

#[tokio::test]
async fn past_the_flushes_allowed_sentences_share_one() {
    let service = honest().await;
    let tts = provider(&service.endpoint);
    let bytes = spoken(&tts, sentences(&["Four"; 30])).await;
    assert_eq!((bytes.len(), bytes.iter().sum::<usize>()), (30, 240));
    assert_eq!(service.log.texts(0).iter().filter(|text| *text == FLUSH).count(), 17);
    spoken(&tts, sentences(&["Next."])).await;
    assert_eq!(service.log.texts(1).len(), 2, "on another connection");
}

#[tokio::test]
async fn a_long_text_goes_in_several_messages() {
    let service = honest().await;
    let long = "word ".repeat(1_000);
    assert_eq!(spoken(&provider(&service.endpoint), sentences(&[&long])).await, [8_000]);
    assert_eq!(service.log.texts(0).len(), 4);
}

#[tokio::test]
async fn it_conforms() {
    let service = honest().await;
    let items = Suite::new().tts(&provider(&service.endpoint), sentences(&["One two.", "…", "Three."])).await.unwrap();
    assert!(items >= 6, "{items}");
}

#[tokio::test]
async fn a_clean_connection_serves_the_next_reply_and_a_dead_one_is_replaced() {
    let service = Service::start(|knock| async move {
        let first = knock.number == 0;
        let Some(mut peer) = knock.accept().await else { return };
        if first {
            peer.receive().await;
            peer.receive().await;
            peer.binary(vec![0; 4]).await;
            peer.text(r#"{"type":"Flushed"}"#).await;
            peer.receive().await;
            peer.receive().await;
            peer.binary(vec![0; 4]).await;
            peer.text(r#"{"type":"Flushed"}"#).await;
            return peer.close(1011, "NET-0003").await;
        }
        speak(peer).await;
    })
    .await;
    let tts = provider(&service.endpoint);
    tts.warm_up().await.unwrap();
    for _ in 0..2 {
        assert_eq!(spoken(&tts, sentences(&["Hi"])).await, [4]);
    }
    assert_eq!(spoken(&tts, sentences(&["Hello"])).await, [10]);
    let connections = service.log.all().into_iter().filter(|(_, seen)| matches!(seen, Seen::Request { .. }));
    assert_eq!(connections.count(), 2);
}

#[tokio::test]
async fn before_any_audio_a_lost_connection_is_replaced_once() {
    for (good_from, works) in [(1, true), (2, false)] {
        let service = Service::start(move |knock| async move {
            let number = knock.number;
            let Some(mut peer) = knock.accept().await else { return };
            if number < good_from {
                peer.receive().await;
                return peer.close(1011, "NET-0000").await;
            }
            speak(peer).await;
        })
        .await;
        let events = events(&provider(&service.endpoint), sentences(&["One.", "Two."])).await;
        assert_eq!(events.iter().all(Result::is_ok), works, "{events:?}");
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
    let events = events(&provider(&service.endpoint), sentences(&["One."])).await;
    assert_eq!(*events.last().unwrap().as_ref().unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn errors_are_told_and_the_key_is_not() {
    let service =
        Service::start(|knock| async move { knock.refuse("401 Unauthorized", "", &format!("no {KEY}")).await }).await;
    let tts = provider(&service.endpoint);
    let error = events(&tts, sentences(&["One."])).await.pop().unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Auth);
    assert!(error.message().contains("DEEPGRAM_API_KEY") && !format!("{error:?}").contains(KEY), "{error:?}");
    let service = Service::start(|knock| async move {
        let mut peer = knock.accept().await.unwrap();
        peer.receive().await;
        peer.close(1008, "DATA-0001").await;
    })
    .await;
    let error = events(&provider(&service.endpoint), sentences(&["One."])).await.pop().unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::RateLimited { retry_after: None });
}

#[tokio::test]
async fn cancelled_or_dropped_it_hangs_up() {
    for cancel in [true, false] {
        let service = honest().await;
        let cx = CallContext::detached();
        let tts = provider(&service.endpoint);
        let input = stream::iter(sentences(&["One two.", "Three."])).chain(stream::pending());
        let mut events = tts.synthesize(input.boxed(), cx.clone());
        events.next().await.unwrap().unwrap();
        if cancel {
            cx.cancel.cancel();
            assert!(events.next().await.is_none());
        }
        drop(events);
        service.log.wait(1, |_, seen| *seen == Seen::Gone).await;
        assert!(service.log.texts(0).contains(&r#"{"type":"Close"}"#.to_owned()));
    }
}

#[tokio::test]
async fn live() {
    let Ok(key) = std::env::var("DEEPGRAM_API_KEY") else {
        println!("SKIPPED: DEEPGRAM_API_KEY is not set");
        return;
    };
    for transport in [DeepgramTtsTransport::WebSocket, DeepgramTtsTransport::Rest] {
        let mut config = DeepgramTtsConfig::new(Secret::new(key.clone()));
        config.transport = transport;
        let tts = DeepgramTts::new(config).unwrap();
        tts.warm_up().await.unwrap();
        let bytes = spoken(&tts, sentences(&["Hello there.", "How are you?"])).await;
        assert!(bytes.len() == 2 && bytes.iter().all(|bytes| *bytes > 10_000), "{bytes:?}");
    }
}
