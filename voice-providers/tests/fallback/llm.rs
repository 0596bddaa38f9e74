//! Language models, one of which fails.

use crate::providers::{Fate, MS, Scripted};
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use std::sync::Arc;
use std::time::Duration;
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmPurpose, LlmRequest, Notice};
use voice_core::testing::FakeLlm;
use voice_core::testing::conformance::Suite;
use voice_core::{ErrorKind, Message, Result};
use voice_providers::fallback::{FallbackConfig, FallbackLlm};

fn request() -> LlmRequest {
    LlmRequest { messages: vec![Message::user("hello")], ..LlmRequest::default() }
}

fn both(first: &Scripted, second: &Scripted) -> FallbackLlm {
    FallbackLlm::new(vec![Arc::new(first.clone()), Arc::new(second.clone())], FallbackConfig::default()).unwrap()
}

/// The text, who served it, who failed before, and the error at its end.
async fn answer(llm: &FallbackLlm) -> (String, Vec<String>, Vec<String>, Option<ErrorKind>) {
    answer_to(request(), llm).await
}

async fn answer_to(request: LlmRequest, llm: &FallbackLlm) -> (String, Vec<String>, Vec<String>, Option<ErrorKind>) {
    let events: Vec<Result<LlmEvent>> = llm.generate(request, CallContext::detached()).collect().await;
    let (mut text, mut served, mut failed, mut error) = (String::new(), Vec::new(), Vec::new(), None);
    for event in events {
        match event {
            Ok(LlmEvent::Text(piece)) => text.push_str(&piece),
            Ok(LlmEvent::Notice(Notice::Serving { provider })) => served.push(provider.to_string()),
            Ok(LlmEvent::Notice(Notice::FailedOver { provider, .. })) => failed.push(provider.to_string()),
            Ok(other) => panic!("{other:?}"),
            Err(last) => error = Some(last.kind().clone()),
        }
    }
    (text, served, failed, error)
}

#[tokio::test(start_paused = true)]
async fn the_next_model_answers_while_nothing_was_given_out() {
    for fate in [
        Fate::Fails(ErrorKind::Unavailable, 0),
        Fate::Fails(ErrorKind::RateLimited { retry_after: Some(Duration::from_secs(30)) }, 0),
        Fate::Fails(ErrorKind::Auth, 0),
        Fate::Ends(0),
        Fate::Stalls(0),
    ] {
        let first = Scripted::new("first", [fate.clone()]).answering("From the first.");
        let second = Scripted::new("second", []).answering("From the second.");
        let llm = both(&first, &second);
        assert_eq!(llm.name(), "first,second");
        let (text, served, failed, error) = answer(&llm).await;
        assert_eq!((text.as_str(), error), ("From the second.", None), "{fate:?}");
        assert_eq!((served, failed), (vec!["second".to_owned()], vec!["first".to_owned()]), "{fate:?}");
    }
}

/// A model that writes a long call, and says nothing but that it is at work.
struct AtWork;

impl LlmProvider for AtWork {
    fn name(&self) -> &str {
        "at work"
    }

    fn generate(&self, _: LlmRequest, _: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        let at_work = stream::iter(0..20).then(|_| async {
            tokio::time::sleep(500 * MS).await;
            Ok(LlmEvent::Text(String::new()))
        });
        at_work.chain(stream::iter([Ok(LlmEvent::Text("Done.".to_owned()))])).boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_works_without_a_word_is_waited_for() {
    let second = Scripted::new("second", []).answering("From the second.");
    let llm = FallbackLlm::new(vec![Arc::new(AtWork), Arc::new(second)], FallbackConfig::default()).unwrap();
    assert_eq!(answer(&llm).await, ("Done.".to_owned(), vec!["at work".to_owned()], Vec::new(), None));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_has_begun_is_never_begun_again() {
    for (fate, kind) in
        [(Fate::Fails(ErrorKind::Unavailable, 1), ErrorKind::Unavailable), (Fate::Stalls(1), ErrorKind::Timeout)]
    {
        let first = Scripted::new("first", [fate]).answering("From the first.");
        let second = Scripted::new("second", []).answering("From the second.");
        let (text, _, failed, error) = answer(&both(&first, &second)).await;
        assert_eq!((text.as_str(), error), ("From ", Some(kind)));
        assert!(failed.is_empty());
        assert_eq!(second.calls(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_the_last_error_is_told() {
    let first = Scripted::new("first", [Fate::Fails(ErrorKind::Unavailable, 0)]);
    let second = Scripted::new("second", [Fate::Fails(ErrorKind::Protocol, 0)]);
    let (_, _, failed, error) = answer(&both(&first, &second)).await;
    assert_eq!((failed, error), (vec!["first".to_owned()], Some(ErrorKind::Protocol)));
}

#[tokio::test(start_paused = true)]
async fn one_that_rests_is_spared_and_serves_again_when_it_is_well() {
    let first = Scripted::new("first", [Fate::Fails(ErrorKind::RateLimited { retry_after: Some(400 * MS) }, 0)])
        .answering("From the first.");
    let second = Scripted::new("second", []).answering("From the second, which takes its time to say so.");
    let llm = both(&first, &second);
    assert_eq!(answer(&llm).await.1, ["second"]);
    assert_eq!(answer(&llm).await.1, ["second"]);
    assert_eq!(first.calls(), 1, "it asked to be left alone");
    tokio::time::sleep(1_100 * MS).await;
    // Beside this answer the first is looked at.
    assert_eq!(answer(&llm).await.1, ["second"]);
    assert_eq!(answer(&llm).await.1, ["first"]);
}

#[tokio::test(start_paused = true)]
async fn a_summary_may_take_its_time_and_one_who_has_none_goes_on_answering() {
    let summary = LlmRequest { purpose: LlmPurpose::Summary, ..request() };
    let slow = FakeLlm::new(6_000 * MS, MS, "").summing_up("Greetings were exchanged.");
    let second = Scripted::new("second", []).answering("From the second.");
    let llm = FallbackLlm::new(vec![Arc::new(slow), Arc::new(second)], FallbackConfig::default()).unwrap();
    let (text, served, ..) = answer_to(summary.clone(), &llm).await;
    assert_eq!((text.as_str(), served), ("Greetings were exchanged.", vec!["fake".to_owned()]));
    // Three failures in a row and it would rest.
    let first = Scripted::new("first", [Fate::Ends(0), Fate::Ends(0), Fate::Ends(0)]).answering("From the first.");
    let second = Scripted::new("second", []).answering("From the second.");
    let llm = both(&first, &second);
    for _ in 0..3 {
        assert_eq!(answer_to(summary.clone(), &llm).await.0, "From the second.");
    }
    assert_eq!(answer(&llm).await.0, "From the first.");
}

#[tokio::test(start_paused = true)]
async fn it_conforms() {
    let model = || FakeLlm::new(50 * MS, 5 * MS, "You said {} to me.");
    let (first, second) = (model(), model());
    let llm = FallbackLlm::new(vec![Arc::new(first.clone()), Arc::new(second)], FallbackConfig::default()).unwrap();
    let items = Suite::new().counting(first.calls()).llm(&llm, request()).await.unwrap();
    assert_eq!(items, 6, "who serves, and five words");
    assert!(FallbackLlm::new(Vec::new(), FallbackConfig::default()).is_err());
}
