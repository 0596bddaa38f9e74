//! What a session costs a server: CPU time and memory, with 20 ms microphone frames in real time, Silero listening and
//! fakes for the services. The clients run in a process of their own, so that only the server is measured.
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use agent_server::{Config, Providers, Server, Sources};
use futures::{SinkExt, StreamExt};
use std::process::ExitCode;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use voice_benches::{held, process_cpu, resident_kib, spoken};
use voice_core::audio::pcm;

const CLIENT: &str = "VOICE_AGENT_BENCH_CLIENT";
const SECONDS: u64 = 30;

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn client(address: String, speech: Bytes, offset: usize) -> Result<(), Failure> {
    let (socket, _) = tokio_tungstenite::connect_async(address).await?;
    let (mut sender, mut receiver) = socket.split();
    sender.send(Message::text(r#"{"type":"start"}"#)).await?;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let frames = speech.len() / 640;
    for frame in 0..SECONDS * 50 {
        tick.tick().await;
        let at = (frame as usize + offset) % frames * 640;
        sender.send(Message::binary(speech.slice(at..at + 640))).await?;
        while let Some(message) = futures::FutureExt::now_or_never(receiver.next()).flatten() {
            message?;
        }
    }
    Ok(())
}

async fn clients(address: String, count: usize) -> Result<(), Failure> {
    let speech = Bytes::from(pcm::to_bytes(&spoken()?));
    let mut running = JoinSet::new();
    for index in 0..count {
        running.spawn(client(address.clone(), speech.clone(), index * 37));
    }
    while let Some(result) = running.join_next().await {
        result??;
    }
    Ok(())
}

/// CPU seconds a session-minute and KiB a session.
async fn measure(sessions: usize, denoise: bool) -> Result<(f64, f64), Failure> {
    let settings = [("PORT", "0"), ("STT", "fake"), ("LLM", "fake"), ("TTS", "fake")];
    let mut environment: std::collections::BTreeMap<_, _> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    environment.insert("DENOISE".to_owned(), if denoise { "on" } else { "off" }.to_owned());
    let config = Config::load(&Sources { environment: environment.into_iter().collect(), ..Sources::default() })?;
    let server = Server::bind(&config, Providers::from_config(&config)?).await?;
    let address = format!("ws://{}/ws", server.address());
    let serving = tokio::spawn(server.run(std::future::pending()));
    let (memory, cpu) = (resident_kib(), process_cpu());
    let mut child = tokio::task::spawn_blocking(move || {
        std::process::Command::new(std::env::current_exe()?).env(CLIENT, format!("{sessions} {address}")).spawn()
    })
    .await??;
    let mut most = memory;
    let status = loop {
        most = most.max(resident_kib());
        match child.try_wait()? {
            Some(status) => break status,
            None => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    };
    serving.abort();
    if !status.success() {
        return Err("the clients failed".into());
    }
    let minutes = sessions as f64 * SECONDS as f64 / 60.0;
    let cpu = (process_cpu() - cpu).as_secs_f64() / minutes;
    Ok((cpu, (most - memory) as f64 / sessions as f64))
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    if let Ok(order) = std::env::var(CLIENT) {
        let (count, address) = order.split_once(' ').ok_or("a count and an address")?;
        clients(address.to_owned(), count.parse()?).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut met = true;
    for (sessions, denoise, goal) in [(1, false, 0.3), (1, true, 0.7), (20, false, 0.12), (20, true, 0.5)] {
        let (cpu, kib) = measure(sessions, denoise).await?;
        let name = format!("{sessions} session(s), denoise {}", if denoise { "on" } else { "off" });
        met &= held(&name, cpu, goal, "CPU-seconds a session-minute");
        if sessions > 1 {
            met &= held(&name, kib, 256.0, "KiB a session");
        }
    }
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
