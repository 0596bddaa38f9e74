//! Replies that the local voices speak, interrupted at random moments, with their timings and without: how far the
//! history is from the words that had sounded by then.

#![cfg(feature = "local")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

use futures::{StreamExt, stream};
use support::tts;
use voice_core::conversation::{Command, Conversation, ConversationConfig, Input, SpokenWord};
use voice_core::stage::{CallContext, TtsEvent, TtsInput, TtsProvider, WordTiming};
use voice_core::testing::Random;
use voice_core::{ReplyId, SentenceId, SessionTime, TurnId};
use voice_providers::local::LocalTts;

const RATE: u64 = 16_000;
/// Sentences by which the estimate was fitted, and sentences that it has never seen.
const FITTED: &str = include_str!("fitted.txt");
const FRESH: &str = include_str!("fresh.txt");
/// Sentences of a reply.
const REPLY: usize = 3;
/// Interruptions of each reply. `INTERRUPTIONS` in the environment asks for another number.
const INTERRUPTIONS: usize = 20;
const REPLY_ID: ReplyId = ReplyId { turn: TurnId(1), attempt: 0 };

/// A sentence as it was spoken.
struct Spoken {
    text: String,
    /// Samples of each piece of audio.
    pieces: Vec<u64>,
    words: Vec<WordTiming>,
}

impl Spoken {
    fn samples(&self) -> u64 {
        self.pieces.iter().sum()
    }
}

async fn speak(tts: &LocalTts, text: &str) -> Spoken {
    let input = TtsInput::Text { sentence: SentenceId(0), text: text.to_owned() };
    let mut spoken = Spoken { text: format!("{text} "), pieces: Vec::new(), words: Vec::new() };
    let mut events = tts.synthesize(stream::iter([input]).boxed(), CallContext::detached());
    while let Some(event) = events.next().await {
        match event.unwrap() {
            TtsEvent::Audio { pcm, .. } => spoken.pieces.push(pcm.len() as u64 / 2),
            TtsEvent::Words { words, .. } => spoken.words.extend(words),
            _ => {}
        }
    }
    spoken.words.retain(|word| word.word.contains(char::is_alphanumeric));
    spoken
}

/// How the reply reached the listener.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// The synthesiser tells when its words sound.
    timed: bool,
    /// Its audio comes just before it is needed, so that the length of the last sentence is not known.
    just_in_time: bool,
}

/// What the history holds when the listener has played so many samples.
fn committed(sentences: &[Spoken], way: Way, position: u64) -> String {
    let mut conversation = Conversation::new(ConversationConfig::default());
    let mut tell = |input| conversation.handle(SessionTime::ZERO, input);
    tell(Input::Start { output_rate: RATE as u32 });
    tell(Input::UserText("Tell me.".into()));
    for Spoken { text, .. } in sentences {
        tell(Input::Reply { reply: REPLY_ID, text: text.clone(), speech: text.trim().into() });
    }
    let mut made = 0;
    'making: for (number, spoken) in sentences.iter().enumerate() {
        let sentence = SentenceId(number as u32);
        if way.timed {
            let word = |word: &WordTiming| SpokenWord {
                text: word.word.clone(),
                start: sample(word.start_ms),
                end: sample(word.end_ms),
            };
            tell(Input::Words { reply: REPLY_ID, sentence, words: spoken.words.iter().map(word).collect() });
        }
        for samples in &spoken.pieces {
            if way.just_in_time && made >= position {
                break 'making;
            }
            tell(Input::Synthesized { reply: REPLY_ID, sentence, samples: *samples });
            made += samples;
        }
        tell(Input::SentenceSynthesized { reply: REPLY_ID, sentence });
    }
    tell(Input::Sent { reply: REPLY_ID, samples: made });
    tell(Input::Played { turn: REPLY_ID.turn, samples: position, reported: false });
    tell(Input::Interrupt);
    let commits = std::iter::from_fn(|| conversation.poll()).filter_map(|command| match command {
        Command::CommitAgent { text, .. } => Some(text),
        _ => None,
    });
    commits.collect()
}

fn sample(ms: f32) -> u64 {
    (f64::from(ms) * RATE as f64 / 1_000.0) as u64
}

fn words(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}

/// Words that had sounded, but for at most 20 ms.
fn sounded(sentences: &[Spoken], position: u64) -> usize {
    let mut begin = 0;
    let mut sounded = 0;
    for spoken in sentences {
        let end = |word: &&WordTiming| begin + sample(word.end_ms) <= position + RATE / 50;
        sounded += spoken.words.iter().filter(end).count();
        begin += spoken.samples();
    }
    sounded
}

/// Interruptions of each reply, in the bench.
fn interruptions() -> Option<usize> {
    std::env::var("INTERRUPTIONS").ok().and_then(|value| value.parse().ok())
}

/// By how many words the history is wrong, in order.
fn errors(replies: &[Vec<Spoken>], way: Way) -> Vec<usize> {
    let mut random = Random::new(1);
    let mut errors = Vec::new();
    for sentences in replies {
        let all: u64 = sentences.iter().map(Spoken::samples).sum();
        for _ in 0..interruptions().unwrap_or(INTERRUPTIONS) {
            let position = random.within(1..all);
            errors.push(words(&committed(sentences, way, position)).abs_diff(sounded(sentences, position)));
        }
    }
    errors.sort_unstable();
    errors
}

async fn replies(tts: &LocalTts, texts: &str) -> Vec<Vec<Spoken>> {
    let spoken: Vec<Spoken> = stream::iter(texts.lines()).then(async |line| speak(tts, line).await).collect().await;
    let mut spoken = spoken.into_iter();
    let replies = std::iter::from_fn(|| Some(spoken.by_ref().take(REPLY).collect::<Vec<_>>()));
    replies.take_while(|reply| !reply.is_empty()).collect()
}

fn check(voice: &str, name: &str, replies: &[Vec<Spoken>]) {
    for just_in_time in [false, true] {
        let told = errors(replies, Way { timed: true, just_in_time });
        assert_eq!(
            told.last(),
            Some(&0),
            "{voice}, {name} sentences: with timings every word that sounded and no other"
        );
        let errors = errors(replies, Way { timed: false, just_in_time });
        let at = |percent: usize| errors[(errors.len() - 1) * percent / 100];
        let exact = errors.iter().filter(|error| **error == 0).count() * 100 / errors.len();
        println!(
            "{voice}, {name} sentences, just in time: {just_in_time}: {} interruptions without timings, {exact} % exact, \
             words off p50 {}, p95 {}, p99 {}, most {}",
            errors.len(),
            at(50),
            at(95),
            at(99),
            at(100)
        );
        assert!(at(50) <= 1 && at(95) <= if just_in_time { 3 } else { 2 }, "{voice}, {name} sentences");
    }
}

#[tokio::test]
async fn the_history_is_exact_with_the_voices_timings_and_a_word_or_two_off_without() {
    let voices: &[&str] = if interruptions().is_some() { &["kal16", "slt", "awb", "rms"] } else { &["kal16", "slt"] };
    for voice in voices {
        let Some(tts) = tts(voice) else { return };
        for (name, texts) in [("fitted", FITTED), ("fresh", FRESH)] {
            check(voice, name, &replies(&tts, texts).await);
        }
    }
}
