//! Deepgram's live transcription against a service on this machine that hears what reached it and nothing else.

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
    pub mod ear;
    pub mod flux;
    pub mod listener;
    pub mod service;
}

mod faults;
mod flux;

use futures::channel::mpsc;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, stream};
use std::time::Duration;
use support::listener::{Listener, finalize, silence, spoken, text};
use support::service::{Dice, Seen, Service};
use tokio::time::timeout;
use voice_core::ErrorKind;
use voice_core::stage::{CallContext, FinalizeId, SttEvent, SttInput, SttProvider};
use voice_core::testing::conformance::Suite;
use voice_providers::deepgram::{DeepgramStt, DeepgramSttConfig};
use voice_providers::{Endpoint, Secret};

const KEY: &str = "0123456789abcdef0123456789abcdef01234567";
/// What a test waits for at most.
const PATIENCE: Duration = Duration::from_secs(20);

fn config(endpoint: &Endpoint) -> DeepgramSttConfig {
    let mut config = DeepgramSttConfig::from_settings(Secret::new(KEY), Some(endpoint.clone()), None, None);
    config.replay_speed = 1_000.0;
    config.longest_live_backlog = Duration::MAX;
    config.first_pause = Duration::from_millis(2);
    config
}

fn provider(endpoint: &Endpoint) -> DeepgramStt {
    DeepgramStt::new(config(endpoint)).unwrap()
}

async fn finals(stt: &DeepgramStt, input: Vec<SttInput>) -> Vec<(FinalizeId, String)> {
    finals_of(stt, stream::iter(input).boxed()).await
}

async fn finals_of(stt: &DeepgramStt, input: BoxStream<'static, SttInput>) -> Vec<(FinalizeId, String)> {
    let events = stt.transcribe(input, CallContext::detached());
    let finals = events.filter_map(async |event| match event.unwrap() {
        SttEvent::Final { id, text, .. } => Some((id, text)),
        _ => None,
    });
    timeout(PATIENCE, finals.collect()).await.expect("the call ends")
}

async fn honest() -> Service {
    Service::start(|knock| async move {
        let Some(peer) = knock.accept().await else { return };
        Listener::new(peer, 4).listen().await;
    })
    .await
}

/// Two turns, the first with a pause in it.
fn two_turns() -> Vec<SttInput> {
    let dice = &mut Dice(1);
    let mut input = spoken(1, 1..8, dice);
    input.push(SttInput::Finalize(finalize(1, 0)));
    input.extend(spoken(1, 8..11, dice));
    input.push(SttInput::Finalize(finalize(1, 1)));
    input.extend(spoken(2, 11..20, dice));
    input.push(SttInput::Finalize(finalize(2, 0)));
    input
}

fn two_turns_heard() -> Vec<(FinalizeId, String)> {
    vec![(finalize(1, 0), text(1..8)), (finalize(1, 1), text(1..11)), (finalize(2, 0), text(11..20))]
}

#[tokio::test]
async fn every_word_is_heard_and_the_request_is_as_documented() {
    let service = honest().await;
    let mut config = config(&service.endpoint);
    config.language = Some("en-GB".into());
    config.keyterms = vec!["São Paulo".into(), "a&b".into()];
    let stt = DeepgramStt::new(config).unwrap();
    assert_eq!(stt.name(), "deepgram");
    assert_eq!(finals(&stt, two_turns()).await, two_turns_heard());
    let seen = service.log.all();
    let address = "/v1/listen?model=nova-3&language=en-GB&encoding=linear16&sample_rate=16000&channels=1\
        &interim_results=true&endpointing=false&punctuate=true&smart_format=true\
        &keyterm=S%C3%A3o%20Paulo&keyterm=a%26b";
    let request = Seen::Request { address: address.into(), authorization: format!("Token {KEY}") };
    assert_eq!(seen[0], (0, request));
    assert!(!format!("{stt:?}").contains(KEY));
    let loudest = seen.iter().filter_map(|(_, seen)| if let Seen::Audio(bytes) = seen { Some(*bytes) } else { None });
    assert!(loudest.max() <= Some(2_560), "80 ms at most");
}

#[tokio::test]
async fn partials_hold_all_words_of_the_turn_so_far() {
    let service = honest().await;
    let stt = provider(&service.endpoint);
    let events: Vec<_> =
        stt.transcribe(stream::iter(two_turns()).boxed(), CallContext::detached()).map(Result::unwrap).collect().await;
    let mut before = String::new();
    let mut partials = 0;
    for event in events {
        if let SttEvent::Partial { turn, text: words } = event {
            assert_ne!(words, before, "shown twice");
            let all = if turn.0 == 1 { text(1..11) } else { text(11..20) };
            assert!(all.starts_with(&words), "{words}");
            (before, partials) = (words, partials + 1);
        }
    }
    assert!(partials > 3, "{partials}");
}

#[tokio::test]
async fn it_conforms() {
    let service = honest().await;
    let items = Suite::new().stt(&provider(&service.endpoint), two_turns()).await.unwrap();
    assert!(items >= 3, "{items}");
}

#[tokio::test]
async fn an_idle_connection_is_kept_alive_with_text() {
    let service = honest().await;
    let mut config = config(&service.endpoint);
    config.keep_alive = Duration::from_millis(5);
    let mut events = DeepgramStt::new(config).unwrap().transcribe(stream::pending().boxed(), CallContext::detached());
    let alive = service.log.wait(3, |_, seen| *seen == Seen::Text(r#"{"type":"KeepAlive"}"#.into()));
    tokio::select! {
        () = alive => {}
        event = events.next() => panic!("{event:?}"),
    }
    assert!(!service.log.all().iter().any(|(_, seen)| matches!(seen, Seen::Audio(_))));
}

#[tokio::test]
async fn a_request_without_an_answer_is_answered_with_what_is_there() {
    let service = Service::start(|knock| async move {
        let mut peer = knock.accept().await.unwrap();
        while let Some(message) = peer.receive().await {
            if message.is_text() {
                let said = |start: f64, is_final: bool, words: &str| {
                    serde_json::json!({"type": "Results", "start": start, "duration": 0.2, "is_final": is_final,
                        "channel": {"alternatives": [{"transcript": words}]}})
                };
                for odd in ["no JSON", r#"{"type":"New","x":[]}"#, r#"{"type":"UtteranceEnd","last_word_end":-1}"#] {
                    peer.text(odd).await;
                }
                peer.text(said(0.0, true, "hello").to_string()).await;
                peer.text(said(0.2, false, "wor").to_string()).await;
            }
        }
    })
    .await;
    let mut config = config(&service.endpoint);
    config.finalize_timeout = Duration::from_millis(300);
    let stt = DeepgramStt::new(config).unwrap();
    let mut input = spoken(1, 1..5, &mut Dice(1));
    input.push(SttInput::Finalize(finalize(1, 0)));
    assert_eq!(finals(&stt, input).await, [(finalize(1, 0), "hello wor".to_owned())]);
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_is_made_again_with_the_next_word() {
    let service = Service::start(|knock| async move {
        let first = knock.number == 0;
        let peer = knock.accept().await.unwrap();
        if first {
            return peer.close(1011, "NET-0001").await;
        }
        Listener::new(peer, 4).listen().await;
    })
    .await;
    let stt = provider(&service.endpoint);
    let (sender, receiver) = mpsc::unbounded();
    let mut events = stt.transcribe(receiver.boxed(), CallContext::detached());
    tokio::select! {
        () = service.log.wait(1, |connection, seen| (connection, seen) == (0, &Seen::Gone)) => {}
        event = events.next() => panic!("{event:?}"),
    }
    assert!(events.next().now_or_never().is_none());
    for item in spoken(1, 1..4, &mut Dice(1)) {
        sender.unbounded_send(item).unwrap();
    }
    sender.unbounded_send(SttInput::Finalize(finalize(1, 0))).unwrap();
    drop(sender);
    let events: Vec<_> = timeout(PATIENCE, events.map(Result::unwrap).collect()).await.unwrap();
    let last = SttEvent::Final { id: finalize(1, 0), text: text(1..4), unclear: false };
    assert_eq!(events.last(), Some(&last));
}

#[tokio::test]
async fn a_backlog_is_sent_no_faster_than_allowed() {
    let service = honest().await;
    let mut config = config(&service.endpoint);
    config.replay_speed = 20.0;
    let mut input = spoken(1, 1..41, &mut Dice(1));
    input.push(SttInput::Finalize(finalize(1, 0)));
    let begun = tokio::time::Instant::now();
    assert_eq!(finals(&DeepgramStt::new(config).unwrap(), input).await, [(finalize(1, 0), text(1..41))]);
    assert!(begun.elapsed() >= Duration::from_millis(4_000 / 20 - 10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_wrong_key_ends_the_call_and_is_not_shown() {
    let service = Service::start(|knock| async move {
        let body = format!(r#"{{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials {KEY}.","request_id":"1"}}"#);
        knock.refuse("401 Unauthorized", "dg-error: Invalid credentials.\r\n", &body).await;
    })
    .await;
    let stt = provider(&service.endpoint);
    let mut events = stt.transcribe(stream::pending().boxed(), CallContext::detached());
    let error = timeout(PATIENCE, events.next()).await.unwrap().unwrap().unwrap_err();
    assert!(events.next().await.is_none(), "nothing follows an error");
    let warm = stt.warm_up().await.unwrap_err();
    for error in [error, warm] {
        assert_eq!(*error.kind(), ErrorKind::Auth);
        assert!(error.message().contains("DEEPGRAM_API_KEY"), "{error}");
        assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    }
}

#[tokio::test]
async fn after_so_many_failures_it_gives_up_with_the_last() {
    let service =
        Service::start(|knock| async move { knock.refuse("503 Service Unavailable", "", "overloaded").await }).await;
    let stt = provider(&service.endpoint);
    let mut events = stt.transcribe(stream::pending().boxed(), CallContext::detached());
    let error = timeout(PATIENCE, events.next()).await.unwrap().unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("overloaded"), "{error}");
    assert_eq!(service.log.all().len(), 5);
}

#[tokio::test]
async fn audio_that_cannot_be_read_is_not_sent_again() {
    let service = Service::start(|knock| async move {
        let mut peer = knock.accept().await.unwrap();
        peer.receive().await;
        peer.close(1008, "DATA-0000").await;
    })
    .await;
    let events = provider(&service.endpoint)
        .transcribe(stream::iter(two_turns()).boxed(), CallContext::detached())
        .collect::<Vec<_>>();
    let events = timeout(PATIENCE, events).await.unwrap();
    assert_eq!(*events.last().unwrap().as_ref().unwrap_err().kind(), ErrorKind::InvalidInput);
    let requests = service.log.all().into_iter().filter(|(_, seen)| matches!(seen, Seen::Request { .. }));
    assert_eq!(requests.count(), 1);
}

#[tokio::test]
async fn cancelled_or_dropped_it_hangs_up() {
    for cancel in [true, false] {
        let service = honest().await;
        let cx = CallContext::detached();
        let input = stream::iter(spoken(1, 1..5, &mut Dice(1))).chain(stream::pending());
        let mut events = provider(&service.endpoint).transcribe(input.boxed(), cx.clone());
        timeout(PATIENCE, events.next()).await.unwrap().unwrap().unwrap();
        if cancel {
            cx.cancel.cancel();
            assert!(events.next().await.is_none());
        }
        drop(events);
        service.log.wait(1, |_, seen| *seen == Seen::Gone).await;
        assert!(service.log.texts(0).contains(&r#"{"type":"CloseStream"}"#.to_owned()));
    }
}

#[tokio::test]
async fn warming_up_connects_and_hangs_up() {
    let service = honest().await;
    provider(&service.endpoint).warm_up().await.unwrap();
    service.log.wait(1, |_, seen| *seen == Seen::Gone).await;
}

#[tokio::test]
async fn live() {
    let Ok(key) = std::env::var("DEEPGRAM_API_KEY") else {
        println!("SKIPPED: DEEPGRAM_API_KEY is not set");
        return;
    };
    let stt = DeepgramStt::new(DeepgramSttConfig::new(Secret::new(key))).unwrap();
    stt.warm_up().await.unwrap();
    let mut input = spoken(1, 0..0, &mut Dice(1));
    let silence = bytes::Bytes::from(vec![0; 32_000]);
    input.push(SttInput::Audio { turn: voice_core::TurnId(1), at: voice_core::AudioTime::ZERO, pcm: silence });
    input.push(SttInput::Finalize(finalize(1, 0)));
    assert_eq!(finals(&stt, input).await, [(finalize(1, 0), String::new())]);
}
