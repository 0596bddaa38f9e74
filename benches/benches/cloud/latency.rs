//! What a spoken turn costs, by the server's own metrics, beside what its services cost.

use crate::services::{Latencies, deepgram, groq};
use crate::speech::{FRAME, Utterance};
use crate::{Failure, milliseconds};
use agent_server::{Config, Providers, Server, Sources};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use voice_benches::{held, percentile};
use voice_core::audio::pcm;
use voice_core::conversation::PathStage;
use voice_core::protocol::{MetricsFrame, ServerFrame};

const SESSIONS: u32 = 8;
const TURNS: usize = 12;
/// From the end of one utterance to the beginning of the next: time enough for the answer.
const PAUSE: Duration = Duration::from_millis(2_000);
/// What the library may add to a turn, p95.
const OWN_SHARE: Duration = Duration::from_millis(10);

/// Holds turns that end after `window` of silence to the latencies of their services.
///
/// # Errors
/// When a session fails, or a turn is not answered.
pub(crate) async fn held_to_its_parts(window: Duration) -> Result<bool, Failure> {
    let latencies = Latencies::default();
    let utterance = Utterance::first()?;
    let (turns, behind): (Vec<_>, Vec<_>) = turns(latencies, window, &utterance).await?.into_iter().unzip();
    let [name, stage_of] = ["turn", "  of it"].map(|name| format!("{name}, window {} ms", window.as_millis()));
    let mut totals = times(&turns, |turn| turn.total_ms);
    // What the services take of each turn, counted as the turn is: from where the VAD found the end of speech.
    let services = behind.iter().map(|behind| window.max(latencies.stt + *behind) + latencies.llm + latencies.tts);
    let mut own: Vec<Duration> =
        totals.iter().zip(services).map(|(total, services)| total.saturating_sub(services)).collect();
    let met = totals.len() == TURNS * SESSIONS as usize
        && held(
            &format!("{name}, beyond its services, p95"),
            milliseconds(percentile(&mut own, 95)),
            milliseconds(OWN_SHARE),
            "ms",
        );
    println!("{name}, p95: {:.1} ms", milliseconds(percentile(&mut totals, 95)));
    println!("{name}, p50: {:.1} ms, of {} turns", milliseconds(percentile(&mut totals, 50)), totals.len());
    for (stage, part) in [
        (PathStage::Vad, "vad"),
        (PathStage::Endpointing, "endpointing"),
        (PathStage::Stt, "stt"),
        (PathStage::Llm, "llm"),
        (PathStage::Sentence, "sentence"),
        (PathStage::Tts, "tts"),
        (PathStage::Send, "send"),
    ] {
        let mut parts = times(&turns, |turn| turn.path.iter().find(|entry| entry.stage == stage).map(|entry| entry.ms));
        let [middle, high] = [50, 95].map(|percent| milliseconds(percentile(&mut parts, percent)));
        println!("{stage_of}, {part}: p50 {middle:.1} ms, p95 {high:.1} ms");
    }
    let mut tails = times(&turns, |turn| turn.vad_end_ms);
    let mut finals = times(&turns, |turn| turn.stt_ms);
    println!("{name}, tail of the VAD, p50: {:.1} ms", milliseconds(percentile(&mut tails, 50)));
    println!("{name}, end of speech → final transcript, p50: {:.1} ms", milliseconds(percentile(&mut finals, 50)));
    Ok(met)
}

fn times(turns: &[MetricsFrame], of: impl Fn(&MetricsFrame) -> Option<f64>) -> Vec<Duration> {
    turns.iter().filter_map(|turn| of(turn).map(|ms| Duration::from_secs_f64(ms / 1e3))).collect()
}

/// A turn as the server tells it, and how long after the end that the VAD found the last sample sounded.
type Told = (MetricsFrame, Duration);

/// All turns of all sessions.
async fn turns(latencies: Latencies, window: Duration, utterance: &Utterance) -> Result<Vec<Told>, Failure> {
    let (deepgram, groq) = (deepgram(latencies).await, groq(latencies).await);
    let settings = [
        ("PORT", "0".to_owned()),
        ("DEEPGRAM_API_KEY", "deepgram-key".to_owned()),
        ("DEEPGRAM_BASE_URL", deepgram.endpoint.to_string()),
        ("GROQ_API_KEY", "groq-key".to_owned()),
        ("GROQ_BASE_URL", groq.url("").to_string()),
        ("GREETING", String::new()),
        ("SPECULATION", "off".to_owned()),
        ("ENDPOINTING_MS", window.as_millis().to_string()),
    ];
    let environment = settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let config = Config::load(&Sources { environment, ..Sources::default() })?;
    let mut providers = Providers::from_config(&config)?;
    providers.warm_up().await?;
    let server = Server::bind(&config, providers).await?;
    let address = format!("ws://{}/ws", server.address());
    let serving = tokio::spawn(server.run(std::future::pending()));
    let speech = one_turn(&utterance.samples);
    let mut sessions = JoinSet::new();
    for session in 0..SESSIONS {
        // So that they do not all speak at once.
        let begin = PAUSE * session / SESSIONS;
        sessions.spawn(converse(address.clone(), speech.clone(), utterance.samples.len(), begin));
    }
    let mut turns = Vec::new();
    while let Some(session) = sessions.join_next().await {
        turns.extend(session??);
    }
    serving.abort();
    Ok(turns)
}

/// The utterance and the pause after it, as bytes in whole frames.
fn one_turn(utterance: &[i16]) -> Bytes {
    let mut samples = utterance.to_vec();
    let length = samples.len() + PAUSE.as_millis() as usize * 16;
    samples.resize(length / FRAME * FRAME, 0);
    Bytes::from(pcm::to_bytes(&samples))
}

async fn converse(address: String, turn: Bytes, sounding: usize, begin: Duration) -> Result<Vec<Told>, Failure> {
    tokio::time::sleep(begin).await;
    let (socket, _) = tokio_tungstenite::connect_async(address).await?;
    let (mut sender, mut receiver) = socket.split();
    sender.send(Message::text(r#"{"type":"start"}"#)).await?;
    let speak = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for at in (0..TURNS).flat_map(|_| (0..turn.len()).step_by(2 * FRAME)) {
            tick.tick().await;
            sender.send(Message::binary(turn.slice(at..at + 2 * FRAME))).await?;
        }
        sender.send(Message::text(r#"{"type":"end"}"#)).await
    };
    let listen = async {
        let (mut turns, mut heard_until) = (Vec::new(), 0.0);
        while let Some(Ok(message)) = receiver.next().await {
            match ServerFrame::from_text(message.to_text().unwrap_or_default()) {
                Ok(ServerFrame::Speech { started: false, at_ms }) => heard_until = at_ms,
                Ok(ServerFrame::Metrics(metrics)) => {
                    let sounds_until = (turns.len() * turn.len() / 2 + sounding) as f64 / 16.0;
                    turns.push((metrics, Duration::from_secs_f64((sounds_until - heard_until).max(0.0) / 1e3)));
                }
                _ => {}
            }
        }
        turns
    };
    let (spoken, turns) = futures::join!(speak, listen);
    spoken?;
    if turns.len() != TURNS {
        return Err(format!("{} turns of {TURNS} were answered", turns.len()).into());
    }
    Ok(turns)
}
