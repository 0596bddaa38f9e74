//! Both keep the rules of their traits.

use crate::server::{Reply, Server};
use crate::{llm, stt};
use voice_core::testing::conformance::Suite;
use voice_providers::openai::{OpenAiLlm, OpenAiStt};

#[tokio::test]
async fn the_language_model_conforms() {
    let server = Server::start([Reply::stream().text("One").text(" two").text(" three.").finish()]).await;
    let model = OpenAiLlm::new(llm::config(&server)).unwrap();
    assert_eq!(Suite::new().llm(&model, llm::request()).await.unwrap(), 3);
}

#[tokio::test]
async fn the_recogniser_conforms() {
    let server = Server::start([stt::said("yes")]).await;
    let recogniser = OpenAiStt::new(stt::config(&server)).unwrap();
    let mut input = vec![stt::audio(1, 200), stt::finalize(1, 0), stt::audio(1, 200), stt::finalize(1, 1)];
    input.extend([stt::finalize(2, 0), stt::audio(3, 300), stt::finalize(3, 0)]);
    assert_eq!(Suite::new().stt(&recogniser, input).await.unwrap(), 4);
}
