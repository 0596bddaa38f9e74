//! Several services for a stage, one of which dies; and what is heard when none is left.

use crate::cloud::{groq, listen, results, speak, text};
use crate::support::{Client, Frame, TestServer, settings};
use agent_server::Providers;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use voice_core::audio::pcm;

/// Whether each of Deepgram's two services has died.
#[derive(Clone, Default)]
struct Dead {
    listening: Arc<AtomicBool>,
    speaking: Arc<AtomicBool>,
}

/// Deepgram, whose recogniser dies for good after the first second of speech, and whose voice dies when it is told to.
// The size of the error is the library's choice.
#[allow(clippy::result_large_err)]
async fn dying(stream: TcpStream, dead: Dead) {
    let mut address = String::new();
    let note = |request: &Request, response: Response| {
        address = request.uri().to_string();
        Ok(response)
    };
    if dead.listening.load(Ordering::SeqCst) {
        return;
    }
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, note).await else { return };
    let speaks = address.starts_with("/v1/speak?");
    let mut heard = 0;
    while let Some(Ok(message)) = socket.next().await {
        match message {
            _ if speaks && dead.speaking.load(Ordering::SeqCst) => return,
            Message::Binary(audio) => {
                heard += audio.len();
                if heard > 32_000 {
                    dead.listening.store(true, Ordering::SeqCst);
                    dead.speaking.store(true, Ordering::SeqCst);
                    return;
                }
            }
            Message::Text(text) if text.contains("Flush") => {
                let _ = socket.send(Message::binary(pcm::to_bytes(&[7; 12_000]))).await;
                let _ = socket.send(Message::text(r#"{"type":"Flushed","sequence_id":0}"#)).await;
            }
            Message::Text(text) if text.contains("Finalize") => {
                let _ = socket.send(Message::text(results(heard as f64 / 32_000.0))).await;
            }
            _ => {}
        }
    }
}

/// A service that refuses the key.
async fn refusing(stream: TcpStream) {
    answering(stream, "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
}

/// Gives every request this answer.
async fn answering(mut stream: TcpStream, answer: &str) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        request.push(byte);
    }
    let _ = stream.write_all(answer.as_bytes()).await;
}

async fn until_reply_end(client: &mut Client) -> Vec<Frame> {
    client.until(|frame| frame.kind() == "reply_end").await
}

fn of_kind(frames: &[Frame], kind: &str) -> Vec<Value> {
    frames.iter().filter(|frame| frame.kind() == kind).map(|frame| frame.json().clone()).collect()
}

/// The recogniser dies in the middle of the question and the voice before the answer.
#[tokio::test]
async fn a_question_is_understood_and_answered_whoever_dies() {
    let mut tasks = JoinSet::new();
    let (groq, _) = groq(&mut tasks, &[&[text("It is "), text("noon.")]]).await;
    let dead = Dead::default();
    let deepgram = listen(&mut tasks, move |stream| dying(stream, dead.clone())).await;
    let config = settings(&[
        ("DEEPGRAM_API_KEY", "dg-key"),
        ("DEEPGRAM_BASE_URL", &deepgram),
        ("GROQ_API_KEY", "groq-key"),
        ("GROQ_BASE_URL", &groq),
        ("STT", "deepgram,groq"),
        ("TTS", "deepgram"),
    ]);
    let mut providers = Providers::from_config(&config).unwrap();
    providers.warm_up().await.unwrap();
    assert!(providers.standby_line.is_some(), "the voice still works at the start");
    let server = TestServer::with(&config, providers).await;
    let mut client = server.connect().await;
    client.send(json!({ "type": "start" })).await;
    assert_eq!(client.ready().await["providers"]["stt"], "deepgram,groq");
    speak(&mut client).await;
    let frames = until_reply_end(&mut client).await;
    let finals: Vec<_> = of_kind(&frames, "transcript").into_iter().filter(|frame| frame["final"] == true).collect();
    assert_eq!(finals.len(), 1);
    assert_eq!(finals[0]["text"], "What time is it?");
    let errors = of_kind(&frames, "error");
    assert!(errors.iter().all(|error| error["fatal"] == false), "{errors:?}");
    let replaced: Vec<_> = errors.iter().filter(|error| error["provider"] == "deepgram").collect();
    assert_eq!(replaced.len(), 1, "{errors:?}");
    assert_eq!(replaced[0]["stage"], "stt");
    assert_eq!(errors.iter().filter(|error| error["stage"] == "tts").count(), 1, "the page is told why: {errors:?}");
    assert_eq!(of_kind(&frames, "metrics")[0]["providers"], json!({ "stt": "groq", "llm": "groq", "tts": null }));
    let samples: usize = frames.iter().map(|frame| if let Frame::Audio(pcm) = frame { pcm.len() / 2 } else { 0 }).sum();
    assert!(samples > 4_000, "the standby line is heard: {samples} samples");
    assert_eq!(frames.last().unwrap().json()["heard"], "It is noon.", "it was read");
}

#[tokio::test]
async fn a_service_that_refuses_the_key_is_left_out_as_long_as_another_is_there() {
    let mut tasks = JoinSet::new();
    let (groq, _) = groq(&mut tasks, &[&[text("It is "), text("noon.")]]).await;
    let deepgram = listen(&mut tasks, refusing).await;
    let with_groq_at = |groq: &str| {
        let config = settings(&[
            ("DEEPGRAM_API_KEY", "dg-key"),
            ("DEEPGRAM_BASE_URL", &deepgram),
            ("GROQ_API_KEY", "groq-key"),
            ("GROQ_BASE_URL", groq),
            ("STT", "deepgram,groq"),
            ("LLM", "local"),
            ("TTS", "local"),
        ]);
        Providers::from_config(&config).unwrap()
    };
    with_groq_at(&groq).warm_up().await.expect("Groq is left");
    let error = with_groq_at(&deepgram).warm_up().await.expect_err("none is left");
    assert!(error.to_string().contains("_API_KEY"), "{error}");
}

/// A model that is overloaded is spared, and the next one answers.
#[tokio::test]
async fn a_storm_of_rate_limits_is_answered_by_the_next_model() {
    let mut tasks = JoinSet::new();
    let (groq, asked) = groq(&mut tasks, &[&[text("It is "), text("noon.")]]).await;
    let overloaded = listen(&mut tasks, |stream| {
        let answer =
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        answering(stream, answer)
    })
    .await;
    let config = settings(&[
        ("GROQ_API_KEY", "groq-key"),
        ("GROQ_BASE_URL", &overloaded),
        ("OPENAI_BASE_URL", &format!("{groq}/openai/v1")),
        ("LLM", "groq,openai:openai/gpt-oss-120b"),
        ("STT", "fake"),
        ("TTS", "fake"),
    ]);
    let server = TestServer::with(&config, Providers::from_config(&config).unwrap()).await;
    let mut client = server.connect().await;
    client.send(json!({ "type": "start" })).await;
    client.ready().await;
    for turn in 1..=2 {
        client.send(json!({ "type": "text", "text": "What time is it?" })).await;
        let frames = until_reply_end(&mut client).await;
        assert_eq!(frames.last().unwrap().json()["heard"], "It is noon.");
        assert_eq!(of_kind(&frames, "metrics")[0]["providers"]["llm"], "openai");
        let errors = of_kind(&frames, "error");
        assert_eq!(errors.len(), usize::from(turn == 1), "asked once, then left alone: {errors:?}");
    }
    assert_eq!(asked.lock().unwrap().len(), 2);
}
