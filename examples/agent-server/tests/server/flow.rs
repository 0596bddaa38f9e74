//! The log of a turn: one filter gives its way through the stages.
#![cfg(all(unix, feature = "fakes"))]

use crate::process::Process;
use crate::support::Client;
use serde_json::{Value, json};

const FAKES: [(&str, &str); 6] =
    [("STT", "fake"), ("LLM", "fake"), ("TTS", "fake"), ("FAKE_LLM_MS", "60"), ("FAKE_TTS_MS", "40"), ("LOG", "info")];

#[tokio::test]
async fn the_stages_of_a_turn_can_be_read_in_order_with_the_figures_of_its_metrics() {
    let (mut process, address) = Process::start(&FAKES).await;
    let mut client = Client::connect(address).await;
    client.send(json!({ "type": "start" })).await;
    let session = client.ready().await["session"].clone();
    let mut other = Client::connect(address).await;
    other.send(json!({ "type": "text", "text": "hi" })).await;
    client.send(json!({ "type": "text", "text": "hello" })).await;
    let frame = client.of_type("metrics").await.json().clone();
    drop((client, other));
    process.signal("-TERM");
    process.end().await;
    let of_turn = |line: &&Value| line["session"] == session && line["turn"] == 1;
    let lines: Vec<&Value> = process.log.iter().filter(of_turn).collect();
    let said: Vec<String> = lines
        .iter()
        .filter(|line| line["message"] != "reply ended")
        .map(|line| [&line["message"], &line["stage"]].map(|word| word.as_str().unwrap_or_default()).join(" "))
        .collect();
    let wanted =
        ["stage began llm", "transcript ", "stage ended llm", "stage began tts", "stage ended tts", "metrics "];
    assert_eq!(said, wanted, "{lines:#?}");
    let of_stage = |stage: &str| lines.iter().find(|line| line["message"] == "stage ended" && line["stage"] == stage);
    assert_eq!(of_stage("llm").unwrap()["ms"], frame["llm_ttft_ms"]);
    assert_eq!(of_stage("tts").unwrap()["ms"], frame["tts_ms"]);
    let told = lines.iter().find(|line| line["message"] == "metrics").unwrap();
    for figure in ["total_ms", "llm_ttft_ms", "tts_ms", "speculative"] {
        assert_eq!(told[figure], frame[figure], "{figure}");
    }
    for part in frame["path"].as_array().unwrap() {
        assert_eq!(told[format!("path_{}_ms", part["stage"].as_str().unwrap())], part["ms"], "{part}");
    }
    assert!(lines.iter().all(|line| !line.to_string().contains("hello")), "{lines:#?}");
}

/// The filter of a turn has what failed in it, or nobody would find out why it was slow.
#[tokio::test]
async fn what_failed_in_a_turn_stands_among_its_lines() {
    // Nobody listens there.
    let gone = [("LLM", "openai:any"), ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")];
    let settings: Vec<_> = FAKES.into_iter().chain(gone).collect();
    let (mut process, address) = Process::start(&settings).await;
    let mut client = Client::connect(address).await;
    client.send(json!({ "type": "start" })).await;
    let session = client.ready().await["session"].clone();
    client.send(json!({ "type": "text", "text": "hello" })).await;
    let told = client.until(|frame| frame.kind() == "error").await.pop().unwrap().json().clone();
    drop(client);
    process.signal("-TERM");
    process.end().await;
    let failed: Vec<&Value> = process.log.iter().filter(|line| line["message"] == "a stage failed").collect();
    let first = failed.first().expect("a line for what the client was told");
    let wanted = json!([session, 1, told["stage"], told["kind"]]);
    assert_eq!(json!([first["session"], first["turn"], first["stage"], first["kind"]]), wanted);
}
