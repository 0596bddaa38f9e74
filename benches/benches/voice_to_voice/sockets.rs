//! The server, and its services as scripts, over real sockets.

use super::book::{self, Book};
use super::client::{Exchange, Seen, converse};
use super::ear::{Ear, Partials, Told};
use super::utterances::Utterance;
use super::{Latencies, Run, SESSIONS, share};
use crate::Failure;
use crate::support::http_server::{Reply, Request, Server as HttpServer, Step};
use crate::support::service::{Peer, Service};
use agent_server::{Config, Providers, Server, Sources};
use futures::future::try_join_all;
use futures::{SinkExt, Stream, StreamExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use voice_core::audio::pcm;
use voice_core::protocol::ServerFrame;

/// Has everything said once, shared out over the sessions.
///
/// # Errors
/// When a session fails.
pub async fn run(set: &Arc<[Utterance]>, partials: Partials, latencies: Latencies) -> Result<Run, Failure> {
    let book = Book::default();
    let deepgram = deepgram(set.clone(), partials, latencies, book.clone()).await;
    let groq = groq(latencies.llm, book.clone()).await;
    let settings = [
        ("PORT", "0".to_owned()),
        ("DEEPGRAM_API_KEY", "deepgram-key".to_owned()),
        ("DEEPGRAM_BASE_URL", deepgram.endpoint.to_string()),
        ("GROQ_API_KEY", "groq-key".to_owned()),
        ("GROQ_BASE_URL", groq.url("").to_string()),
        ("GREETING", String::new()),
    ];
    let environment = settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let config = Config::load(&Sources { environment, ..Sources::default() })?;
    let mut providers = Providers::from_config(&config)?;
    providers.warm_up().await?;
    let server = Server::bind(&config, providers).await?;
    let address = format!("ws://{}/ws", server.address());
    let serving = tokio::spawn(server.run(std::future::pending()));
    let exchanges = try_join_all((0..SESSIONS).map(|session| talk(&address, set, session))).await?;
    serving.abort();
    Ok(Run { exchanges, calls: book.all() })
}

async fn talk(address: &str, set: &[Utterance], session: usize) -> Result<Vec<Exchange>, Failure> {
    // Without Nagle's algorithm, as browsers do: it would hold a frame back until the one before is acknowledged.
    let (socket, _) = tokio_tungstenite::connect_async_with_config(address, None, true).await?;
    let (mut sender, receiver) = socket.split();
    // The rate of Deepgram's voice, so that its samples come as they were made.
    sender.send(Message::text(r#"{"type":"start","output_rate":24000}"#)).await?;
    let send = async |frame| Ok(sender.send(Message::binary(frame)).await?);
    let numbers = share(set.len(), session);
    let exchanges = converse(set, &numbers, session as u64, send, outputs(receiver)).await?;
    sender.send(Message::text(r#"{"type":"end"}"#)).await?;
    Ok(exchanges)
}

fn outputs(
    messages: impl Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>>,
) -> impl Stream<Item = Seen> {
    messages.filter_map(async |message| match message.ok()? {
        Message::Binary(pcm) => Some(Seen::Audio(book::call_of(&pcm))),
        Message::Text(text) => match ServerFrame::from_text(&text).ok()? {
            ServerFrame::Transcript { turn, text, is_final: true } => Some(Seen::Words(turn, text)),
            ServerFrame::Reply { turn, text } => Some(Seen::Text(turn, text)),
            ServerFrame::ReplyEnd { turn, interrupted, .. } => Some(Seen::ReplyEnd(turn, interrupted)),
            ServerFrame::Metrics(metrics) => Some(Seen::Metrics(metrics)),
            _ => None,
        },
        _ => None,
    })
}

async fn deepgram(set: Arc<[Utterance]>, partials: Partials, latencies: Latencies, book: Book) -> Service {
    let seed = AtomicU64::new(0);
    Service::start(move |knock| {
        let ear = Ear::new(set.clone(), partials, latencies.stt, seed.fetch_add(1, Ordering::Relaxed));
        let book = book.clone();
        async move {
            let Some(peer) = knock.accept().await else { return };
            if peer.address.starts_with("/v1/speak?") {
                speak(peer, latencies.tts, book).await;
            } else {
                listen(peer, ear).await;
            }
        }
    })
    .await
}

async fn listen(mut peer: Peer, mut ear: Ear) {
    loop {
        let due = ear.next_due();
        tokio::select! {
            message = peer.receive() => match message {
                Some(Message::Binary(bytes)) => ear.take(&pcm::from_bytes(&bytes).unwrap(), Instant::now()),
                Some(Message::Text(text)) if text.contains("Finalize") => ear.finalize(Instant::now()),
                Some(_) => {}
                None => return,
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
        }
        while let Some(told) = ear.tell(Instant::now()) {
            peer.text(results(&told)).await;
        }
    }
}

fn results(told: &Told) -> String {
    let seconds = |position: u64| position as f64 / 16_000.0;
    let word = |word: &super::ear::Heard| {
        let (start, end) = (seconds(word.begin), seconds(word.end));
        json!({ "word": word.text, "punctuated_word": word.text, "start": start, "end": end, "confidence": 0.99 })
    };
    let words: Vec<Value> = told.words.iter().map(word).collect();
    let results = json!({
        "type": "Results", "channel_index": [0, 1], "start": seconds(told.begin),
        "duration": seconds(told.end - told.begin), "is_final": told.is_final, "speech_final": false,
        "from_finalize": told.is_final,
        "channel": { "alternatives": [{ "transcript": told.transcript(), "confidence": 0.99, "words": words }] },
    });
    results.to_string()
}

async fn speak(mut peer: Peer, latency: Duration, book: Book) {
    let mut asked = Instant::now();
    let mut number = 0;
    while let Some(message) = peer.receive().await {
        match message.to_text() {
            Ok(r#"{"type":"Flush"}"#) => {
                sleep_until(asked + latency).await;
                book.note(number, |call| &mut call.first_audio);
                peer.binary(book::speech(number)).await;
                peer.text(r#"{"type":"Flushed","sequence_id":0}"#).await;
            }
            Ok(text) if text.contains(r#""type":"Speak""#) => {
                asked = Instant::now();
                number = book::number(text).unwrap_or_default();
                book.note(number, |call| &mut call.to_speak);
            }
            _ => {}
        }
    }
}

async fn groq(latency: Duration, book: Book) -> HttpServer {
    HttpServer::answering(move |request: &Request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let messages = body["messages"].as_array().cloned().unwrap_or_default();
        let user = messages.iter().rfind(|message| message["role"] == "user");
        let words = user.and_then(|message| message["content"].as_str()).unwrap_or_default();
        if messages.is_empty() {
            return Reply::of(200, "content-type: application/json\r\n", "{}");
        }
        let number = book.asked(words);
        let book = book.clone();
        let first_token = Step::Tell(Arc::new(move || book.note(number, |call| &mut call.first_token)));
        let [first, second] = book::answer(number);
        Reply::stream().then(Step::Pause(latency)).then(first_token).text(&first).text(&second).finish()
    })
    .await
}
