//! A hundred thousand conversations with everything that can come late, early, twice or never; what must hold of all of
//! them is checked after every fact.

#![cfg(feature = "testing")]
#![allow(clippy::expect_used)]

macro_rules! require {
    ($holds:expr, $($message:tt)*) => {
        if !$holds {
            return Err(format!($($message)*));
        }
    };
}

mod calls;
mod checker;
mod interruptions;
mod judgement;
mod memory;
mod moving;
mod world;

use checker::Checker;
use std::collections::HashMap;
use voice_core::conversation::{Command, ConversationConfig, Event, Prompt, ToolStatus};
use voice_core::{AnsweredCall, Message, SentenceId, SummaryId, ToolCall, ToolRound, TurnId};
use world::World;

/// Conversations of an ordinary run. `CONVERSATIONS` in the environment asks for another number, `SEED` for one.
const CONVERSATIONS: u64 = 100_000;

#[test]
fn every_conversation_keeps_its_promises() {
    let setting = |name| std::env::var(name).ok().and_then(|value: String| value.parse::<u64>().ok());
    if let Some(seed) = setting("SEED") {
        World::new(seed, true).run().unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
        return;
    }
    let (count, threads) = (setting("CONVERSATIONS").unwrap_or(CONVERSATIONS), 2);
    let tallies = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|first| scope.spawn(move || run((first..count).step_by(threads as usize)))).collect();
        workers.into_iter().map(|worker| worker.join().expect("see above")).collect::<Vec<_>>()
    });
    // A world in which nothing happens would prove nothing.
    for what in [
        "interrupted",
        "resumed",
        "finished",
        "partly heard",
        "language model failed",
        "synthesiser failed",
        "recogniser failed",
        "refused to say",
        "closed",
        "timed out",
        "stale fact",
        "tools used",
        "tool cut off",
        "acted to the end",
        "filler",
        "prepared",
        "prepared and given",
        "remark",
        "stopped by a word",
        "answered later",
        "summed up",
        "no summary",
        "remembered in part",
    ] {
        let times: u32 = tallies.iter().filter_map(|tally| tally.get(what)).sum();
        assert!(u64::from(times) > count / 100, "{what}: only {times} times");
    }
    // It takes a client that leaves at the one moment.
    let again: u32 = tallies.iter().filter_map(|tally| tally.get("answered after a detach")).sum();
    assert!(u64::from(again) > count / 500, "answered after a detach: only {again} times");
}

fn run(seeds: impl Iterator<Item = u64>) -> HashMap<&'static str, u32> {
    let mut tally = HashMap::new();
    for seed in seeds {
        let mut world = World::new(seed, false);
        if world.run().is_err() {
            let story = World::new(seed, true).run().expect_err("the same seed gives the same conversation");
            panic!("seed {seed}: {story}");
        }
        for (what, times) in world.tally {
            *tally.entry(what).or_insert(0) += times;
        }
    }
    tally
}

/// The first complaint about these commands.
fn complaint(commands: &[Command]) -> String {
    let mut checker = Checker::new(&ConversationConfig::default());
    commands
        .iter()
        .find_map(|command| checker.given(command).err())
        .or_else(|| checker.ends().err())
        .unwrap_or_default()
}

#[test]
fn the_checker_flags_what_is_wrong() {
    let turn = TurnId(1);
    let reply = turn.into();
    let ask = Command::CommitUser { turn, text: "hi".into() };
    let start = Command::StartReply { reply, prompt: Prompt::Model };
    let announce = Command::StartReply { reply, prompt: Prompt::Text(judgement::ANNOUNCEMENT.into()) };
    let flush = Command::FlushPlayback { reply };
    let clear = Command::Emit(Event::Clear { turn });
    let end = |heard: &str| Command::Emit(Event::ReplyEnd { turn, interrupted: true, heard: heard.into() });
    let speak = Command::Speak { reply, sentence: SentenceId(0), text: "x".into() };
    let last = Command::Emit(Event::Transcript { turn, text: "hi".into(), is_final: true });
    let commit = Command::CommitAgent { turn, text: "never written".into() };
    let (id, name) = ("a".to_owned(), "act".to_owned());
    let orphan = Command::RunTool { reply, id: id.clone(), name: name.clone(), arguments: serde_json::Value::Null };
    let call = ToolCall { id: id.clone(), name: name.clone(), arguments: String::new() };
    let begin = Command::Emit(Event::Tool { turn, id: id.clone(), name, status: ToolStatus::Started, sources: vec![] });
    let cancel = Command::CancelTool { reply, id };
    let round = ToolRound { calls: vec![AnsweredCall { call, result: "done".into() }] };
    let round = Command::CommitTools { turn, round };
    let sum_up = |text: &str, id| Command::Summarise {
        id: SummaryId(id),
        messages: vec![Message::user(text)],
        most_tokens: ConversationConfig::default().memory.summary_tokens,
    };
    let good = [ask.clone(), start.clone(), speak.clone(), flush.clone(), clear.clone(), end("")];
    assert_eq!(complaint(&good), "");
    for (commands, expected) in [
        (vec![start.clone()], "answered before CommitUser"),
        (vec![ask.clone(), start.clone()], "has no end"),
        (vec![ask.clone(), start.clone(), clear.clone()], "clear before flush"),
        (vec![ask.clone(), start.clone(), flush.clone(), clear.clone(), speak.clone()], "Speak for reply 1"),
        (vec![ask.clone(), start.clone(), flush.clone(), clear.clone(), end(""), end("")], "ended twice"),
        (vec![ask.clone(), start.clone(), commit, flush.clone(), clear.clone(), end("never written")], "was heard"),
        (
            vec![ask.clone(), start.clone(), Command::CommitUser { turn: TurnId(2), text: "a".into() }],
            "committed before reply",
        ),
        (vec![ask.clone(), start, orphan], "is run before it was told"),
        (vec![begin.clone(), cancel], "which acts, is cancelled"),
        (vec![begin.clone(), round], "without result"),
        (vec![begin, ask.clone()], "committed while tools run"),
        (vec![last.clone(), last.clone()], "after the final one"),
        (vec![last.clone()], "nobody answered"),
        (vec![announce.clone(), flush.clone(), clear.clone()], "is protected and cleared"),
        (vec![announce, Command::PausePlayback { reply }], "is protected and held"),
        (vec![ask.clone(), sum_up("hi", 0), sum_up("hi", 1)], "while another one is written"),
        (vec![ask.clone(), sum_up("never said", 0)], "was not said"),
        (vec![Command::CancelSummary { id: SummaryId(0) }], "is not being written"),
        (vec![Command::Shutdown, ask], "after Shutdown"),
    ] {
        let said = complaint(&commands);
        assert!(said.contains(expected), "{commands:?} should be flagged with {expected:?}, not {said:?}");
    }
}
