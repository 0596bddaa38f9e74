//! Voices, one of which fails.

use crate::providers::{CHARACTER, Fate, MS, Scripted, spoken};
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use std::sync::Arc;
use voice_core::audio::pcm;
use voice_core::stage::{CallContext, Notice, TtsEvent, TtsInput, TtsProvider};
use voice_core::testing::FakeTts;
use voice_core::testing::conformance::Suite;
use voice_core::{ErrorKind, Result, SentenceId};
use voice_providers::fallback::{FallbackConfig, FallbackTts};

const SENTENCES: [&str; 3] = ["One two.", "Three four.", "Five six."];

fn input() -> Vec<TtsInput> {
    let text = |(number, text): (usize, &&str)| TtsInput::Text {
        sentence: SentenceId(number as u32),
        text: (*text).to_owned(),
    };
    SENTENCES.iter().enumerate().map(text).chain([TtsInput::Flush]).collect()
}

fn both(first: &Scripted, second: &Scripted) -> FallbackTts {
    FallbackTts::new(vec![Arc::new(first.clone()), Arc::new(second.clone())], FallbackConfig::default()).unwrap()
}

async fn events(tts: &FallbackTts) -> Vec<Result<TtsEvent>> {
    tts.synthesize(stream::iter(input()).boxed(), CallContext::detached()).collect().await
}

fn samples(events: &[Result<TtsEvent>]) -> Vec<i16> {
    let audio = events.iter().filter_map(|event| match event {
        Ok(TtsEvent::Audio { pcm, .. }) => Some(pcm::from_bytes(pcm).unwrap()),
        _ => None,
    });
    audio.flatten().collect()
}

fn ends(events: &[Result<TtsEvent>]) -> Vec<u32> {
    let ends = events.iter().filter_map(|event| match event {
        Ok(TtsEvent::SentenceEnd { sentence }) => Some(sentence.0),
        _ => None,
    });
    ends.collect()
}

/// The words that were timed, each of which is heard when it is said to be.
fn timed(events: &[Result<TtsEvent>]) -> Vec<String> {
    let audio = samples(events);
    let (mut given, mut begins) = (0, [None; SENTENCES.len()]);
    for event in events {
        if let Ok(TtsEvent::Audio { sentence, pcm }) = event {
            begins[sentence.0 as usize].get_or_insert(given);
            given += pcm.len() / 2;
        }
    }
    let timings = events.iter().filter_map(|event| match event {
        Ok(TtsEvent::Words { sentence, words }) => Some((begins[sentence.0 as usize]?, words)),
        _ => None,
    });
    let words = timings.flat_map(|(begin, words)| {
        let at = move |ms: f32| begin + (ms * 16.0).round() as usize;
        words.iter().map(move |word| (word, at(word.start_ms)..at(word.end_ms)))
    });
    words
        .map(|(word, range)| {
            assert_eq!(spoken(&audio[range]), word.word);
            word.word.clone()
        })
        .collect()
}

/// Wherever the first voice breaks off, the second goes on there.
#[tokio::test(start_paused = true)]
async fn nothing_is_said_twice_and_nothing_is_left_out() {
    let pieces = SENTENCES.iter().map(|sentence| sentence.len() + 3).sum::<usize>();
    for after in 0..pieces {
        for fate in [Fate::Fails(ErrorKind::Unavailable, after), Fate::Ends(after), Fate::Stalls(after)] {
            let first = Scripted::new("first", [fate.clone()]);
            let second = Scripted::new("second", []);
            let events = events(&both(&first, &second)).await;
            assert!(events.iter().all(Result::is_ok), "{fate:?}");
            assert_eq!(ends(&events), [0, 1, 2], "{fate:?}");
            let said = spoken(&samples(&events));
            let all = ["One", "two.", "Three", "four.", "Five", "six."];
            let words: Vec<&str> = said.split(' ').filter(|word| all.contains(word)).collect();
            assert_eq!(words, all, "{fate:?}: {said:?}");
            let pieces: Vec<&str> = said.split(' ').filter(|word| !word.is_empty() && !all.contains(word)).collect();
            assert!(pieces.len() <= 1, "at most the beginning of one word: {fate:?}: {said:?}");
            let failures = |event: &&Result<TtsEvent>| matches!(event, Ok(TtsEvent::Notice(Notice::FailedOver { .. })));
            assert_eq!(events.iter().filter(failures).count(), 1, "{fate:?}");
            assert_eq!(timed(&events), all, "{fate:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_voice_of_another_rate_is_brought_to_that_of_the_first() {
    let first = Scripted::new("first", [Fate::Fails(ErrorKind::Unavailable, 0)]);
    let second = Scripted::new("second", []).at(48_000);
    let tts = both(&first, &second);
    assert_eq!(tts.sample_rate(), 16_000);
    let events = events(&tts).await;
    assert_eq!(ends(&events), [0, 1, 2]);
    // A blank before each sentence; the delay of the resampler makes it a little more.
    let expected = SENTENCES.iter().map(|sentence| (sentence.len() + 1) * CHARACTER).sum::<usize>();
    assert!((expected..expected + 300).contains(&samples(&events).len()), "{}", samples(&events).len());
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_the_last_error_is_told_after_what_was_said() {
    let first = Scripted::new("first", [Fate::Fails(ErrorKind::Unavailable, 12)]);
    let second = Scripted::new("second", [Fate::Fails(ErrorKind::Protocol, 0)]);
    let events = events(&both(&first, &second)).await;
    assert_eq!(ends(&events), [0]);
    assert_eq!(*events.last().unwrap().as_ref().unwrap_err().kind(), ErrorKind::Protocol);
}

/// A voice that says nothing before it is told to flush, as the trait allows.
struct Patient;

impl TtsProvider for Patient {
    fn name(&self) -> &str {
        "patient"
    }

    fn sample_rate(&self) -> u32 {
        16_000
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, _: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        let held_back = |held: &mut Vec<SentenceId>, item| {
            let said = match item {
                TtsInput::Text { sentence, .. } => {
                    held.push(sentence);
                    Vec::new()
                }
                TtsInput::Flush => std::mem::take(held),
            };
            std::future::ready(Some(stream::iter(said)))
        };
        let end = |sentence| Ok(TtsEvent::SentenceEnd { sentence });
        text.scan(Vec::new(), held_back).flatten().map(end).boxed()
    }
}

/// It takes no more text while much is owed, and the flush at the end stands behind that.
#[tokio::test(start_paused = true)]
async fn a_voice_that_holds_text_back_is_not_starved() {
    let second = Scripted::new("second", []);
    let tts = FallbackTts::new(vec![Arc::new(Patient), Arc::new(second.clone())], FallbackConfig::default()).unwrap();
    let sentence = |number| TtsInput::Text { sentence: SentenceId(number), text: "One.".to_owned() };
    let input: Vec<_> = (0..30).map(sentence).chain([TtsInput::Flush]).collect();
    let events: Vec<_> = tts.synthesize(stream::iter(input).boxed(), CallContext::detached()).collect().await;
    assert_eq!(ends(&events), (0..30).collect::<Vec<_>>());
    assert_eq!(second.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn it_conforms() {
    let voice = || FakeTts::new(50 * MS, 16_000, 20 * MS);
    let (first, second) = (voice(), voice());
    let tts = FallbackTts::new(vec![Arc::new(first.clone()), Arc::new(second)], FallbackConfig::default()).unwrap();
    let items = Suite::new().counting(first.calls()).tts(&tts, input()).await.unwrap();
    assert!(items > 6, "{items}");
}
