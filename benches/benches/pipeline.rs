//! The library's own share of a turn: the user's words are complete → the first audio is handed over, and an
//! interruption is asked for → `clear`, with fakes that take no time. In process and over a real socket.
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use agent_server::{Config, Providers, Server, Sources};
use futures::{SinkExt, StreamExt};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;
use voice_benches::{held, percentile};
use voice_core::agent::{Agent, Control, Output, SessionOptions};
use voice_core::conversation::Event;
use voice_core::testing::{FakeLlm, FakeStt, FakeTts};

const TURNS: usize = 1_000;
const REPLY: &str =
    "You said {}. And this is a long answer, so that there is a lot to take back when it is interrupted.";

type Failure = Box<dyn std::error::Error>;

fn tts() -> FakeTts {
    FakeTts::new(Duration::ZERO, 16_000, Duration::from_millis(100))
}

async fn in_process() -> Result<[Vec<Duration>; 2], Failure> {
    let agent = Agent::builder()
        .llm(Arc::new(FakeLlm::new(Duration::ZERO, Duration::ZERO, REPLY)))
        .tts(Arc::new(tts()))
        .build();
    let session = agent.open(SessionOptions::default())?;
    let [mut answers, mut stops] = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        let asked = Instant::now();
        session.control(Control::Text("something".into()))?;
        while !matches!(session.next_output().await, Some(Output::Audio { .. })) {}
        answers.push(asked.elapsed());
        let asked = Instant::now();
        session.control(Control::Interrupt)?;
        while !matches!(session.next_output().await, Some(Output::Event(Event::Clear { .. }))) {}
        stops.push(asked.elapsed());
    }
    Ok([answers, stops])
}

async fn over_the_socket() -> Result<[Vec<Duration>; 2], Failure> {
    let environment = [("PORT".to_owned(), "0".to_owned())].into_iter().collect();
    let config = Config::load(&Sources { environment, ..Sources::default() })?;
    let providers = Providers {
        stt: Some(Arc::new(FakeStt::new(Duration::ZERO, ["hello"]))),
        llm: Some(Arc::new(FakeLlm::new(Duration::ZERO, Duration::ZERO, REPLY))),
        tts: Some(Arc::new(tts())),
        ..Providers::default()
    };
    let server = Server::bind(&config, providers).await?;
    let address = format!("ws://{}/ws", server.address());
    let serving = tokio::spawn(server.run(std::future::pending()));
    let (mut socket, _) = tokio_tungstenite::connect_async(address).await?;
    socket.send(Message::text(r#"{"type":"start"}"#)).await?;
    let [mut answers, mut stops] = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        let asked = Instant::now();
        socket.send(Message::text(r#"{"type":"text","text":"something"}"#)).await?;
        while !socket.next().await.ok_or("the server closed")??.is_binary() {}
        answers.push(asked.elapsed());
        let asked = Instant::now();
        socket.send(Message::text(r#"{"type":"interrupt"}"#)).await?;
        loop {
            let message = socket.next().await.ok_or("the server closed")??;
            if message.is_text() && message.to_text()?.contains(r#""type":"clear""#) {
                break;
            }
        }
        stops.push(asked.elapsed());
    }
    serving.abort();
    Ok([answers, stops])
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let [mut answers, mut stops] = in_process().await?;
    let mut met = held("words → first audio, in process, p50", milliseconds(percentile(&mut answers, 50)), 0.1, "ms");
    met &= held("words → first audio, in process, p99", milliseconds(percentile(&mut answers, 99)), 1.0, "ms");
    met &= held("interrupt → clear, in process, p99", milliseconds(percentile(&mut stops, 99)), 5.0, "ms");
    let [mut answers, mut stops] = over_the_socket().await?;
    met &= held("words → first audio, socket, p50", milliseconds(percentile(&mut answers, 50)), 2.0, "ms");
    println!("words → first audio, socket, p99: {:.3} ms", milliseconds(percentile(&mut answers, 99)));
    met &= held("interrupt → clear, socket, p99", milliseconds(percentile(&mut stops, 99)), 5.0, "ms");
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
