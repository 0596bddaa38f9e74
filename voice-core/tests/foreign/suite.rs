//! Simulated time beside a host at work, and the suite of all providers.

use super::{MS, asking, serving};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use std::time::Duration;
use voice_core::SentenceId;
use voice_core::foreign::{ClockHold, ForeignCall, ForeignItem, ForeignLlm, ForeignTts};
use voice_core::stage::{CallContext, TtsInput, TtsProvider};
use voice_core::testing::{Tried, foreign_conformance};

fn slow_llm(call: ForeignCall) -> BoxFuture<'static, ()> {
    async move {
        std::thread::sleep(30 * MS);
        let _ = call.sink.send(ForeignItem::json(r#""Well.""#)).await;
        call.sink.finish(Ok(())).await;
    }
    .boxed()
}

#[tokio::test(start_paused = true)]
async fn simulated_time_stands_still_while_the_host_works() {
    let began = tokio::time::sleep(Duration::ZERO).deadline();
    let llm = ForeignLlm::new("mine", serving(slow_llm)).holding(ClockHold::current());
    let (answer, _) = asking(&llm);
    let alarm = tokio::time::sleep(MS);
    let events = tokio::select! {
        events = answer.collect::<Vec<_>>() => events,
        () = alarm => panic!("the clock went on"),
    };
    assert_eq!((events.len(), began.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn simulated_time_goes_on_while_the_host_waits() {
    let began = tokio::time::sleep(Duration::ZERO).deadline();
    let tts = ForeignTts::new("mine", 16_000, serving(tts_serving)).holding(ClockHold::current());
    let text = stream::once(async {
        tokio::time::sleep(10_000 * MS).await;
        TtsInput::Text { sentence: SentenceId(0), text: "Late.".into() }
    });
    let events: Vec<_> = tts.synthesize(text.boxed(), CallContext::detached()).collect().await;
    assert_eq!((events.len(), began.elapsed()), (2, 10_000 * MS));
}

fn llm_serving(call: ForeignCall) -> BoxFuture<'static, ()> {
    async move {
        for _ in 0..5 {
            if call.sink.send(ForeignItem::json(r#""word ""#)).await.is_err() {
                return;
            }
        }
        call.sink.finish(Ok(())).await;
    }
    .boxed()
}

fn tts_serving(call: ForeignCall) -> BoxFuture<'static, ()> {
    async move {
        let input = call.input.expect("text");
        while let Some(item) = input.next().await {
            if item.json.contains("text") && call.sink.send(ForeignItem::audio(vec![0; 320])).await.is_err() {
                return;
            }
        }
        call.sink.finish(Ok(())).await;
    }
    .boxed()
}

fn stt_serving(call: ForeignCall) -> BoxFuture<'static, ()> {
    async move {
        let input = call.input.expect("audio");
        while let Some(item) = input.next().await {
            let said = if item.audio.is_some() {
                r#"{"type":"partial","text":"a"}"#
            } else {
                r#"{"type":"final","text":"a"}"#
            };
            if call.sink.send(ForeignItem::json(said)).await.is_err() {
                return;
            }
        }
        call.sink.finish(Ok(())).await;
    }
    .boxed()
}

fn never_letting_go(call: ForeignCall) -> BoxFuture<'static, ()> {
    async move {
        call.sink.finish(Ok(())).await;
        std::future::pending::<()>().await;
        drop(call);
    }
    .boxed()
}

#[tokio::test]
async fn providers_of_a_host_pass_the_suite_of_all_providers() {
    for (tried, serve, items) in [
        (Tried::Llm, llm_serving as fn(_) -> _, 5),
        (Tried::Tts { sample_rate: 16_000 }, tts_serving, 4),
        (Tried::Stt, stt_serving, 4),
    ] {
        let report = foreign_conformance(tried, serving(serve), 500 * MS).await;
        assert!(report.starts_with(&format!(r#"{{"conforms":true,"items":{items},"#)), "{tried:?}: {report}");
    }
}

#[tokio::test]
async fn a_host_that_keeps_its_calls_is_found_out() {
    let report = foreign_conformance(Tried::Llm, serving(never_letting_go), 200 * MS).await;
    assert!(report.contains("the host still holds 2 calls that are over"), "{report}");
}
