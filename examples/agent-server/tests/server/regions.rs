//! A service in several regions.

use crate::cloud::{groq, listen, text};
use crate::support::{TestServer, settings};
use agent_server::Providers;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

async fn server(urls: &str) -> TestServer {
    let config = settings(&[
        ("GROQ_API_KEY", "groq-key"),
        ("GROQ_BASE_URL", urls),
        ("LLM", "groq"),
        ("STT", "fake"),
        ("TTS", "fake"),
    ]);
    let mut providers = Providers::from_config(&config).unwrap();
    providers.warm_up().await.unwrap();
    TestServer::with(&config, providers).await
}

/// Whether each of Groq's regions is the one that serves, and whether it was reached.
async fn regions(server: &TestServer) -> Vec<(bool, bool)> {
    let ready = server.get("/readyz").send().await.json();
    assert_eq!(ready["regions"][0]["service"], "groq", "{ready}");
    let region = |region: &Value| (region["chosen"] == true, region["connect_ms"].is_number());
    ready["regions"][0]["regions"].as_array().unwrap().iter().map(region).collect()
}

/// Takes connections and answers none of them.
async fn overloaded(mut stream: TcpStream) {
    let mut request = [0; 1_024];
    let _ = stream.read(&mut request).await;
    let answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let _ = stream.write_all(answer).await;
}

#[tokio::test]
async fn the_region_that_can_be_reached_serves() {
    let mut tasks = JoinSet::new();
    let (groq, asked) = groq(&mut tasks, &[&[text("It is "), text("noon.")]]).await;
    // Nobody listens there any more.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = server(&format!("http://{gone}, {groq}")).await;
    assert_eq!(regions(&server).await, [(false, false), (true, true)]);
    let metrics = server.get("/metrics").send().await;
    for line in [
        r#"voice_agent_region_chosen{service="groq",region="1"} 1"#,
        r#"voice_agent_region_connect_seconds{service="groq",region="0"} inf"#,
        "voice_agent_tasks ",
    ] {
        assert!(metrics.text().to_lowercase().contains(line), "{line}: {}", metrics.text());
    }
    let mut client = server.connect().await;
    client.send(json!({ "type": "start" })).await;
    assert_eq!(client.ready().await["providers"]["llm"], "groq");
    assert_eq!(client.ask("What time is it?").await, "It is noon.");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn when_a_region_fails_another_one_goes_on_in_the_same_turn() {
    let mut tasks = JoinSet::new();
    let (groq, _) = groq(&mut tasks, &[&[text("It is "), text("noon.")]]).await;
    let failing = listen(&mut tasks, overloaded).await;
    let server = server(&format!("{failing},{groq}")).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    assert_eq!(client.ask("What time is it?").await, "It is noon.");
}

#[tokio::test]
async fn a_service_in_one_place_has_no_regions() {
    let server = TestServer::start(&[]).await;
    assert_eq!(server.get("/readyz").send().await.json()["regions"], json!([]));
}
