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

mod support {
    pub mod ear;
    pub mod flux;
    pub mod listener;
    pub mod service;
}

use futures::channel::mpsc;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, stream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::ear::{Ear, answer};
use support::flux::Flux;
use support::listener::{Listener, finalize, spoken, text};
use support::service::{Accepted, Dice, Knock, Peer, Seen, Service};
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

/// How often a conversation has been stalled. Each time costs the second after which it is noticed, of the 4.5 that a final
/// may take in all.
#[derive(Clone, Default)]
struct Stalls(Arc<AtomicUsize>);

impl Stalls {
    async fn one_more(&self, peer: Peer) {
        if self.0.fetch_add(1, Ordering::Relaxed) < 2 {
            peer.stall().await;
        }
    }
}

/// The ways in which a connection can be lost.
async fn misbehave(knock: Knock, mut dice: Dice, stalls: Stalls) {
    match dice.below(8) {
        0 => return knock.refuse("503 Service Unavailable", "", "overloaded").await,
        1 => return knock.refuse("429 Too Many Requests", "retry-after: 0\r\n", "{\"err_code\":\"TOO_MANY\"}").await,
        _ => {}
    }
    let Some(peer) = knock.accept().await else { return };
    let mut listener = Listener::new(peer, 1 + dice.below(6) as usize);
    for _ in 0..dice.below(40) {
        if !listener.step().await {
            return;
        }
    }
    match dice.below(5) {
        0 => drop(listener),
        1 => listener.peer.half_a_frame().await,
        2 => listener.peer.close(1011, "NET-0001").await,
        3 => stalls.one_more(listener.peer).await,
        _ => listener.listen().await,
    }
}

/// The silence by which the end of speech was noticed.
fn silence(turn: u32) -> SttInput {
    let pcm = bytes::Bytes::from(vec![0; 2 * 3_200]);
    SttInput::Audio { turn: voice_core::TurnId(turn), at: voice_core::AudioTime::ZERO, pcm }
}

/// Three turns with pauses in them, and what must be heard of them.
fn conversation(dice: &mut Dice) -> (Vec<SttInput>, Vec<(FinalizeId, String)>) {
    let (mut input, mut expected, mut word) = (Vec::new(), Vec::new(), 1);
    for turn in 1..4 {
        let first = word;
        for attempt in 0..=dice.below(2) as u32 {
            let until = word + 1 + dice.below(25) as i16;
            input.extend(spoken(turn, word..until, dice));
            input.push(silence(turn));
            input.push(SttInput::Finalize(finalize(turn, attempt)));
            word = until;
            expected.push((finalize(turn, attempt), text(first..word)));
        }
    }
    (input, expected)
}

/// The defaults, but for what would make the test long: pauses between attempts, and how often it tries.
async fn survives(seed: u64) {
    let stalls = Stalls::default();
    let service = Service::start(move |knock| {
        let dice = Dice(seed * 1_000 + knock.number as u64);
        misbehave(knock, dice, stalls.clone())
    })
    .await;
    let mut config = config(&service.endpoint);
    config.give_up_after = 100;
    let stt = DeepgramStt::new(config).unwrap();
    let (input, expected) = conversation(&mut Dice(seed));
    let input = stream::iter(input).boxed();
    // All at once, or as it is spoken.
    let live = |item| async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        item
    };
    let input = if seed.is_multiple_of(5) { input.then(live).boxed() } else { input };
    assert_eq!(finals_of(&stt, input).await, expected, "seed {seed}");
}

/// 50 conversations; more with `DEEPGRAM_FAULT_RUNS`.
#[tokio::test]
async fn no_word_is_lost_or_doubled_whatever_happens_to_the_connection() {
    let runs = std::env::var("DEEPGRAM_FAULT_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(50);
    stream::iter(0..runs).for_each_concurrent(25, survives).await;
}

#[tokio::test]
async fn a_stall_at_a_request_for_a_final_is_noticed_and_the_words_are_recovered_before_it_is_given() {
    let service = Service::start(|knock| async move {
        let first = knock.number == 0;
        let Some(peer) = knock.accept().await else { return };
        let mut listener = Listener::new(peer, 4);
        if first {
            // It hears the first words and nothing of the rest.
            listener.step().await;
            listener.step().await;
            listener.peer.stall().await;
            return;
        }
        listener.listen().await;
    })
    .await;
    let mut input = spoken(1, 1..12, &mut Dice(3));
    input.extend([silence(1), SttInput::Finalize(finalize(1, 0))]);
    let begun = tokio::time::Instant::now();
    assert_eq!(finals(&provider(&service.endpoint), input).await, [(finalize(1, 0), text(1..12))]);
    assert!(begun.elapsed() < Duration::from_millis(1_900), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_cannot_be_recovered_in_time_is_answered_with_what_is_there() {
    let service = Service::start(|knock| async move {
        let Some(peer) = knock.accept().await else { return };
        let mut listener = Listener::new(peer, 1);
        listener.step().await;
        listener.step().await;
        listener.peer.stall().await;
    })
    .await;
    let mut config = config(&service.endpoint);
    (config.finalize_timeout, config.recovery_timeout) = (Duration::from_millis(50), Duration::from_millis(300));
    let mut input = spoken(1, 1..30, &mut Dice(3));
    input.push(SttInput::Finalize(finalize(1, 0)));
    let finals = finals(&DeepgramStt::new(config).unwrap(), input).await;
    assert_eq!(finals.len(), 1);
    let (id, heard) = &finals[0];
    let all = text(1..30);
    assert!(*id == finalize(1, 0) && !heard.is_empty() && all.starts_with(heard.as_str()) && *heard != all, "{heard}");
}

#[tokio::test]
async fn a_backlog_is_transcribed_by_a_request_while_the_live_audio_goes_on() {
    let service = Service::start(|knock| async move {
        match knock.accept_any().await {
            Some(Accepted::Request(request)) => answer(request).await,
            Some(Accepted::Peer(peer)) => Ear::new(peer, 3).listen().await,
            None => {}
        }
    })
    .await;
    let mut config = config(&service.endpoint);
    config.longest_live_backlog = Duration::from_secs(1);
    let mut input = spoken(1, 1..48, &mut Dice(1));
    input.push(silence(1));
    let (sender, receiver) = mpsc::unbounded();
    // Two words are still to come when the connection begins.
    for item in input.drain(..input.len() - 6) {
        sender.unbounded_send(item).unwrap();
    }
    let stt = DeepgramStt::new(config).unwrap();
    let mut events = stt.transcribe(receiver.boxed(), CallContext::detached());
    tokio::select! {
        biased;
        () = service.log.wait(1, |_, seen| matches!(seen, Seen::Posted { .. })) => {}
        event = events.next() => panic!("{event:?}"),
    }
    for item in input.into_iter().chain([SttInput::Finalize(finalize(1, 0))]) {
        sender.unbounded_send(item).unwrap();
    }
    drop(sender);
    let events: Vec<_> = timeout(PATIENCE, events.map(Result::unwrap).collect()).await.unwrap();
    let last = SttEvent::Final { id: finalize(1, 0), text: text(1..48), unclear: false };
    assert_eq!(events.last(), Some(&last));
    let posted = service.log.all().into_iter().find_map(|(_, seen)| match seen {
        Seen::Posted { address, authorization, bytes } => Some((address, authorization, bytes)),
        _ => None,
    });
    let (address, authorization, bytes) = posted.unwrap();
    let expected =
        "/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000&channels=1&punctuate=true&smart_format=true";
    assert_eq!((address.as_str(), authorization), (expected, format!("Token {KEY}")));
    assert!(bytes > 32_000, "{bytes}");
    let live: usize =
        service.log.all().iter().map(|(_, seen)| if let Seen::Audio(bytes) = seen { *bytes } else { 0 }).sum();
    assert!(live < bytes, "live audio begins late in the backlog: {live} of {bytes}");
}

/// A connection or a request, and the ways in which it can be lost.
async fn misbehave_with_requests(knock: Knock, mut dice: Dice, stalls: Stalls) {
    let peer = match knock.accept_any().await {
        None => return,
        Some(Accepted::Request(request)) => match dice.below(6) {
            0 => return request.answer("503 Service Unavailable", "overloaded").await,
            1 => return drop(request),
            _ => {
                tokio::time::sleep(Duration::from_millis(dice.below(30))).await;
                return answer(request).await;
            }
        },
        Some(Accepted::Peer(peer)) => peer,
    };
    let mut ear = Ear::new(peer, 1 + dice.below(6) as usize);
    for _ in 0..dice.below(60) {
        if !ear.step().await {
            return;
        }
    }
    match dice.below(5) {
        0 => drop(ear),
        1 => ear.peer.half_a_frame().await,
        2 => ear.peer.close(1011, "NET-0001").await,
        3 => stalls.one_more(ear.peer).await,
        _ => ear.listen().await,
    }
}

async fn survives_with_requests(seed: u64) {
    let stalls = Stalls::default();
    let service = Service::start(move |knock| {
        let dice = Dice(seed * 1_000 + knock.number as u64);
        misbehave_with_requests(knock, dice, stalls.clone())
    })
    .await;
    let mut config = config(&service.endpoint);
    config.give_up_after = 100;
    config.longest_live_backlog = Duration::from_secs(1);
    let stt = DeepgramStt::new(config).unwrap();
    let (input, expected) = conversation(&mut Dice(seed));
    let live = |item| async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        item
    };
    let input = stream::iter(input).boxed();
    let input = if seed.is_multiple_of(4) { input } else { input.then(live).boxed() };
    assert_eq!(finals_of(&stt, input).await, expected, "seed {seed}");
}

/// 50 conversations; more with `DEEPGRAM_FAULT_RUNS`.
#[tokio::test]
async fn no_word_is_lost_or_doubled_where_a_backlog_meets_the_live_audio() {
    let runs = std::env::var("DEEPGRAM_FAULT_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(50);
    stream::iter(0..runs).for_each_concurrent(25, survives_with_requests).await;
}

/// A service that takes turns of this many words.
async fn flux(span: usize) -> Service {
    Service::start(move |knock| async move {
        let Some(peer) = knock.accept().await else { return };
        Flux::new(peer, span).await.listen().await;
    })
    .await
}

fn flux_config(endpoint: &Endpoint) -> DeepgramSttConfig {
    let mut config = config(endpoint);
    config.model = "flux-general-en".into();
    config
}

#[tokio::test]
async fn flux_is_told_where_the_turn_ends_and_tells_what_it_thinks_of_that() {
    let service = flux(1_000).await;
    let stt = DeepgramStt::new(flux_config(&service.endpoint)).unwrap();
    let events: Vec<_> =
        stt.transcribe(stream::iter(two_turns()).boxed(), CallContext::detached()).map(Result::unwrap).collect().await;
    let finals = events.iter().filter_map(|event| match event {
        SttEvent::Final { id, text, .. } => Some((*id, text.clone())),
        _ => None,
    });
    assert_eq!(finals.collect::<Vec<_>>(), two_turns_heard());
    for (turn, times) in [(1, 2), (2, 1)] {
        let estimate = SttEvent::TurnEstimate { turn: voice_core::TurnId(turn), probability: 0.6 };
        assert_eq!(events.iter().filter(|event| **event == estimate).count(), times, "{turn}: {events:?}");
    }
    let address = "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000&eager_eot_threshold=0.4";
    let request = Seen::Request { address: address.into(), authorization: format!("Token {KEY}") };
    let seen = service.log.all();
    assert_eq!(seen[0], (0, request));
    let texts = service.log.texts(0);
    assert!(texts[..3].iter().all(|text| text == r#"{"type":"ForceEndTurn"}"#), "{texts:?}");
    let longest = seen.iter().filter_map(|(_, seen)| if let Seen::Audio(bytes) = seen { Some(*bytes) } else { None });
    assert!(longest.max() <= Some(2_560), "80 ms at most");
}

#[tokio::test]
async fn flux_gets_no_audio_before_it_is_connected() {
    let service = Service::start(|knock| async move {
        let Some(mut peer) = knock.accept().await else { return };
        assert!(timeout(Duration::from_millis(50), peer.receive()).await.is_err(), "audio before it is wanted");
        Flux::new(peer, 3).await.listen().await;
    })
    .await;
    let stt = DeepgramStt::new(flux_config(&service.endpoint)).unwrap();
    assert_eq!(finals(&stt, two_turns()).await, two_turns_heard());
}

#[tokio::test]
async fn flux_hears_silence_until_it_has_come_to_an_end_and_its_times_stay_those_of_the_speech() {
    let service = flux(3).await;
    let mut config = flux_config(&service.endpoint);
    // What Flux ended itself is not ended again: that is noticed by its silence.
    config.finalize_timeout = Duration::from_millis(500);
    let stt = DeepgramStt::new(config).unwrap();
    let mut input = spoken(1, 1..4, &mut Dice(1));
    input.extend([silence(1), SttInput::Finalize(finalize(1, 0))]);
    input.extend(spoken(1, 4..9, &mut Dice(1)));
    input.extend([silence(1), SttInput::Finalize(finalize(1, 1))]);
    assert_eq!(finals(&stt, input).await, [(finalize(1, 0), text(1..4)), (finalize(1, 1), text(1..9))]);
}

#[tokio::test]
async fn words_of_flux_without_times_belong_to_where_they_were_first_heard() {
    let service = Service::start(|knock| async move {
        let Some(peer) = knock.accept().await else { return };
        let mut flux = Flux::new(peer, 3).await;
        flux.tells_times = false;
        flux.listen().await;
    })
    .await;
    let mut input = spoken(1, 1..4, &mut Dice(1));
    input.extend([silence(1), SttInput::Finalize(finalize(1, 0))]);
    input.extend([silence(1), silence(1), silence(1)]);
    input.extend(spoken(1, 4..9, &mut Dice(1)));
    input.extend([silence(1), SttInput::Finalize(finalize(1, 1))]);
    let stt = DeepgramStt::new(flux_config(&service.endpoint)).unwrap();
    assert_eq!(finals(&stt, input).await, [(finalize(1, 0), text(1..4)), (finalize(1, 1), text(1..9))]);
}

#[tokio::test]
async fn flux_conforms() {
    let service = flux(4).await;
    let stt = DeepgramStt::new(flux_config(&service.endpoint)).unwrap();
    assert!(Suite::new().stt(&stt, two_turns()).await.unwrap() >= 3);
}

async fn misbehave_with_flux(mut dice: Dice, knock: Knock, stalls: Stalls) {
    if dice.below(8) == 0 {
        return knock.refuse("503 Service Unavailable", "", "overloaded").await;
    }
    let Some(peer) = knock.accept().await else { return };
    if dice.below(10) == 0 {
        return stalls.one_more(peer).await;
    }
    let mut flux = Flux::new(peer, 1 + dice.below(6) as usize).await;
    for _ in 0..dice.below(60) {
        if !flux.step().await {
            return;
        }
    }
    match dice.below(5) {
        0 => drop(flux),
        1 => flux.peer.half_a_frame().await,
        2 => flux.peer.close(1011, "NET-0001").await,
        3 => stalls.one_more(flux.peer).await,
        _ => flux.listen().await,
    }
}

async fn survives_with_flux(seed: u64) {
    let stalls = Stalls::default();
    let service = Service::start(move |knock| {
        misbehave_with_flux(Dice(seed * 1_000 + knock.number as u64), knock, stalls.clone())
    })
    .await;
    let mut config = flux_config(&service.endpoint);
    config.give_up_after = 100;
    // Before it is connected nothing is asked of it.
    config.stall_timeout = Duration::from_millis(300);
    let (input, expected) = conversation(&mut Dice(seed));
    assert_eq!(finals(&DeepgramStt::new(config).unwrap(), input).await, expected, "seed {seed}");
}

/// 50 conversations; more with `DEEPGRAM_FAULT_RUNS`.
#[tokio::test]
async fn no_word_is_lost_or_doubled_with_flux() {
    let runs = std::env::var("DEEPGRAM_FAULT_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(50);
    stream::iter(0..runs).for_each_concurrent(25, survives_with_flux).await;
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
