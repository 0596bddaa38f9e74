//! Connections made early.

use crate::llm::{KEY, config};
use crate::server::{Reply, Server};
use voice_core::stage::{LlmProvider, SttProvider};
use voice_core::{ErrorKind, Result};
use voice_providers::openai::OpenAiLlm;
use voice_providers::{Secret, groq};

async fn warm_up(reply: Reply) -> Result<()> {
    let server = Server::start([reply]).await;
    let result = OpenAiLlm::new(config(&server)).unwrap().warm_up().await;
    assert_eq!(server.requests()[0].line, "GET /v1/models");
    result
}

#[tokio::test]
async fn it_looks_for_the_model() {
    warm_up(Reply::of(200, "", r#"{"data":[{"id":"a"},{"id":"m"}]}"#)).await.unwrap();
    let error = warm_up(Reply::of(200, "", r#"{"data":[{"id":"a"}]}"#)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidConfig);
    assert!(error.message().contains("\"m\"") && error.message().contains("LLM"), "{error}");
}

#[tokio::test]
async fn a_server_without_a_list_is_taken_as_it_is() {
    for reply in [Reply::of(404, "", ""), Reply::of(405, "", ""), Reply::of(200, "", "<html>")] {
        warm_up(reply).await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_key_names_its_setting() {
    let error = warm_up(Reply::of(401, "", r#"{"error":{"code":"invalid_api_key"}}"#)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Auth);
    assert!(error.message().contains("OPENAI_API_KEY"), "{error}");
    let server = Server::start([Reply::of(200, "", r#"{"data":[{"id":"a"}]}"#)]).await;
    let stt = groq::stt(Some(Secret::new(KEY)), None, None, Some(server.url(""))).unwrap();
    let error = stt.warm_up().await.unwrap_err();
    assert!(error.message().contains("whisper-large-v3-turbo") && error.message().contains("STT"), "{error}");
    assert_eq!(server.requests()[0].line, "GET /openai/v1/models");
}

#[tokio::test]
async fn the_connection_it_makes_serves_the_first_call() {
    let script = [Reply::of(200, "", r#"{"data":[]}"#), Reply::stream().text("Yes").finish()];
    let server = Server::start(script).await;
    let model = OpenAiLlm::new(config(&server)).unwrap();
    model.warm_up().await.unwrap();
    let stream = model.generate(crate::llm::request(), voice_core::stage::CallContext::detached());
    assert_eq!(futures::StreamExt::count(stream).await, 1);
    assert_eq!(server.connections(), 1);
}
