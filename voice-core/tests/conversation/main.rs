//! The behaviours of a conversation as timelines: what it is told, and what it wants done. Times are ms of the session.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod continuing;
mod failures;
mod heard;
mod interruptions;
mod judgement;
mod memory;
mod pauses;
mod protection;
mod sessions;
mod speculation;
mod tools;
mod tools_cut_off;
mod turns;

use std::time::Duration;
use voice_core::conversation::{Command, ConversationConfig, Event, Input};
use voice_core::testing::{Script, Timeline};
use voice_core::{AudioTime, ErrorKind, SentenceId, Stage, TurnId};

/// A conversation in which no answer is prepared before its turn has ended, and all turns end alike.
fn script() -> Script {
    Script::new(settings())
}

fn settings() -> ConversationConfig {
    let mut config = ConversationConfig::default();
    config.speculation.max_tries = 0;
    config.endpointing.complete_ms = config.endpointing.min_ms;
    config
}

fn onset(at_ms: u64) -> Input {
    Input::SpeechStarted { at: AudioTime::from_millis(at_ms) }
}

/// The end of speech, which a VAD decides after 200 ms of silence.
fn pause(at_ms: u64) -> Input {
    Input::SpeechEnded { at: AudioTime::from_millis(at_ms), silence: Duration::from_millis(200) }
}

fn words(turn: u32, attempt: u32, text: &str) -> Input {
    Input::FinalTranscript { turn: TurnId(turn), attempt, text: text.into(), unclear: false }
}

fn partial(turn: u32, text: &str) -> Input {
    Input::PartialTranscript { turn: TurnId(turn), text: text.into() }
}

fn sentence(turn: u32, text: &str) -> Input {
    Input::Reply { reply: TurnId(turn).into(), text: format!("{text} "), speech: text.into() }
}

fn written(turn: u32) -> Input {
    Input::ReplyEnded { reply: TurnId(turn).into() }
}

fn audio(turn: u32, sentence: u32, samples: u64) -> Input {
    Input::Synthesized { reply: TurnId(turn).into(), sentence: SentenceId(sentence), samples }
}

fn spoken(turn: u32, sentence: u32) -> Input {
    Input::SentenceSynthesized { reply: TurnId(turn).into(), sentence: SentenceId(sentence) }
}

fn sent(turn: u32, samples: u64) -> Input {
    Input::Sent { reply: TurnId(turn).into(), samples }
}

fn played(turn: u32, samples: u64) -> Input {
    Input::Played { turn: TurnId(turn), samples, reported: true }
}

fn done(turn: u32) -> Input {
    Input::PlaybackDone { reply: TurnId(turn).into() }
}

fn failed(turn: Option<u32>, stage: Stage) -> Input {
    Input::Failed {
        reply: turn.map(|turn| TurnId(turn).into()),
        stage,
        kind: ErrorKind::Unavailable,
        message: "no connection".into(),
    }
}

/// A typed question at 0 ms whose answer of 1 s, "One two. Three four.", is being played.
fn answering() -> Script {
    answering_with(settings())
}

fn answering_with(config: ConversationConfig) -> Script {
    Script::new(config)
        .at(0, Input::UserText("Count to four.".into()))
        .at(200, Input::FirstToken { reply: TurnId(1).into() })
        .at(250, sentence(1, "One two."))
        .at(260, sentence(1, "Three four."))
        .at(260, written(1))
        .at(300, audio(1, 0, 8_000))
        .at(300, spoken(1, 0))
        .at(310, audio(1, 1, 8_000))
        .at(310, spoken(1, 1))
        .at(310, sent(1, 9_600))
}

/// What happened after that beginning.
fn after_the_beginning(timeline: &Timeline) -> String {
    let beginning = answering().run_until(310).to_string();
    timeline.to_string().split_off(beginning.len())
}

/// What stops, holds or asks anything in a timeline, in order.
fn decisions(timeline: &Timeline) -> Vec<String> {
    let told = |command: &Command| match command {
        Command::Emit(Event::Pause { .. }) => Some("pause".to_owned()),
        Command::Emit(Event::Resume { .. }) => Some("resume".to_owned()),
        Command::Emit(Event::Clear { .. }) => Some("clear".to_owned()),
        Command::Emit(Event::Transcript { turn, text, is_final: true }) => Some(format!("final {turn} {text:?}")),
        Command::Emit(Event::ReplyEnd { interrupted, heard, .. }) => {
            Some(format!("{} {heard:?}", if *interrupted { "cut" } else { "end" }))
        }
        Command::CommitUser { text, .. } => Some(format!("user {text:?}")),
        Command::StartReply { reply, .. } => Some(format!("reply {reply}")),
        _ => None,
    };
    timeline
        .moments()
        .iter()
        .flat_map(|moment| {
            let at = moment.at.as_millis_f64();
            moment.commands.iter().filter_map(told).map(move |what| format!("{at} {what}"))
        })
        .collect()
}

/// The decisions after the beginning of [`answering`].
fn decided(script: Script, until: u64) -> String {
    let beginning = decisions(&answering().run_until(310)).len();
    decisions(&script.run_until(until))[beginning..].join("\n")
}
