//! A whole turn through cloud services: spoken, recognised, answered, heard. The services are scripts on this machine.

use crate::support::{Client, Frame, TestServer, settings};
use agent_server::Providers;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use voice_core::audio::{Wav, pcm};

/// What the language model was asked.
pub(crate) type Asked = Arc<Mutex<Vec<Value>>>;

/// A piece of an answer's text.
pub(crate) fn text(text: &str) -> Value {
    json!({ "content": text })
}

/// Groq, as far as a conversation needs it: the n-th answer is made of the n-th deltas, or of the last.
pub(crate) async fn groq(tasks: &mut JoinSet<()>, answers: &[&[Value]]) -> (String, Asked) {
    let asked = Asked::default();
    let remember = asked.clone();
    let answers: Vec<Vec<Value>> = answers.iter().map(|deltas| deltas.to_vec()).collect();
    let answer = move |Json(request): Json<Value>| async move {
        let mut asked = remember.lock().unwrap();
        let deltas = answers[asked.len().min(answers.len() - 1)].clone();
        asked.push(request);
        let delta = |delta: Value| json!({ "choices": [{ "index": 0, "delta": delta }] });
        let end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
        let events = deltas.into_iter().map(delta).chain([end]).map(|event| format!("data: {event}\n\n"));
        ([(CONTENT_TYPE, "text/event-stream")], events.collect::<String>() + "data: [DONE]\n\n")
    };
    let app = Router::new()
        .route(
            "/openai/v1/models",
            get(async || {
                Json(json!({ "data": [{ "id": "openai/gpt-oss-120b" }, { "id": "whisper-large-v3-turbo" }] }))
            }),
        )
        .route("/openai/v1/audio/transcriptions", post(async |_: Bytes| Json(json!({ "text": "What time is it?" }))))
        .route("/openai/v1/chat/completions", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, asked)
}

/// Serves each connection so.
pub(crate) async fn listen<F: Future<Output = ()> + Send + 'static>(
    tasks: &mut JoinSet<()>,
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            connections.spawn(serve(stream));
        }
    });
    address
}

/// Deepgram's two sockets: whatever is said was "What time is it?", and every flush brings half a second of sevens.
pub(crate) async fn deepgram(tasks: &mut JoinSet<()>, key: &'static str) -> String {
    listen(tasks, move |stream| serve_deepgram(stream, key)).await
}

// The size of the error is the library's choice.
#[allow(clippy::result_large_err)]
async fn serve_deepgram(stream: TcpStream, key: &str) {
    let mut address = String::new();
    let note = |request: &Request, response: Response| {
        address = request.uri().to_string();
        assert_eq!(request.headers()["authorization"], format!("Token {key}"));
        Ok(response)
    };
    let mut socket = tokio_tungstenite::accept_hdr_async(stream, note).await.unwrap();
    let speaks = address.starts_with("/v1/speak?");
    let mut heard = 0.0;
    // A client that goes away is none of the script's business.
    while let Some(Ok(message)) = socket.next().await {
        let text = match message {
            Message::Binary(audio) => {
                heard += audio.len() as f64 / 32_000.0;
                continue;
            }
            Message::Text(text) => serde_json::from_str::<Value>(&text).unwrap(),
            _ => continue,
        };
        let answers = match text["type"].as_str().unwrap() {
            "Finalize" => vec![Message::text(results(heard))],
            "Flush" if speaks => {
                let audio = pcm::to_bytes(&[7; 12_000]);
                vec![Message::binary(audio), Message::text(r#"{"type":"Flushed","sequence_id":0}"#)]
            }
            _ => Vec::new(),
        };
        for answer in answers {
            let _ = socket.send(answer).await;
        }
    }
}

pub(crate) fn results(duration: f64) -> String {
    json!({
        "type": "Results", "channel_index": [0, 1], "start": 0.0, "duration": duration,
        "is_final": true, "speech_final": false, "from_finalize": true, "something_new": [1],
        "channel": { "alternatives": [{ "transcript": "What time is it?", "confidence": 0.99, "words": [] }] },
    })
    .to_string()
}

pub(crate) async fn speak(client: &mut Client) {
    let speech = include_bytes!("../../../../voice-core/tests/fixtures/silero_speech.wav");
    let mut samples = Wav::parse(speech).unwrap().samples[..48_000].to_vec();
    samples.resize(64_000, 0);
    for piece in samples.chunks(3_200) {
        client.send_audio(pcm::to_bytes(piece)).await;
    }
}

#[tokio::test]
async fn a_spoken_question_is_answered_aloud_by_cloud_services() {
    let mut tasks = JoinSet::new();
    let (groq, asked) = groq(&mut tasks, &[&[text("It is "), text("noon.")]]).await;
    let deepgram = deepgram(&mut tasks, "dg-key").await;
    let config = settings(&[
        ("DEEPGRAM_API_KEY", "dg-key"),
        ("DEEPGRAM_BASE_URL", &deepgram),
        ("GROQ_API_KEY", "groq-key"),
        ("GROQ_BASE_URL", &groq),
        ("INSTRUCTIONS", "be brief"),
    ]);
    let mut providers = Providers::from_config(&config).unwrap();
    providers.warm_up().await.unwrap();
    let server = TestServer::with(&config, providers).await;
    let mut client = server.connect().await;
    client.send(json!({ "type": "start" })).await;
    let ready = client.ready().await;
    assert_eq!(ready["providers"], json!({ "stt": "deepgram", "llm": "groq", "tts": "deepgram" }));
    speak(&mut client).await;
    let frames = client.until(|frame| frame.kind() == "reply_end").await;
    let finals: Vec<_> = frames
        .iter()
        .filter(|frame| frame.kind() == "transcript" && frame.json()["final"] == true)
        .map(|frame| frame.json()["text"].clone())
        .collect();
    assert_eq!(finals, ["What time is it?"]);
    assert_eq!(frames.last().unwrap().json()["heard"], "It is noon.");
    let samples: usize = frames.iter().map(|frame| if let Frame::Audio(pcm) = frame { pcm.len() / 2 } else { 0 }).sum();
    // Half a second at 24 kHz, brought to 16 kHz; the resampler's delay moves a few samples.
    assert!((7_900..8_100).contains(&samples), "{samples}");
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["model"], "openai/gpt-oss-120b");
    let messages = asked[0]["messages"].as_array().unwrap();
    assert_eq!(messages.last().unwrap()["content"], "What time is it?");
    assert!(messages[0]["content"].as_str().unwrap().contains("be brief"), "{messages:?}");
}

const VOICE_ID: &str = "6ccbfb76-1fc6-48f7-b71d-91ac6298247b";

#[test]
fn a_voice_that_the_first_service_cannot_know_ends_the_start() {
    let keys = [("DEEPGRAM_API_KEY", "dg-key"), ("CARTESIA_API_KEY", "ct-key")];
    let providers = |more: &[(&str, &str)]| Providers::from_config(&settings(&[&keys[..], more].concat())).map(|_| ());
    for more in [
        &[("VOICE", "aura-2-thalia-en")][..],
        &[("VOICE", "aura-2-thalia-en"), ("TTS", "cartesia,deepgram")],
        &[("VOICE", "6ccbfb76-1fc6-48f7-b71d"), ("TTS", "cartesia")],
        &[("VOICE", VOICE_ID), ("TTS", "deepgram")],
    ] {
        let message = providers(more).unwrap_err().to_string();
        assert!(message.starts_with(&format!("VOICE={}: ", more[0].1)) && message.contains("TTS"), "{message}");
        assert_eq!(message.lines().count(), 1);
    }
    for more in [
        &[("VOICE", VOICE_ID)][..],
        &[("VOICE", VOICE_ID), ("TTS", "cartesia,deepgram")],
        &[("VOICE", VOICE_ID), ("TTS", "cartesia,deepgram:aura-2-thalia-en,local")],
        &[("VOICE", "aura-2-thalia-en"), ("TTS", "deepgram,cartesia")],
        &[("VOICE", VOICE_ID), ("TTS", "deepgram:aura-2-thalia-en,cartesia")],
    ] {
        assert_eq!(providers(more), Ok(()), "{more:?}");
    }
}

#[test]
fn cartesia_speaks_where_it_has_a_key_and_nobody_is_named() {
    let deepgram = ("DEEPGRAM_API_KEY", "dg-key");
    let cartesia = ("CARTESIA_API_KEY", "ct-key");
    for (set, speaks) in [
        (&[deepgram, cartesia][..], "cartesia"),
        (&[deepgram], "deepgram"),
        (&[deepgram, cartesia, ("TTS", "deepgram")], "deepgram"),
        (&[cartesia, ("TTS", "cartesia:sonic-3"), ("VOICE", VOICE_ID), ("LANGUAGE", "en-GB")], "cartesia"),
    ] {
        let providers = Providers::from_config(&settings(set)).unwrap();
        assert_eq!(providers.tts.unwrap().name(), speaks, "{set:?}");
    }
}
