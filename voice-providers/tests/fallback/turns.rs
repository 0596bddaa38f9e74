//! Whole turns while models and voices fail at random moments: each ends in complete speech or in a spoken excuse, never
//! in silence and never twice.

use crate::fault_runs;
use crate::providers::{CHARACTER, Fate, Scripted, spoken};
use std::sync::Arc;
use std::time::Duration;
use voice_core::agent::{Agent, AgentConfig, Control, Output, Session, SessionOptions, StandbyLine};
use voice_core::audio::pcm;
use voice_core::conversation::{CloseReason, Event};
use voice_core::testing::Random;
use voice_providers::fallback::{FallbackConfig, FallbackLlm, FallbackTts};

const ANSWER: &str = "Aaaa bbbb cccc. Dddd eeee ffff gggg. Hhhh iiii jjjj kkkk llll.";
const APOLOGY: &str = "Pardon nothing works.";
const BROKEN_OFF: &str = "Cannot finish that.";
/// The standby line is this character, once.
const STANDBY: &str = "#";

fn agent(seed: u64) -> Agent {
    let random = &mut Random::new(seed);
    let mut fates = |name| {
        let fates: Vec<Fate> = (0..6).map(|_| Fate::random(random)).collect();
        Scripted::new(name, fates).answering(ANSWER)
    };
    let (first, second, third, fourth) = (fates("first"), fates("second"), fates("third"), fates("fourth"));
    let settings = FallbackConfig::default();
    let llm = FallbackLlm::new(vec![Arc::new(first), Arc::new(second)], settings.clone()).unwrap();
    let tts = FallbackTts::new(vec![Arc::new(third), Arc::new(fourth)], settings).unwrap();
    let mut config = AgentConfig::default();
    config.conversation.apology = Some(APOLOGY.into());
    config.conversation.broken_off = Some(BROKEN_OFF.into());
    let line = StandbyLine::new(16_000, vec![i16::from(b'#'); CHARACTER]).unwrap();
    Agent::builder().config(config).llm(Arc::new(llm)).tts(Arc::new(tts)).standby_line(line).build()
}

/// Asks something and listens to the end of the answer.
async fn ask(session: &Session) -> (String, Vec<Event>) {
    session.control(Control::Text("Well?".into())).unwrap();
    let (mut samples, mut events) = (Vec::new(), Vec::new());
    let listening = async {
        loop {
            match session.next_output().await.expect("the session lives") {
                Output::Audio { pcm: audio, .. } => samples.extend(pcm::from_bytes(&audio).unwrap()),
                Output::Event(event) => {
                    let over = matches!(event, Event::ReplyEnd { .. });
                    events.push(event);
                    if over {
                        break;
                    }
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(300), listening).await.expect("the turn ends");
    (spoken(&samples), events)
}

/// How a turn ended.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Ending {
    Complete,
    Excused,
    Standby,
}

/// Reads `said` against a text: how many of its words were said, in order and once each, and what follows. A word that
/// broke off before it was said whole does not count.
fn follow<'a>(said: &[&'a str], text: &str) -> (usize, Vec<&'a str>) {
    let words: Vec<&str> = text.split(' ').collect();
    let (mut next, mut at) = (0, 0);
    while let (Some(word), Some(heard)) = (words.get(next), said.get(at)) {
        if heard == word {
            next += 1;
        } else if !word.starts_with(heard) {
            break;
        }
        at += 1;
    }
    (next, said[at..].to_vec())
}

fn ending(said: &str) -> Option<Ending> {
    let separated = said.replace(STANDBY, " # ");
    let said: Vec<&str> = separated.split(' ').filter(|word| !word.is_empty()).collect();
    let count = |text: &str| text.split(' ').count();
    let (words, rest) = follow(&said, ANSWER);
    match rest.as_slice() {
        [] => return (words == count(ANSWER)).then_some(Ending::Complete),
        [STANDBY] => return Some(Ending::Standby),
        _ => {}
    }
    let excuse = if words == 0 { APOLOGY } else { BROKEN_OFF };
    let (excused, rest) = follow(&rest, excuse);
    match rest.as_slice() {
        [] => (excused == count(excuse)).then_some(Ending::Excused),
        [STANDBY] => Some(Ending::Standby),
        _ => None,
    }
}

#[test]
fn every_turn_ends_in_complete_speech_or_a_spoken_excuse() {
    let mut tally = [0; 3];
    for seed in 0..fault_runs() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let session = agent(seed).open(SessionOptions::default()).unwrap();
            for turn in 0..4 {
                let (said, events) = ask(&session).await;
                let ending = ending(&said);
                assert!(ending.is_some(), "seed {seed}, turn {turn}: {said:?} {events:#?}");
                tally[ending.unwrap() as usize] += 1;
                if ending != Some(Ending::Complete) {
                    let told = |event: &Event| matches!(event, Event::Failed { .. });
                    assert!(events.iter().any(told), "seed {seed}, turn {turn}: nobody was told why");
                }
            }
            session.control(Control::Close(CloseReason::End)).unwrap();
            session.closed().await;
        });
    }
    assert!(tally.iter().all(|count| *count > fault_runs() / 10), "too little happens: {tally:?}");
}

/// What served is told with the figures, and why another did not as an event.
#[tokio::test(start_paused = true)]
async fn it_is_told_who_served_and_who_failed() {
    use voice_core::ErrorKind;
    let first = Scripted::new("first", [Fate::Fails(ErrorKind::Unavailable, 0)]);
    let second = Scripted::new("second", []).answering(ANSWER);
    let voice = Scripted::new("voice", []);
    let llm = FallbackLlm::new(vec![Arc::new(first), Arc::new(second)], FallbackConfig::default()).unwrap();
    let agent = Agent::builder().llm(Arc::new(llm)).tts(Arc::new(voice)).build();
    let session = agent.open(SessionOptions::default()).unwrap();
    let (_, events) = ask(&session).await;
    let failed: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::FailedOver { provider, .. } => Some(&**provider),
            Event::Failed { message, .. } => panic!("{message}"),
            _ => None,
        })
        .collect();
    assert_eq!(failed, ["first"]);
    let metrics = events.iter().find_map(|event| match event {
        Event::Metrics(metrics) => Some(metrics.clone()),
        _ => None,
    });
    let providers = metrics.unwrap().providers;
    assert_eq!(
        (providers.stt.as_deref(), providers.llm.as_deref(), providers.tts.as_deref()),
        (None, Some("second"), Some("voice"))
    );
}
