//! What happens to a connection, and what is heard all the same.

use super::support::ear::{Ear, answer};
use super::support::listener::{Listener, conversation, finalize, silence, spoken, text};
use super::support::service::{Accepted, Dice, Knock, Peer, Seen, Service};
use super::{KEY, PATIENCE, config, finals, finals_of, provider};
use futures::channel::mpsc;
use futures::{StreamExt, stream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use voice_core::stage::{CallContext, SttEvent, SttInput, SttProvider};
use voice_providers::deepgram::DeepgramStt;

/// How often a conversation has been stalled. Each time costs the second after which it is noticed, of the 4.5 that a final
/// may take in all.
#[derive(Clone, Default)]
pub struct Stalls(Arc<AtomicUsize>);

impl Stalls {
    pub async fn one_more(&self, peer: Peer) {
        if self.0.fetch_add(1, Ordering::Relaxed) < 2 {
            peer.stall().await;
        }
    }
}

/// The ways in which a connection can be lost.
async fn misbehave(knock: Knock, mut dice: Dice, stalls: Stalls) {
    let Some(listener) = Listener::for_a_while(knock, &mut dice, 8, 40).await else { return };
    match dice.below(5) {
        0 => drop(listener),
        1 => listener.peer.half_a_frame().await,
        2 => listener.peer.close(1011, "NET-0001").await,
        3 => stalls.one_more(listener.peer).await,
        _ => listener.listen().await,
    }
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
