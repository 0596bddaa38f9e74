//! Flux, which takes turns itself.

use super::faults::Stalls;
use super::support::flux::Flux;
use super::support::listener::conversation;
use super::support::listener::{finalize, spoken, text};
use super::support::service::{Dice, Knock, Seen, Service};
use super::{KEY, config, finals, silence, two_turns, two_turns_heard};
use futures::{StreamExt, stream};
use std::time::Duration;
use tokio::time::timeout;
use voice_core::stage::{CallContext, SttEvent, SttInput, SttProvider};
use voice_core::testing::conformance::Suite;
use voice_providers::Endpoint;
use voice_providers::deepgram::{DeepgramStt, DeepgramSttConfig};

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
