//! The services themselves, where there is a key in the environment.

use crate::stt::{audio, finalize};
use futures::{StreamExt, stream};
use voice_core::Message;
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest, SttEvent, SttProvider};
use voice_providers::openai::{OpenAiLlm, OpenAiLlmConfig, OpenAiStt, OpenAiSttConfig};
use voice_providers::{Secret, groq};

fn key(name: &str) -> Option<Secret> {
    let key = std::env::var(name).ok().filter(|key| !key.trim().is_empty());
    if key.is_none() {
        println!("SKIPPED: {name} is not set");
    }
    key.map(Secret::new)
}

async fn converses(llm: &dyn LlmProvider, stt: &dyn SttProvider) {
    llm.warm_up().await.unwrap();
    stt.warm_up().await.unwrap();
    let request = LlmRequest {
        instructions: Some("Answer with one word.".into()),
        messages: vec![Message::user("What is the capital of Norway?")],
        ..LlmRequest::default()
    };
    let events: Vec<_> = llm.generate(request, CallContext::detached()).collect().await;
    let text = events.into_iter().map(|event| match event.unwrap() {
        LlmEvent::Text(text) => text,
        _ => String::new(),
    });
    let text: String = text.collect();
    assert!(text.contains("Oslo"), "{text}");
    let input = stream::iter([audio(1, 1_000), finalize(1, 0)]).boxed();
    let events: Vec<_> = stt.transcribe(input, CallContext::detached()).collect().await;
    assert!(matches!(events.as_slice(), [Ok(SttEvent::Final { .. })]), "{events:?}");
}

#[tokio::test]
async fn groq_converses() {
    let Some(key) = key("GROQ_API_KEY") else { return };
    let llm = groq::llm(Some(key.clone()), None, None).unwrap();
    converses(&llm, &groq::stt(Some(key), None, Some("en".to_owned()), None).unwrap()).await;
}

#[tokio::test]
async fn openai_converses() {
    let Some(key) = key("OPENAI_API_KEY") else { return };
    let (mut llm, mut stt) = (OpenAiLlmConfig::default(), OpenAiSttConfig::default());
    (llm.key, stt.key) = (Some(key.clone()), Some(key));
    converses(&OpenAiLlm::new(llm).unwrap(), &OpenAiStt::new(stt).unwrap()).await;
}
