//! A detector of speech that answers later than it is asked.

use super::{MS, host};
use bytes::Bytes;
use futures::FutureExt;
use std::sync::Arc;
use std::time::Duration;
use voice_core::agent::{Agent, Control, SessionOptions};
use voice_core::conversation::{CloseReason, Event};
use voice_core::foreign::{ForeignCall, ForeignItem, ForeignVad};
use voice_core::stage::Vad;
use voice_core::testing::FakeStt;
use voice_core::{ErrorKind, Stage};

fn window() -> Vec<f32> {
    vec![0.5; 512]
}

#[tokio::test(start_paused = true)]
async fn a_detector_is_given_2_s_of_audio_unanswered_and_says_how_far_behind_it_is() {
    let (host, mut calls) = host();
    let mut vad = ForeignVad::new(16_000, 512, &*host).expect("a detector");
    let call = calls.recv().await.expect("a call");
    assert_eq!(call.request, r#"{"sample_rate":16000,"window_len":512}"#);
    let input = call.input.as_ref().expect("windows");
    assert_eq!(vad.speech_probability(&window()).expect("nothing is known"), 0.0);
    let item = input.next().now_or_never().flatten().expect("a window");
    assert_eq!(item.audio.expect("its samples").len(), 2_048);
    call.sink.send(ForeignItem::json("0.75")).await.expect("it is wanted");
    assert_eq!(vad.lag(), 1);
    assert_eq!(vad.speech_probability(&window()).expect("of the window before"), 0.75);
    // 63 windows are the first ones to last 2 s.
    for behind in 2..=63 {
        assert_eq!(vad.speech_probability(&window()).expect("the newest known"), 0.75);
        assert_eq!(vad.lag(), behind);
    }
    let problem = loop {
        match vad.speech_probability(&window()) {
            Ok(_) => assert!(vad.lag() <= 65, "the queue has an end"),
            Err(error) => break error,
        }
    };
    assert_eq!(*problem.kind(), ErrorKind::Unavailable);
    assert!(problem.message().contains("windows behind"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn a_detector_that_is_reset_forgets_what_is_on_its_way() {
    let (host, mut calls) = host();
    let mut vad = ForeignVad::new(16_000, 512, &*host).expect("a detector");
    let call = calls.recv().await.expect("a call");
    vad.speech_probability(&window()).expect("nothing is known");
    vad.reset();
    vad.speech_probability(&window()).expect("nothing is known");
    call.sink.send(ForeignItem::json("0.9")).await.expect("of the stream before");
    assert_eq!(vad.speech_probability(&window()).expect("nothing is known"), 0.0);
    call.sink.send(ForeignItem::json("0.2")).await.expect("it is wanted");
    assert_eq!(vad.speech_probability(&window()).expect("known"), 0.2);
    drop(vad);
    assert!(call.cancel.is_cancelled());
}

fn loud_windows(call: &ForeignCall) -> impl Future<Output = ()> {
    let (input, sink) = (call.input.clone().expect("windows"), call.sink.clone());
    async move {
        while let Some(item) = input.next().await {
            let loud = item.audio.is_some_and(|window| window.iter().any(|byte| *byte != 0));
            if sink.send(ForeignItem::json(if loud { "0.98" } else { "0.0" })).await.is_err() {
                return;
            }
        }
    }
}

/// A session that listens by a detector of the host; the user speaks for 600 ms, then is silent.
async fn listening(serve: impl AsyncFnOnce(ForeignCall)) -> Vec<Event> {
    let (host, mut calls) = host();
    let agent = Agent::builder()
        .stt(Arc::new(FakeStt::new(100 * MS, ["Hello."])))
        .vad(move || Ok(Box::new(ForeignVad::new(16_000, 512, &*host)?)))
        .build();
    let (session, mut events) = agent.open_observed(SessionOptions::default()).expect("it opens");
    let call = calls.recv().await.expect("a call");
    let speaking = async {
        for frame in 0..150 {
            let sample: i16 = if (25..55).contains(&frame) { 8_000 } else { 0 };
            let pcm: Bytes = sample.to_le_bytes().repeat(320).into();
            session.send_audio(pcm).await.expect("it is open");
            tokio::time::sleep(20 * MS).await;
        }
        session.control(Control::Close(CloseReason::End)).expect("it is open");
        session.closed().await;
    };
    tokio::join!(speaking, serve(call));
    std::iter::from_fn(|| events.try_recv().ok()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_session_hears_by_a_detector_of_the_host_a_window_later() {
    let events = listening(async |call| loud_windows(&call).await).await;
    let onsets: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Speech { started: true, at } => Some(at.as_millis()),
            _ => None,
        })
        .collect();
    // The user began at 500 ms. A detector inside the session dates the onset to the window that began at 480 ms.
    assert_eq!(onsets, [512]);
    let words = |event: &Event| matches!(event, Event::Transcript { text, is_final: true, .. } if text == "Hello.");
    assert!(events.iter().any(words), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_goes_on_while_its_detector_stands_still_and_tells_it_once() {
    let events = listening(async |call| call.cancel.cancelled().await).await;
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Failed { stage, kind, .. } => Some((*stage, kind.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(Stage::Vad, ErrorKind::Unavailable)]);
}

/// Answers each window after a while, in simulated time; tells how many there were.
async fn answering_slowly(call: ForeignCall, pause: Duration) -> usize {
    let (input, mut windows) = (call.input.expect("windows"), 0);
    while let Some(item) = input.next().await {
        let loud = item.audio.is_some_and(|window| window.iter().any(|byte| *byte != 0));
        tokio::time::sleep(pause).await;
        if call.sink.send(ForeignItem::json(if loud { "0.98" } else { "0.0" })).await.is_err() {
            break;
        }
        windows += 1;
    }
    windows
}

/// A client that sends 2 s of audio in one moment, speech from 500 to 1100 ms, and silence in real time afterwards; gives
/// what was told, and how many windows the detector answered.
async fn bursting(pause: Duration) -> (Vec<Event>, usize) {
    let (host, mut calls) = host();
    let agent = Agent::builder()
        .stt(Arc::new(FakeStt::new(100 * MS, ["Hello."])))
        .vad(move || Ok(Box::new(ForeignVad::new(16_000, 512, &*host)?)))
        .build();
    let (session, mut events) = agent.open_observed(SessionOptions::default()).expect("it opens");
    let call = calls.recv().await.expect("a call");
    let sending = async {
        let burst: Vec<u8> = (0..32_000)
            .flat_map(|sample| if (8_000..17_600).contains(&sample) { [0x40, 0x1f] } else { [0, 0] })
            .collect();
        session.send_audio(burst.into()).await.expect("it is open");
        tokio::time::sleep(2_000 * MS).await;
        for _ in 0..100 {
            session.send_audio(vec![0; 640].into()).await.expect("it is open");
            tokio::time::sleep(20 * MS).await;
        }
        tokio::time::sleep(2_000 * MS).await;
        session.control(Control::Close(CloseReason::End)).expect("it is open");
        session.closed().await;
    };
    let ((), windows) = tokio::join!(sending, answering_slowly(call, pause));
    (std::iter::from_fn(|| events.try_recv().ok()).collect(), windows)
}

/// Whether the detector failed; the agent has no model to answer, which is told as well.
fn misses(event: &Event) -> bool {
    matches!(event, Event::Failed { stage: Stage::Vad, .. })
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_2_s_is_heard_as_it_would_be_in_real_time() {
    let (events, windows) = bursting(20 * MS).await;
    let speech: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Speech { started, at } => Some((*started, at.as_millis())),
            _ => None,
        })
        .collect();
    // As of a session that hears by a detector of the host a window later.
    assert_eq!(speech.first(), Some(&(true, 512)), "{events:?}");
    assert_eq!(speech.get(1).map(|(started, _)| *started), Some(false));
    assert_eq!(windows, 125);
    assert!(!events.iter().any(misses), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_detector_slower_than_real_time_misses_nothing_of_a_burst_of_2_s() {
    let (events, windows) = bursting(45 * MS).await;
    assert_eq!(windows, 125, "all windows of 4 s");
    assert!(!events.iter().any(misses), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_does_not_fall_behind_with_a_detector_slower_than_real_time() {
    let events = listening(async |call| {
        answering_slowly(call, 45 * MS).await;
    })
    .await;
    // 30 ms more with each window: 16 windows until the user speaks. The session's own clock is that of the audio.
    let heard = |event: &Event| matches!(event, Event::Speech { started: true, at } if at.as_millis() < 1_000);
    assert!(events.iter().any(heard), "{events:?}");
}
