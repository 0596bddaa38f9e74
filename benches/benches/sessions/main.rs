//! What a session costs a server: CPU time and memory, with 20 ms microphone frames in real time, Silero listening and
//! fakes for the services. The clients run in a process of their own, so that only the server is measured.
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

mod bare;

use agent_server::{Config, Providers, Server, Sources};
use futures::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use voice_benches::{held, process_cpu, resident_kib, spoken};
use voice_core::audio::pcm;

const CLIENT: &str = "VOICE_AGENT_BENCH_CLIENT";
const SECONDS: u64 = 30;
/// What a server allocates once is no cost of a session: a few come and go before memory is looked at.
const WARM_UP: (usize, u64) = (4, 3);
/// What turn-taking, pacing and events may cost on top, so that a slow machine does not hide a slow server.
const MOST_TIMES_BARE: f64 = 1.75;

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn client(address: String, speech: Bytes, offset: usize, seconds: u64) -> Result<(), Failure> {
    let (socket, _) = tokio_tungstenite::connect_async(address).await?;
    let (mut sender, mut receiver) = socket.split();
    sender.send(Message::text(r#"{"type":"start"}"#)).await?;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let frames = speech.len() / 640;
    for frame in 0..seconds * 50 {
        tick.tick().await;
        let at = (frame as usize + offset) % frames * 640;
        sender.send(Message::binary(speech.slice(at..at + 640))).await?;
        while let Some(message) = futures::FutureExt::now_or_never(receiver.next()).flatten() {
            message?;
        }
    }
    Ok(())
}

async fn clients(address: String, count: usize, seconds: u64) -> Result<(), Failure> {
    let speech = Bytes::from(pcm::to_bytes(&spoken()?));
    let mut running = JoinSet::new();
    for index in 0..count {
        running.spawn(client(address.clone(), speech.clone(), index * 37, seconds));
    }
    while let Some(result) = running.join_next().await {
        result??;
    }
    Ok(())
}

/// What a server spends on its clients.
struct Cost {
    /// CPU seconds a session-minute.
    cpu: f64,
    /// KiB a session.
    kib: f64,
}

async fn agent_server(denoise: bool) -> Result<(SocketAddr, JoinHandle<()>), Failure> {
    let denoise = if denoise { "on" } else { "off" };
    let settings = [("PORT", "0"), ("STT", "fake"), ("LLM", "fake"), ("TTS", "fake"), ("DENOISE", denoise)];
    // The bench is to load the server, from one address.
    let limits = ["MAX_LATE_MS", "MAX_CPU_PERCENT", "UPGRADES_PER_MINUTE", "CONNECTIONS_PER_ADDRESS"];
    let settings = settings.into_iter().chain(limits.map(|name| (name, "0")));
    let environment = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::load(&Sources { environment: environment.into_iter().collect(), ..Sources::default() })?;
    let server = Server::bind(&config, Providers::from_config(&config)?).await?;
    let address = server.address();
    let serving = tokio::spawn(async move {
        let _ = server.run(std::future::pending()).await;
    });
    Ok((address, serving))
}

async fn bare_server() -> Result<(SocketAddr, JoinHandle<()>), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(async move {
        let _ = bare::serve(listener).await;
    });
    Ok((address, serving))
}

/// Lets clients talk in a process of their own; the most memory this one held meanwhile, in KiB.
async fn talk(sessions: usize, seconds: u64, address: SocketAddr) -> Result<u64, Failure> {
    let order = format!("{sessions} {seconds} ws://{address}/ws");
    let mut child = tokio::task::spawn_blocking(move || {
        std::process::Command::new(std::env::current_exe()?).env(CLIENT, order).spawn()
    })
    .await??;
    let mut most = resident_kib();
    let status = loop {
        most = most.max(resident_kib());
        match child.try_wait()? {
            Some(status) => break status,
            // Seldom: looking costs the process that is measured.
            None => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    };
    if status.success() { Ok(most) } else { Err("the clients failed".into()) }
}

async fn measure(sessions: usize, (address, serving): (SocketAddr, JoinHandle<()>)) -> Result<Cost, Failure> {
    talk(WARM_UP.0, WARM_UP.1, address).await?;
    let (memory, cpu) = (resident_kib(), process_cpu());
    let most = talk(sessions, SECONDS, address).await?;
    let cpu = process_cpu() - cpu;
    serving.abort();
    let minutes = sessions as f64 * SECONDS as f64 / 60.0;
    let kib = most.saturating_sub(memory) as f64 / sessions as f64;
    Ok(Cost { cpu: cpu.as_secs_f64() / minutes, kib })
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    if let Ok(order) = std::env::var(CLIENT) {
        let (count, rest) = order.split_once(' ').ok_or("a count, seconds and an address")?;
        let (seconds, address) = rest.split_once(' ').ok_or("seconds and an address")?;
        clients(address.to_owned(), count.parse()?, seconds.parse()?).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut met = true;
    for (sessions, goal, denoise_goal) in [(1, 0.3, 0.7), (20, 0.12, 0.5)] {
        let bare = measure(sessions, bare_server().await?).await?.cpu;
        println!("{sessions} session(s), a bare WebSocket with Silero: {bare:.3} CPU-seconds a session-minute");
        for (denoise, goal) in [(false, goal), (true, denoise_goal)] {
            let cost = measure(sessions, agent_server(denoise).await?).await?;
            let name = format!("{sessions} session(s), denoise {}", if denoise { "on" } else { "off" });
            met &= held(&name, cost.cpu, goal, "CPU-seconds a session-minute");
            if !denoise {
                met &= held(&name, cost.cpu / bare, MOST_TIMES_BARE, "times the bare WebSocket with Silero");
            }
            if sessions > 1 {
                met &= held(&name, cost.kib, 256.0, "KiB a session");
            }
        }
    }
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
