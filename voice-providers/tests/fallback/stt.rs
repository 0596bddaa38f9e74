//! Recognisers, one of which fails: real sockets, and a service that hears what reached it and nothing else.

use crate::fault_runs;
use crate::support::listener::{Listener, conversation, finalize, spoken};
use crate::support::service::{Dice, Knock, Service};
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use voice_core::stage::{CallContext, FinalizeId, Notice, SttEvent, SttInput, SttProvider};
use voice_core::testing::FakeStt;
use voice_core::testing::conformance::Suite;
use voice_core::{ErrorKind, Result};
use voice_providers::deepgram::{DeepgramStt, DeepgramSttConfig};
use voice_providers::fallback::{FallbackConfig, FallbackStt};
use voice_providers::{Endpoint, Secret};

const PATIENCE: Duration = Duration::from_secs(30);
const MS: Duration = Duration::from_millis(1);

/// One that does not connect again by itself.
fn recogniser(endpoint: &Endpoint) -> Arc<dyn SttProvider> {
    let key = Secret::new("0123456789abcdef0123456789abcdef01234567");
    let mut config = DeepgramSttConfig::from_settings(key, Some(endpoint.clone()), None, None);
    config.replay_speed = 1_000.0;
    config.give_up_after = 1;
    config.finalize_timeout = PATIENCE;
    // The listener here tells no times, by which words heard twice would be told apart.
    config.longest_live_backlog = Duration::MAX;
    Arc::new(DeepgramStt::new(config).unwrap())
}

async fn service(misbehave: impl Fn(u64) -> Option<Dice> + Send + Sync + 'static) -> Service {
    Service::start(move |knock| {
        let dice = misbehave(knock.number as u64);
        async move {
            match dice {
                Some(dice) => fail(knock, dice).await,
                None => honest(knock).await,
            }
        }
    })
    .await
}

async fn honest(knock: Knock) {
    let Some(peer) = knock.accept().await else { return };
    Listener::new(peer, 4).listen().await;
}

/// The ways in which a connection can be lost, each at a random moment.
async fn fail(knock: Knock, mut dice: Dice) {
    let Some(listener) = Listener::for_a_while(knock, &mut dice, 10, 60).await else { return };
    match dice.below(4) {
        0 => drop(listener),
        1 => listener.peer.half_a_frame().await,
        2 => listener.peer.close(1011, "NET-0001").await,
        _ => listener.peer.stall().await,
    }
}

/// As it is spoken, faster: the words come at 50 times their pace.
fn live(input: Vec<SttInput>) -> BoxStream<'static, SttInput> {
    let item = |item| async {
        tokio::time::sleep(MS).await;
        item
    };
    stream::iter(input).then(item).boxed()
}

fn finals(events: &[Result<SttEvent>]) -> Vec<(FinalizeId, String)> {
    let finals = events.iter().filter_map(|event| match event.as_ref().unwrap() {
        SttEvent::Final { id, text, .. } => Some((*id, text.clone())),
        _ => None,
    });
    finals.collect()
}

async fn hear(stt: &FallbackStt, input: BoxStream<'static, SttInput>) -> Vec<Result<SttEvent>> {
    timeout(PATIENCE, stt.transcribe(input, CallContext::detached()).collect()).await.expect("the call ends")
}

#[tokio::test]
async fn no_word_is_lost_or_doubled_when_the_first_recogniser_fails() {
    let mut replaced = 0;
    for seed in 0..fault_runs() {
        let first = service(move |number| Some(Dice(seed * 1_000 + number))).await;
        let second = service(|_| None).await;
        let mut config = FallbackConfig::default();
        config.first_rest = 4 * MS;
        config.final_transcript = 400 * MS;
        let stt = FallbackStt::new(vec![recogniser(&first.endpoint), recogniser(&second.endpoint)], config).unwrap();
        let (input, expected) = conversation(&mut Dice(seed));
        let input = if seed % 2 == 0 { live(input) } else { stream::iter(input).boxed() };
        let events = hear(&stt, input).await;
        assert_eq!(finals(&events), expected, "seed {seed}");
        let failures = |event: &&Result<SttEvent>| matches!(event, Ok(SttEvent::Notice(Notice::FailedOver { .. })));
        replaced += u64::from(events.iter().any(|event| failures(&event)));
    }
    assert!(replaced > fault_runs() / 3, "too little happens: {replaced}");
}

/// A turn that was answered is not paid for again, unless it goes on.
#[tokio::test(start_paused = true)]
async fn the_first_serves_again_from_the_next_turn_on() {
    let (first, second) = (FakeStt::new(MS, ["from the first"]), FakeStt::new(MS, ["from the second"]));
    let (calls, others) = (first.calls(), second.calls());
    let flaky = Flaky { inner: first, fails: std::sync::atomic::AtomicBool::new(true) };
    let stt = FallbackStt::new(vec![Arc::new(flaky), Arc::new(second)], FallbackConfig::default()).unwrap();
    let mut input = Vec::new();
    for turn in 1..4 {
        input.extend(spoken(turn, 1..3, &mut Dice(1)));
        input.push(SttInput::Finalize(finalize(turn, 0)));
    }
    let events = hear(&stt, live(input)).await;
    let texts: Vec<String> = finals(&events).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["from the second", "from the first", "from the first"]);
    assert_eq!((calls.begun(), others.begun()), (1, 1));
    let served: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Ok(SttEvent::Notice(Notice::Serving { provider })) => Some(provider.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(served.len(), 2, "{served:?}");
}

/// With nobody left to ask, a late final is better than none.
#[tokio::test(start_paused = true)]
async fn the_last_recogniser_gets_the_time_that_a_turn_has() {
    let late = || Arc::new(FakeStt::new(4_000 * MS, ["late"])) as Arc<dyn SttProvider>;
    let quick = || Arc::new(FakeStt::new(MS, ["quick"])) as Arc<dyn SttProvider>;
    for (recognisers, expected) in [(vec![late()], "late"), (vec![late(), quick()], "quick")] {
        let stt = FallbackStt::new(recognisers, FallbackConfig::default()).unwrap();
        let mut input = spoken(1, 1..3, &mut Dice(1));
        input.push(SttInput::Finalize(finalize(1, 0)));
        let events = hear(&stt, stream::iter(input).boxed()).await;
        assert_eq!(finals(&events), [(finalize(1, 0), expected.to_owned())]);
    }
}

/// Fails once, at the first word.
struct Flaky {
    inner: FakeStt,
    fails: std::sync::atomic::AtomicBool,
}

impl SttProvider for Flaky {
    fn name(&self) -> &str {
        "flaky"
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        if self.fails.swap(false, std::sync::atomic::Ordering::SeqCst) {
            let error = || Err(voice_core::Error::new(ErrorKind::Unavailable, voice_core::Stage::Stt, "not yet"));
            return input.take(1).map(move |_| error()).boxed();
        }
        self.inner.transcribe(input, cx)
    }
}

#[tokio::test(start_paused = true)]
async fn it_conforms() {
    let recogniser = || FakeStt::new(50 * MS, ["one", "two"]);
    let (first, second) = (recogniser(), recogniser());
    let stt = FallbackStt::new(vec![Arc::new(first.clone()), Arc::new(second)], FallbackConfig::default()).unwrap();
    assert_eq!(stt.name(), "fake,fake");
    let mut input = spoken(1, 1..3, &mut Dice(1));
    input.push(SttInput::Finalize(finalize(1, 0)));
    input.extend(spoken(2, 3..5, &mut Dice(1)));
    input.push(SttInput::Finalize(finalize(2, 0)));
    let items = Suite::new().counting(first.calls()).stt(&stt, input).await.unwrap();
    assert_eq!(items, 3, "who serves, and two finals");
}
