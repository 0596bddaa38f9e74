//! The driver under random interruptions, on Tokio's paused clock: whose audio a client gets, what the language model
//! is told was heard, and that nothing outlives a session.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, clippy::unwrap_used)]

use bytes::Bytes;
use futures::stream::BoxStream;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use voice_core::agent::{Agent, AgentConfig, ClientFormat, Control, Output, Session, SessionOptions};
use voice_core::builtin::EnergyVad;
use voice_core::conversation::{CloseReason, Event, ToolStatus};
use voice_core::recording::{Recording as Recorded, RecordingBuffer, RecordingOptions, Words};
use voice_core::stage::{CallContext, FunctionTool, LlmEvent, LlmProvider, LlmRequest};
use voice_core::testing::{FakeLlm, FakeStt, FakeTool, FakeTts, LiveCalls, Random};
use voice_core::{Message, Result, ToolCall, ToolRound, TurnId};

/// Sessions of an ordinary run. `SESSIONS` in the environment asks for another number, `SEED` for one.
const SESSIONS: u64 = 2_000;
const MS: Duration = Duration::from_millis(1);
const RATE: u64 = 16_000;
/// What the fake synthesiser takes for a character.
const CHARACTER_MS: u64 = 20;
/// The loudspeaker plays so much at a time.
const LOUDSPEAKER_MS: u64 = 50;
const REPLY: &str = "You said {}. One two three four five six seven. Eight nine ten eleven. Twelve, and that is all.";

/// A model that remembers what it was asked.
struct Recording {
    model: FakeLlm,
    requests: Arc<Mutex<Vec<LlmRequest>>>,
}

impl LlmProvider for Recording {
    fn name(&self) -> &str {
        "recording"
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        self.requests.lock().expect("no panic holds it").push(request.clone());
        self.model.generate(request, cx)
    }
}

/// A client: counts what it gets and plays it in real time, with or without telling.
#[derive(Default)]
struct Client {
    reports: bool,
    received: HashMap<TurnId, u64>,
    played: HashMap<TurnId, u64>,
    cleared: HashSet<TurnId>,
    shown: HashMap<TurnId, String>,
    /// What was heard by the replies that ended, in order: turn, text, interrupted.
    heard: Vec<(TurnId, String, bool)>,
    /// Calls to tools that have not ended.
    tools: HashSet<String>,
    over: bool,
}

impl Client {
    fn take(&mut self, session: &Session, output: Output) {
        match output {
            Output::Audio { turn, pcm } => {
                assert!(!self.cleared.contains(&turn), "audio of turn {turn} after its clear");
                assert!(self.shown.contains_key(&turn), "audio of turn {turn} before its text");
                assert!(self.heard.iter().all(|(ended, ..)| *ended != turn), "audio of turn {turn} after its end");
                let own = pcm.chunks_exact(2).all(|sample| i16::from_le_bytes([sample[0], sample[1]]) == turn.0 as i16);
                assert!(own, "audio of another turn in turn {turn}");
                *self.received.entry(turn).or_default() += pcm.len() as u64 / 2;
            }
            Output::Event(Event::Reply { turn, text }) => self.shown.entry(turn).or_default().push_str(&text),
            Output::Event(Event::Clear { turn }) => {
                assert!(self.cleared.insert(turn), "turn {turn} cleared twice");
                self.report(session, turn);
            }
            Output::Event(Event::ReplyEnd { turn, interrupted, heard }) => self.ended(turn, interrupted, heard),
            Output::Event(Event::Tool { id, status: ToolStatus::Started, .. }) => {
                assert!(self.tools.insert(id), "two calls of one name");
            }
            Output::Event(Event::Tool { id, .. }) => assert!(self.tools.remove(&id), "{id} ends twice"),
            Output::Event(Event::Bye { .. }) => self.over = true,
            Output::Event(_) => {}
        }
    }

    /// Nobody has heard more than came out of the loudspeaker, but for the last 20 ms of a word: the fake voice takes as
    /// long for every character, but not for the blanks between sentences.
    fn ended(&mut self, turn: TurnId, interrupted: bool, heard: String) {
        let shown = self.shown.get(&turn).map_or("", String::as_str);
        assert!(shown.starts_with(&heard), "turn {turn}: {heard:?} was heard, {shown:?} was shown");
        let received = self.received.get(&turn).copied().unwrap_or(0);
        let played = if self.reports { self.played.get(&turn).copied().unwrap_or(0) } else { received };
        let blanks = heard.matches(". ").count() as u64;
        let time = (heard.chars().count() as u64 - blanks) * CHARACTER_MS * RATE / 1_000;
        // Before its first report, which comes after a step of its loudspeaker, a clock stands for it.
        let step = if played == 0 { LOUDSPEAKER_MS * RATE / 1_000 } else { 0 };
        assert!(time <= played + step + RATE / 50, "turn {turn}: {heard:?} takes {time} samples, {played} were played");
        assert!(interrupted || heard == shown.trim_end(), "turn {turn}: ended whole with {heard:?} of {shown:?}");
        self.heard.push((turn, heard, interrupted));
    }

    fn play(&mut self, session: &Session, milliseconds: u64) {
        let turns: Vec<TurnId> = self.received.keys().copied().filter(|turn| !self.cleared.contains(turn)).collect();
        for turn in turns {
            let played = self.played.entry(turn).or_default();
            let before = *played;
            *played = (before + milliseconds * RATE / 1_000).min(self.received[&turn]);
            if *played > before {
                self.report(session, turn);
            }
        }
    }

    fn report(&self, session: &Session, turn: TurnId) {
        if self.reports {
            let samples = self.played.get(&turn).copied().unwrap_or(0);
            // A report that is refused because too many wait, or because the session is over, is made up by the next.
            let _ = session.control(Control::Played { turn, samples });
        }
    }
}

fn frame(loud: bool) -> Bytes {
    let sample = |n| {
        if !loud {
            0i16
        } else if n % 40 < 20 {
            8_000
        } else {
            -8_000
        }
    };
    (0..320).flat_map(|n| sample(n).to_le_bytes()).collect()
}

async fn feed(session: &Session, frame: &Bytes, frames: u64) {
    for _ in 0..frames {
        // A session that has ended hears nothing.
        let _ = session.send_audio(frame.clone()).await;
        tokio::time::sleep(20 * MS).await;
    }
}

/// A user who talks, types and interrupts as the dice fall.
async fn talk(session: &Session, random: &RefCell<Random>) {
    let (quiet, loud) = (frame(false), frame(true));
    let dice = |range| random.borrow_mut().within(range);
    feed(session, &quiet, 5).await;
    for _ in 0..dice(3..9) {
        match dice(0..10) {
            0..=3 => {
                feed(session, &loud, dice(2..40)).await;
                feed(session, &quiet, dice(5..60)).await;
            }
            4..=5 => drop(session.control(Control::Text("typed words".into()))),
            6 => drop(session.control(Control::Interrupt)),
            7 => drop(session.control(Control::Say("By the way, it is late. Good night.".into()))),
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(dice(1..2_500))).await;
    }
    let _ = session.control_wait(Control::Close(CloseReason::End)).await;
}

async fn listen(session: &Session, client: &RefCell<Client>) {
    while let Some(output) = session.next_output().await {
        client.borrow_mut().take(session, output);
    }
}

async fn play(session: &Session, client: &RefCell<Client>) {
    while !client.borrow().over {
        tokio::time::sleep(Duration::from_millis(LOUDSPEAKER_MS)).await;
        client.borrow_mut().play(session, LOUDSPEAKER_MS);
    }
}

/// What happened in all sessions together, so that a test in which nothing happens fails.
#[derive(Default)]
struct Tally {
    finished: u64,
    interrupted: u64,
    partly_heard: u64,
    asked_again: u64,
    rounds: u64,
    acted_after_an_interruption: u64,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Anything {}

/// A tool that counts what it began and what it brought to its end.
fn acting(counts: &Arc<[AtomicU64; 2]>) -> FunctionTool {
    let counts = counts.clone();
    let act = move |_: Anything, _| {
        let counts = counts.clone();
        async move {
            counts[0].fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(900 * MS).await;
            counts[1].fetch_add(1, Ordering::SeqCst);
            Ok("acted")
        }
    };
    FunctionTool::new("act", "Acts.", act).irreversible()
}

fn rounds(request: &LlmRequest) -> impl Iterator<Item = &ToolRound> {
    request.messages.iter().filter_map(|message| match message {
        Message::Tools(round) => Some(round),
        Message::User(_) | Message::Agent(_) | Message::Summary(_) => None,
    })
}

async fn live(seed: u64, tally: &mut Tally) {
    let random = RefCell::new(Random::new(seed));
    let percent = |percent| random.borrow_mut().percent(percent);
    let stt = FakeStt::new(100 * MS, ["first words", "", "third words"]);
    let mut model = FakeLlm::new(Duration::from_millis(if percent(50) { 20 } else { 400 }), 10 * MS, REPLY);
    let call = |name: &str| ToolCall { id: name.into(), name: name.into(), arguments: String::new() };
    let dice = |range| random.borrow_mut().within(range) as usize;
    let rounds_wanted = dice(0..3);
    for _ in 0..rounds_wanted {
        let names = [["look", "look"], ["look", "act"], ["act", "nothing"]][dice(0..3)];
        let said = ["", "Let me see. ", "I look that up."][dice(0..3)];
        model = model.calling(said, names.map(call));
    }
    let look = FakeTool::new("look", 1_200 * MS, "seen");
    let acts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let tts = FakeTts::new(50 * MS, RATE as u32, Duration::from_millis(CHARACTER_MS)).timed();
    let calls: [LiveCalls; 4] = [stt.calls(), model.calls(), tts.calls(), look.calls()];
    let requests = Arc::new(Mutex::new(Vec::new()));
    let mut config = AgentConfig::default();
    config.conversation.greeting = percent(30).then(|| "Good morning. How are you?".into());
    config.conversation.tools.filler_ms = 400;
    config.playout_ahead_ms = if percent(50) { 600 } else { 200 };
    let agent = Agent::builder()
        .config(config)
        .stt(Arc::new(stt))
        .llm(Arc::new(Recording { model, requests: requests.clone() }))
        .tts(Arc::new(tts))
        .vad(|| Ok(Box::new(EnergyVad::new())))
        .tool(Arc::new(look))
        .and_then(|builder| builder.tool(Arc::new(acting(&acts))))
        .expect("the tools are in order")
        .build();
    let format = ClientFormat { can_pause: percent(50), ..ClientFormat::default() };
    let client = RefCell::new(Client { reports: percent(50), ..Client::default() });
    let buffer = RecordingBuffer::new();
    let mut recording = RecordingOptions::new(buffer.clone());
    recording.words = if percent(50) { Words::Kept } else { Words::Masked };
    let options = SessionOptions { format, recording: Some(recording), ..SessionOptions::default() };
    let session = agent.open(options).expect("a session opens");
    tokio::join!(talk(&session, &random), listen(&session, &client), play(&session, &client));
    session.closed().await;
    assert!(calls.iter().all(|calls| calls.alive() == 0), "no call outlives its session");
    let client = client.into_inner();
    assert_eq!(acts[0].load(Ordering::SeqCst), acts[1].load(Ordering::SeqCst), "what was begun came to its end");
    assert!(client.over, "the session says goodbye");
    assert!(client.tools.is_empty(), "calls without an end: {:?}", client.tools);
    let replay = Recorded::parse(&buffer.text()).expect("it was recorded").replay();
    assert_eq!(replay.difference, None, "the recording replays");
    let requests = requests.lock().expect("no panic holds it");
    let heard: Vec<&str> =
        client.heard.iter().map(|(_, text, _)| text.as_str()).filter(|text| !text.is_empty()).collect();
    for request in requests.iter() {
        // What the agent has said of the answer that it goes on with has not been heard yet.
        let question = request.messages.iter().rposition(|message| matches!(message, Message::User(_))).expect("one");
        let (settled, answer) = request.messages.split_at(question + 1);
        assert!(answer.is_empty() || matches!(answer.last(), Some(Message::Tools(_))), "{answer:?}");
        let agent = settled.iter().filter(|message| matches!(message, Message::Agent(_)));
        let told = agent.filter_map(Message::text).collect::<Vec<_>>().join(" ");
        let heard = heard.join(" ");
        assert!(heard.starts_with(&told), "the model was told {told:?}, the user heard {heard:?}");
        let answered: Vec<_> = rounds(request).flat_map(|round| &round.calls).collect();
        assert!(answered.iter().all(|answered| !answered.result.is_empty()));
        let ids: HashSet<_> = answered.iter().map(|answered| &answered.call.id).collect();
        assert_eq!(ids.len(), answered.len(), "an id names one call");
        tally.rounds += answer.iter().filter(|message| matches!(message, Message::Tools(_))).count() as u64;
        let cut_off = |round: &&ToolRound| round.calls.iter().any(|answered| answered.result.starts_with("cut off"));
        let acted = |round: &ToolRound| round.calls.iter().any(|answered| answered.result == "acted");
        tally.acted_after_an_interruption +=
            rounds(request).filter(cut_off).filter(|round| acted(round)).count() as u64;
    }
    tally.asked_again += requests.iter().filter(|request| request.messages.len() > 2).count() as u64;
    for (_, heard, interrupted) in &client.heard {
        tally.finished += u64::from(!interrupted);
        tally.interrupted += u64::from(*interrupted);
        tally.partly_heard += u64::from(*interrupted && !heard.is_empty());
    }
}

#[test]
fn every_session_hears_its_own_audio_and_remembers_what_was_heard() {
    let setting = |name| std::env::var(name).ok().and_then(|value: String| value.parse::<u64>().ok());
    let sessions = setting("SESSIONS").unwrap_or(SESSIONS);
    let seeds = setting("SEED").map_or(0..sessions, |seed| seed..seed + 1);
    let only_one = seeds.end - seeds.start == 1;
    let mut tally = Tally::default();
    for seed in seeds {
        // A clock of its own for each session; the seed is shown when one panics.
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let named = Named(seed);
        runtime.block_on(live(seed, &mut tally));
        std::mem::forget(named);
    }
    if !only_one {
        for count in [tally.finished, tally.interrupted, tally.partly_heard, tally.asked_again, tally.rounds] {
            assert!(count > sessions / 4, "too little happens: {count} in {sessions} sessions");
        }
        assert!(tally.acted_after_an_interruption > sessions / 50, "too little is interrupted while it acts");
    }
}

/// Tells the seed of a session that did not end well.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        eprintln!("SEED={} fails", self.0);
    }
}
