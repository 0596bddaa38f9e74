//! The driver with fakes, on Tokio's paused clock: what a client is sent, and when.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, missing_docs)]

use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use voice_core::TurnId;
use voice_core::agent::{Agent, AgentConfig, ClientFormat, Control, Output, Session, SessionOptions};
use voice_core::builtin::EnergyVad;
use voice_core::conversation::{AgentState, CloseReason, Event};
use voice_core::testing::{FakeLlm, FakeStt, FakeTts, LiveCalls};

const MS: Duration = Duration::from_millis(1);
const FRAME: usize = 640;

struct Bench {
    session: Session,
    calls: [LiveCalls; 3],
}

fn config() -> AgentConfig {
    AgentConfig::default()
}

fn open(config: AgentConfig, format: ClientFormat, reply: &str) -> Bench {
    let stt = FakeStt::new(100 * MS, ["first words", "second words", "third words"]);
    let llm = FakeLlm::new(200 * MS, 20 * MS, reply);
    let tts = FakeTts::new(50 * MS, 16_000, 60 * MS);
    let calls = [stt.calls(), llm.calls(), tts.calls()];
    let agent = Agent::builder()
        .config(config)
        .stt(Arc::new(stt))
        .llm(Arc::new(llm))
        .tts(Arc::new(tts))
        .vad(|| Ok(Box::new(EnergyVad::new())))
        .build();
    let session = agent.open(SessionOptions { format, ..SessionOptions::default() }).expect("a session opens");
    Bench { session, calls }
}

/// A loud buzz, which the energy VAD takes for speech.
fn speech() -> Bytes {
    (0..FRAME / 2).flat_map(|n| (if n % 40 < 20 { 8_000i16 } else { -8_000 }).to_le_bytes()).collect()
}

fn silence() -> Bytes {
    Bytes::from(vec![0; FRAME])
}

/// Feeds the microphone in real time.
async fn feed(session: &Session, frame: Bytes, milliseconds: u64) {
    for _ in 0..milliseconds / 20 {
        session.send_audio(frame.clone()).await.expect("the session is open");
        tokio::time::sleep(20 * MS).await;
    }
}

async fn say_something(session: &Session) {
    feed(session, silence(), 500).await;
    feed(session, speech(), 600).await;
    feed(session, silence(), 1_000).await;
}

/// Reads what the client gets until `last` matches.
async fn until(session: &Session, last: impl Fn(&Output) -> bool) -> Vec<Output> {
    let mut seen = Vec::new();
    let reading = async {
        while let Some(output) = session.next_output().await {
            let done = last(&output);
            seen.push(output);
            if done {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), reading).await.expect("what the test waits for comes");
    seen
}

fn is_reply_end(output: &Output) -> bool {
    matches!(output, Output::Event(Event::ReplyEnd { .. }))
}

fn audio_bytes(outputs: &[Output]) -> usize {
    outputs.iter().map(|output| if let Output::Audio { pcm, .. } = output { pcm.len() } else { 0 }).sum()
}

async fn close(bench: Bench) {
    bench.session.control(Control::Close(CloseReason::End)).expect("the session is open");
    let rest = until(&bench.session, |output| matches!(output, Output::Event(Event::Bye { .. }))).await;
    assert!(!rest.is_empty());
    bench.session.closed().await;
    for calls in &bench.calls {
        assert_eq!(calls.alive(), 0, "no call outlives its session");
    }
}

#[tokio::test(start_paused = true)]
async fn a_spoken_turn_is_answered_and_told_in_order() {
    let bench = open(config(), ClientFormat::default(), "You said {}. That is all.");
    let (_, outputs) = tokio::join!(say_something(&bench.session), until(&bench.session, is_reply_end));
    let names: Vec<String> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Event(Event::Metrics(_)) => Some("metrics".into()),
            Output::Event(Event::Transcript { turn, text, is_final }) => Some(format!("{turn} {text:?} {is_final}")),
            Output::Event(Event::Reply { turn, text }) => Some(format!("{turn} {text:?}")),
            Output::Event(Event::Speech { started, .. }) => Some(format!("speech {started}")),
            Output::Event(Event::State(state)) => Some(format!("{state:?}")),
            Output::Event(event) => Some(format!("{event:?}")),
            Output::Audio { .. } => None,
        })
        .collect();
    assert_eq!(
        names,
        [
            "speech true",
            "speech false",
            "1 \"first words\" true",
            "Thinking",
            "1 \"You said first words. \"",
            "metrics",
            "Speaking",
            "1 \"That is all.\"",
            "ReplyEnd { turn: TurnId(1), interrupted: false, heard: \"You said first words. That is all.\" }",
        ]
    );
    // 33 spoken characters at 60 ms: the blank between the sentences is not one of them.
    assert_eq!(audio_bytes(&outputs), 33 * 60 * 32);
    let first_audio = outputs.iter().position(|output| matches!(output, Output::Audio { .. })).expect("audio came");
    let first_reply = outputs.iter().position(|o| matches!(o, Output::Event(Event::Reply { .. }))).expect("text came");
    assert!(first_reply < first_audio);
    close(bench).await;
}

#[tokio::test(start_paused = true)]
async fn the_metrics_of_a_turn_add_up() {
    // The end of the window of 500 ms, or the final transcript 100 ms after the VAD's 192 ms where an answer is prepared
    // as soon as it is there; 200 ms to the first word, 20 ms to the second, 50 ms to the first byte.
    for (tries, expected) in [(0, 770.0), (3, 562.0)] {
        let mut config = config();
        config.conversation.speculation.max_tries = tries;
        measured_turn(config, expected).await;
    }
}

async fn measured_turn(config: AgentConfig, expected: f64) {
    let bench = open(config, ClientFormat::default(), "Certainly not.");
    let is_metrics = |output: &Output| matches!(output, Output::Event(Event::Metrics(_)));
    let (_, outputs) = tokio::join!(say_something(&bench.session), until(&bench.session, is_metrics));
    let Some(Output::Event(Event::Metrics(metrics))) = outputs.last() else { panic!("metrics come last") };
    let total = metrics.total_ms.expect("audio was sent");
    assert!((total - expected).abs() < 35.0, "{metrics:?}");
    assert!((metrics.path.iter().map(|part| part.ms).sum::<f64>() - total).abs() < 1e-6, "{metrics:?}");
    assert!((metrics.llm_ttft_ms.expect("a token came") - 200.0).abs() <= 2.0, "{metrics:?}");
    close(bench).await;
}

#[tokio::test(start_paused = true)]
async fn speech_stops_the_reply_and_the_history_ends_where_the_listener_did() {
    let reply = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen.";
    let bench = open(config(), ClientFormat { can_pause: true, ..ClientFormat::default() }, reply);
    let talk = async {
        say_something(&bench.session).await;
        feed(&bench.session, silence(), 1_000).await;
        feed(&bench.session, speech(), 600).await;
        feed(&bench.session, silence(), 1_000).await;
    };
    let is_second_reply =
        |output: &Output| matches!(output, Output::Event(Event::Reply { turn, .. }) if *turn == TurnId(2));
    let (_, outputs) = tokio::join!(talk, until(&bench.session, is_second_reply));
    let at = |wanted: &dyn Fn(&Event) -> bool| {
        outputs.iter().position(|output| matches!(output, Output::Event(event) if wanted(event)))
    };
    let pause = at(&|event| matches!(event, Event::Pause { .. })).expect("the sound holds the reply");
    let clear = at(&|event| matches!(event, Event::Clear { .. })).expect("speech stops it");
    let end = at(&|event| matches!(event, Event::ReplyEnd { interrupted: true, .. })).expect("the reply ends");
    assert!(pause < clear && clear < end);
    let late = outputs[clear..].iter().any(|output| matches!(output, Output::Audio { turn: TurnId(1), .. }));
    assert!(!late, "no audio of the old reply follows its clear");
    let Output::Event(Event::ReplyEnd { heard, .. }) = &outputs[end] else { unreachable!("found above") };
    assert!(reply.starts_with(heard.as_str()) && !heard.is_empty() && heard.len() < reply.len(), "{heard:?}");
    close(bench).await;
}

#[tokio::test(start_paused = true)]
async fn the_history_ends_with_the_last_word_that_sounded_where_the_synthesiser_tells_when_its_words_do() {
    // This synthesiser says each character in 60 ms, digits too, which nobody would guess.
    let reply = "I am extraordinarily 1234567 all right then.";
    let heard_by = async |tts: FakeTts, output_rate| {
        let llm = FakeLlm::new(100 * MS, MS, reply);
        let agent = Agent::builder().config(config()).llm(Arc::new(llm)).tts(Arc::new(tts)).build();
        let format = ClientFormat { output_rate, ..ClientFormat::default() };
        let session = agent.open(SessionOptions { format, ..SessionOptions::default() }).expect("a session opens");
        session.control(Control::Text("Go.".into())).expect("the session is open");
        until(&session, |output| matches!(output, Output::Audio { .. })).await;
        // The word ends at 1,680 ms.
        assert!(tokio::time::timeout(1_685 * MS, until(&session, |_| false)).await.is_err());
        session.control(Control::Interrupt).expect("the session is open");
        match until(&session, is_reply_end).await.pop() {
            Some(Output::Event(Event::ReplyEnd { heard, .. })) => heard,
            other => panic!("{other:?}"),
        }
    };
    let tts = FakeTts::new(50 * MS, 16_000, 60 * MS);
    for output_rate in [8_000, 16_000, 24_000] {
        assert_eq!(
            heard_by(tts.clone().timed(), output_rate).await,
            "I am extraordinarily 1234567",
            "{output_rate} Hz"
        );
        assert_eq!(heard_by(tts.clone(), output_rate).await, "I am extraordinarily", "{output_rate} Hz, a guess");
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_noise_holds_the_reply_and_lets_it_go_on_at_the_same_sample() {
    let mut config = config();
    config.conversation.interruption.min_speech_ms = 400;
    let reply = "A reply that is long enough to be held once and then to be finished as if nothing had happened.";
    let stt = FakeStt::new(100 * MS, ["tell me", ""]);
    let tts = FakeTts::new(50 * MS, 16_000, 60 * MS);
    let agent = Agent::builder()
        .config(config)
        .stt(Arc::new(stt))
        .llm(Arc::new(FakeLlm::new(100 * MS, MS, reply)))
        .tts(Arc::new(tts))
        .vad(|| Ok(Box::new(EnergyVad::new())))
        .build();
    let format = ClientFormat { can_pause: true, ..ClientFormat::default() };
    let session = agent.open(SessionOptions { format, ..SessionOptions::default() }).expect("a session opens");
    let talk = async {
        say_something(&session).await;
        feed(&session, silence(), 1_000).await;
        feed(&session, speech(), 160).await;
        feed(&session, silence(), 9_000).await;
    };
    let (_, outputs) = tokio::join!(talk, until(&session, is_reply_end));
    let events = |wanted: fn(&Event) -> bool| {
        outputs.iter().filter(|output| matches!(output, Output::Event(event) if wanted(event))).count()
    };
    assert_eq!(events(|event| matches!(event, Event::Pause { .. })), 1);
    assert_eq!(events(|event| matches!(event, Event::Resume { .. })), 1);
    assert_eq!(events(|event| matches!(event, Event::Clear { .. })), 0);
    assert_eq!(audio_bytes(&outputs), reply.len() * 60 * 32);
    let Some(Output::Event(Event::ReplyEnd { interrupted: false, heard, .. })) = outputs.last() else {
        panic!("the reply ends whole")
    };
    assert_eq!(heard, reply);
}

#[tokio::test(start_paused = true)]
async fn typed_words_are_answered_without_a_microphone_and_context_reaches_the_next_prompt() {
    let bench = open(config(), ClientFormat::default(), "You typed {}.");
    bench.session.control(Control::Text("good morning".into())).expect("open");
    let outputs = until(&bench.session, is_reply_end).await;
    assert!(
        matches!(outputs.last(), Some(Output::Event(Event::ReplyEnd { heard, .. })) if heard == "You typed good morning.")
    );
    assert_eq!(bench.session.status().state, AgentState::Listening);
    close(bench).await;
}

#[tokio::test(start_paused = true)]
async fn a_microphone_that_stalls_in_the_middle_of_a_word_ends_the_turn_all_the_same() {
    let bench = open(config(), ClientFormat::default(), "Fine.");
    feed(&bench.session, silence(), 500).await;
    feed(&bench.session, speech(), 600).await;
    let outputs = until(&bench.session, is_reply_end).await;
    assert!(outputs.iter().any(|output| matches!(output, Output::Event(Event::Transcript { is_final: true, .. }))));
    close(bench).await;
}

#[tokio::test(start_paused = true)]
async fn audio_ahead_of_real_time_is_read_in_real_time_and_told_once() {
    let bench = open(config(), ClientFormat::default(), "Fine.");
    let started = bench.session.clone();
    let flood = async move {
        for _ in 0..500 {
            started.send_audio(silence()).await.expect("open");
        }
    };
    let begin = tokio_time_now();
    flood.await;
    let taken = begin.elapsed();
    // 10 s of audio, of which 2 s may be ahead and 64 frames may wait.
    assert!(taken >= Duration::from_millis(10_000 - 2_000 - 64 * 20 - 40), "{taken:?}");
    bench.session.control(Control::Close(CloseReason::End)).expect("open");
    let outputs = until(&bench.session, |output| matches!(output, Output::Event(Event::Bye { .. }))).await;
    let errors = outputs.iter().filter(|o| matches!(o, Output::Event(Event::Failed { .. }))).count();
    assert_eq!(errors, 1);
}

#[allow(clippy::disallowed_methods)] // A test may look at the simulated clock.
fn tokio_time_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_ends_the_session_and_its_calls() {
    let bench = open(config(), ClientFormat::default(), "A long answer that is never finished, for nobody listens.");
    bench.session.control(Control::Text("hello".into())).expect("open");
    until(&bench.session, |output| matches!(output, Output::Audio { .. })).await;
    let calls = bench.calls.clone();
    drop(bench);
    // Nothing else runs on this clock: when it has moved, the session has had its chance.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(calls.iter().all(|calls| calls.alive() == 0 && calls.begun() >= 1));
}
