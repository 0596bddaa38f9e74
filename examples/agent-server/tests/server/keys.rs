//! Keys stay where they belong: a conversation through all services, some of which refuse and quote the key they were
//! sent, and a search for the keys in everything that came out of the process.
#![cfg(unix)]

use crate::cloud::listen;
use crate::cloud::{deepgram, groq, speak, text};
use crate::process::Process;
use crate::support::{Client, Frame, Request};
use crate::tools::search_in_fragments;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const DEEPGRAM: &str = "4f1d8a27c05e9b36f7a2d4c81b90e35f6a7c2d18";
const GROQ: &str = "gsk_Zk3vQ8rT1mW6yB9nL4cX7pD2hF5jS0aGqE8uV3iO6tR1wY9z";
const CARTESIA: &str = "sk_car_Wm7Qz2Xv9Lk4Tb6Np1Rd8H";
const OPENAI: &str = "sk-proj-Jq5Yt8Vb2Nw7Xc4Zk1Lp9Rm6_Hd3Gf0SaTe7UiOq2W";
const TAVILY: &str = "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";
const TOKEN: &str = "operator-Lk8Mn2Bv5Cx7Zq";

/// What services that refuse were sent.
type Heads = Arc<Mutex<String>>;

/// Refuses every request and quotes its head, but lists a model, without which there would be no start.
async fn quoting(stream: TcpStream, heads: Heads) {
    let mut stream = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let begin = head.len();
        if !matches!(stream.read_line(&mut head).await, Ok(1..)) {
            return;
        }
        let line = head[begin..].trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let (status, answer) = if head.starts_with("GET /openai/v1/models") {
        ("200 OK", json!({ "data": [{ "id": "openai/gpt-oss-120b" }] }))
    } else {
        (
            "401 Unauthorized",
            json!({ "error": { "message": format!("no such key: {head}"), "code": "invalid_api_key" } }),
        )
    };
    heads.lock().unwrap().push_str(&head);
    let answer = answer.to_string();
    let length = answer.len();
    let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{answer}");
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// Everything that a client can be answered.
async fn answers(address: SocketAddr, session: &str) -> String {
    let one = format!("/api/sessions/{session}");
    let authorization = format!("Bearer {TOKEN}");
    let mut all = String::new();
    for path in ["/", "/healthz", "/readyz", "/metrics", "/ws", "/api/examples", "/api/sessions", &one, "/nowhere"] {
        for authorization in [Some(&authorization), None] {
            let request = Request::new(address, "GET", path);
            let request = match authorization {
                Some(value) => request.header("authorization", value),
                None => request,
            };
            let answer = request.send().await;
            all.push_str(&answer.head);
            all.push_str(&String::from_utf8_lossy(&answer.body));
        }
    }
    all
}

fn shown(frame: &Frame) -> String {
    match frame {
        Frame::Json(frame) => frame.to_string(),
        Frame::Audio(pcm) => String::from_utf8_lossy(pcm).into_owned(),
        Frame::Close(_) | Frame::End => String::new(),
    }
}

#[tokio::test]
async fn keys_appear_nowhere_whatever_services_say_of_them() {
    let mut tasks = JoinSet::new();
    let heads = Heads::default();
    let refusing = listen(&mut tasks, {
        let heads = heads.clone();
        move |stream| quoting(stream, heads.clone())
    })
    .await;
    let deepgram = deepgram(&mut tasks, DEEPGRAM).await;
    let (openai, asked) = groq(&mut tasks, &[&search_in_fragments(), &[text("It rains.")]]).await;
    let (mut process, address) = Process::start(&[
        ("LOG", "trace"),
        ("LOG_TRANSCRIPTS", "on"),
        ("ADMIN_TOKEN", TOKEN),
        ("STT", "deepgram,groq"),
        ("LLM", "groq,openai:openai/gpt-oss-120b"),
        ("TTS", "cartesia,deepgram"),
        ("DEEPGRAM_API_KEY", DEEPGRAM),
        ("DEEPGRAM_BASE_URL", &deepgram),
        ("GROQ_API_KEY", GROQ),
        ("GROQ_BASE_URL", &refusing),
        ("CARTESIA_API_KEY", CARTESIA),
        ("CARTESIA_BASE_URL", &refusing),
        ("OPENAI_API_KEY", OPENAI),
        ("OPENAI_BASE_URL", &format!("{openai}/openai/v1")),
        ("TAVILY_API_KEY", TAVILY),
        ("TAVILY_BASE_URL", &refusing),
    ])
    .await;
    let mut client = Client::connect(address).await;
    client.send(json!({ "type": "start" })).await;
    let session = client.ready().await["session"].as_str().unwrap().to_owned();
    speak(&mut client).await;
    client.until(|frame| frame.kind() == "reply_end").await;
    assert_eq!(client.ask("And tomorrow?").await.trim(), "It rains.");
    let answers = answers(address, &session).await;
    process.signal("-TERM");
    client.closed().await;
    let (status, errors) = process.end().await;
    assert_eq!(status.code(), Some(0), "{errors}");

    let frames = client.seen.iter().map(shown).collect::<String>();
    let log = process.log.iter().map(|line| format!("{line}\n")).collect::<String>();
    let prompts = asked.lock().unwrap().iter().map(Value::to_string).collect::<String>();
    let heads = heads.lock().unwrap().clone();
    for key in [GROQ, CARTESIA, TAVILY] {
        assert!(heads.contains(key), "a service that refuses was asked with its key: {heads}");
    }
    for sign in ["invalid_api_key", "What time is it?", "\"level\":\"trace\""] {
        assert!(log.contains(sign), "{sign} is in the log: {log}");
    }
    assert!(frames.contains("invalid_api_key") && prompts.contains("TAVILY_API_KEY"), "{frames} {prompts}");
    assert!(answers.contains(&session), "{answers}");
    for (place, printed) in
        [("log", &log), ("errors", &errors), ("frames", &frames), ("answers", &answers), ("prompts", &prompts)]
    {
        for key in [DEEPGRAM, GROQ, CARTESIA, OPENAI, TAVILY, TOKEN] {
            // Not even a good part of one.
            assert!(!printed.contains(&key[..key.len() - 6]), "{key} in the {place}: {printed}");
        }
    }
}
