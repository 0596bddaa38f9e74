//! A conversation of ten hours, in simulated time: what is remembered stays within its budget, and what is allocated does
//! not grow.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, missing_docs)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use voice_core::agent::{Agent, AgentConfig, Control, Output, SessionOptions};
use voice_core::conversation::{CloseReason, Command, Conversation, ConversationConfig, Event, Input, OlderTurns};
use voice_core::testing::FakeLlm;
use voice_core::text::estimated_tokens;
use voice_core::{AudioTime, Message, SentenceId, SessionTime, SideEffect, ToolCall, ToolSpec};

struct Counting;

thread_local! {
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    BYTES.set(BYTES.get() + bytes);
}

// SAFETY: every call is handed on unchanged to the system allocator; the counter is a plain thread-local cell.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise about `layout` is handed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: `pointer` came from `System` with this layout, as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: as for `dealloc`; `size` is the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const HOURS: usize = 10;
/// Four exchanges a minute.
const EXCHANGE_MS: u64 = 15_000;
const EXCHANGES_AN_HOUR: u64 = 3_600_000 / EXCHANGE_MS;

/// The most bytes that were allocated at the end of an exchange, hour by hour.
#[derive(Debug, Default)]
struct Peaks([isize; HOURS]);

impl Peaks {
    fn note(&mut self, exchange: u64, before: isize) {
        let peak = &mut self.0[(exchange / EXCHANGES_AN_HOUR) as usize];
        *peak = (*peak).max(BYTES.get() - before);
    }

    /// In the first hours the memory fills, and buffers find their size.
    fn assert_flat(&self, most: isize) {
        let (first, last) = self.0.split_at(HOURS / 2);
        let peak = |hours: &[isize]| hours.iter().copied().max().expect("there are hours");
        assert!(peak(last) <= peak(first) + peak(first) / 20, "it grows: {self:?}");
        assert!(peak(last) <= most, "it is big: {self:?}");
        assert!(peak(last) > 10_000, "nothing is counted: {self:?}");
    }
}

/// About 40 words, each time others.
fn question(number: u64) -> String {
    let order = format!("{} boxes of number {number}", number % 90);
    format!(
        "I would like to order {order}, to be sent to the harbour on the day after tomorrow, and please tell me how \
             many of them are left in the store, since the last time there were fewer of them than we had been told"
    )
}

/// A call in which the user speaks, the agent answers aloud, every fifth time after a look at a tool, and a model that
/// mostly sums up, sometimes fails to, and sometimes never answers.
struct Phone {
    conversation: Conversation,
    now: u64,
    /// Facts on their way, each with the time of its arrival.
    pending: Vec<(u64, Input)>,
    summaries: u64,
}

impl Phone {
    fn new() -> Self {
        let look = ToolSpec {
            name: "look".into(),
            description: String::new(),
            parameters: serde_json::json!({"type": "object"}),
            effect: SideEffect::None,
            deadline: Duration::from_secs(5),
        };
        let conversation = Conversation::new(ConversationConfig::default()).with_tools([look].into());
        Self { conversation, now: 0, pending: Vec::new(), summaries: 0 }
    }

    fn tell(&mut self, input: Input) {
        self.conversation.handle(SessionTime::from_millis(self.now), input);
        while let Some(command) = self.conversation.poll() {
            match command {
                Command::RunTool { reply, id, .. } => {
                    let result = Ok("There are some left, in the second hall. ".repeat(10).into());
                    self.pending.push((self.now + 500, Input::ToolResult { reply, id, result }));
                }
                Command::Summarise { id, messages, .. } => {
                    assert!(messages.len() > 10, "a summary is worth its call");
                    self.summaries += 1;
                    let text = format!("By then {} messages were summed up. ", messages.len()).repeat(100);
                    let summary = (!self.summaries.is_multiple_of(4)).then_some(text);
                    if !self.summaries.is_multiple_of(7) {
                        self.pending.push((self.now + 3_000, Input::Summarised { id, summary }));
                    }
                }
                _ => {}
            }
        }
    }

    /// Lets time pass: what arrives and what is due is told at its own time.
    fn pass(&mut self, milliseconds: u64) {
        let until = self.now + milliseconds;
        loop {
            let due = self.conversation.next_timeout().map(|at| at.as_millis_f64().ceil() as u64);
            let arrival = self.pending.iter().map(|(at, _)| *at).min();
            let Some(next) = due.into_iter().chain(arrival).min().filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            match self.pending.iter().position(|(at, _)| *at == next) {
                Some(index) => {
                    let (_, input) = self.pending.swap_remove(index);
                    self.tell(input);
                }
                None => self.tell(Input::Timeout),
            }
        }
        self.now = until;
    }

    fn exchange(&mut self, number: u64) {
        let end = self.now + EXCHANGE_MS;
        self.speak(number);
        self.answer(number);
        let reply = self.conversation.live_reply().expect("the answer is being spoken");
        for sentence in [0, 1].map(SentenceId) {
            self.tell(Input::Synthesized { reply, sentence, samples: 48_000 });
            self.tell(Input::SentenceSynthesized { reply, sentence });
        }
        let samples = 96_000;
        self.tell(Input::Sent { reply, samples });
        self.pass(6_000);
        self.tell(Input::Played { turn: reply.turn, samples, reported: true });
        self.tell(Input::PlaybackDone { reply });
        assert_eq!(self.conversation.live_reply(), None, "the exchange is over");
        self.pass(end - self.now);
    }

    fn speak(&mut self, number: u64) {
        let at = AudioTime::from_millis(self.now);
        self.tell(Input::SpeechStarted { at });
        self.pass(2_000);
        let turn = self.conversation.open_turn().expect("the user speaks");
        self.tell(Input::PartialTranscript { turn, text: question(number) });
        let at = AudioTime::from_millis(self.now);
        self.tell(Input::SpeechPaused { at });
        self.pass(200);
        self.tell(Input::SpeechEnded { at, silence: Duration::from_millis(200) });
        self.tell(Input::FinalTranscript { turn, attempt: 0, text: question(number), unclear: false });
        self.pass(1_000);
    }

    fn answer(&mut self, number: u64) {
        let reply = self.conversation.live_reply().expect("the question is answered");
        let write = |phone: &mut Self, text: &str| {
            let text = format!("{text} {number}. ");
            phone.tell(Input::Reply { reply, speech: text.clone(), text });
        };
        self.tell(Input::FirstToken { reply });
        write(self, "You would like to have them sent to the harbour, under the number");
        if number.is_multiple_of(5) {
            // Some models name all their calls the same.
            let call = ToolCall { id: "call".into(), name: "look".into(), arguments: "{}".into() };
            self.tell(Input::ToolCalls { reply, calls: vec![call] });
            self.pass(600);
        }
        write(self, "There are some of them left, and they will be at the harbour in time, as order");
        self.tell(Input::ReplyEnded { reply });
    }
}

fn tokens(history: impl Iterator<Item = Message>) -> usize {
    let words = |message| match message {
        Message::User(text) | Message::Agent(text) | Message::Summary(text) => estimated_tokens(&text),
        Message::Tools(round) => round.calls.iter().map(|answered| estimated_tokens(&answered.result)).sum(),
    };
    history.map(words).sum()
}

#[test]
fn a_spoken_conversation_of_ten_hours_takes_no_more_memory_than_one_of_five() {
    let before = BYTES.get();
    let (mut phone, mut peaks, mut said) = (Phone::new(), Peaks::default(), 0);
    let budget = ConversationConfig::default().memory.max_tokens;
    for exchange in 0..HOURS as u64 * EXCHANGES_AN_HOUR {
        phone.exchange(exchange);
        peaks.note(exchange, before);
        let history = phone.conversation.history();
        said += tokens(history.skip(phone.conversation.history().len().saturating_sub(2)).cloned());
        let remembered = tokens(phone.conversation.history().cloned());
        assert!(remembered <= budget, "exchange {exchange}: {remembered} tokens are remembered");
    }
    assert!(said > 10 * budget, "only {said} tokens were said");
    assert!((10..100).contains(&phone.summaries), "{} summaries", phone.summaries);
    assert!(matches!(phone.conversation.history().next(), Some(Message::Summary(_))));
    peaks.assert_flat(300_000);
    phone.tell(Input::Close(CloseReason::End));
    assert_eq!(phone.conversation.history().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_typed_session_of_ten_hours_takes_no_more_memory_than_one_of_five() {
    for older_turns in [OlderTurns::Summarise, OlderTurns::Drop] {
        let mut config = AgentConfig::default();
        config.conversation.memory.older_turns = older_turns;
        type_for_ten_hours(config).await;
    }
}

async fn type_for_ten_hours(config: AgentConfig) {
    let model = FakeLlm::new(Duration::from_millis(200), Duration::ZERO, "You said: {}. And so it is to be.");
    let model = model.summing_up(&"They ordered boxes. ".repeat(100));
    let before = BYTES.get();
    let agent = Agent::builder().config(config).llm(Arc::new(model)).build();
    let session = agent.open(SessionOptions::default()).expect("a session opens");
    let mut peaks = Peaks::default();
    for exchange in 0..HOURS as u64 * EXCHANGES_AN_HOUR {
        session.control(Control::Text(question(exchange))).expect("the session is open");
        while let Some(output) = session.next_output().await {
            if matches!(output, Output::Event(Event::ReplyEnd { .. })) {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(EXCHANGE_MS - 200)).await;
        peaks.note(exchange, before);
    }
    peaks.assert_flat(300_000);
    session.control(Control::Close(CloseReason::End)).expect("the session is open");
    session.closed().await;
}
