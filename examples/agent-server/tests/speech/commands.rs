//! Everything one can say is understood and answered, in words and in sound.

use crate::caller::Caller;
use crate::loudspeaker::Listening;
use crate::recording::Recording;
use crate::stage::{AT_ONCE, Voice, is_full, recognise, recogniser_of, server, words};
use crate::support::TestServer;
use futures::{StreamExt, stream};
use std::collections::BTreeMap;
use voice_providers::local::{Intents, Utterance};

/// The statistical voices sound a little different each time, so that now and then the recogniser gives up. It may do so
/// for one first attempt in eight, must then say so, and must understand one of the next two.
const ATTEMPTS: usize = 3;
const FIRST_ATTEMPTS_RIGHT: f64 = 7.0 / 8.0;
/// What is said to whoever was not understood.
const UNCLEAR: &str = "Sorry, I did not catch that.";

/// An utterance from one voice into one kind of microphone.
struct Trial<'a> {
    voice: &'static str,
    speaker: &'a Voice,
    utterance: Utterance,
    /// Samples the microphone gives at a time.
    chunk: usize,
}

/// Every utterance from each voice, half of them with microphones of either habit.
fn trials<'a>(voices: &'a BTreeMap<&'static str, Voice>) -> Vec<Trial<'a>> {
    let mut trials = Vec::new();
    for (index, utterance) in Intents::builtin().unwrap().utterances().into_iter().enumerate() {
        for (number, (&voice, speaker)) in voices.iter().enumerate() {
            let chunk = if (index + number).is_multiple_of(2) { 320 } else { 4_096 };
            trials.push(Trial { voice, speaker, utterance: utterance.clone(), chunk });
        }
    }
    trials
}

impl Trial<'_> {
    /// Says it until it is understood; what came of each attempt.
    async fn run(&self, server: &TestServer) -> Vec<Recording> {
        let mut attempts = Vec::new();
        for _ in 0..ATTEMPTS {
            attempts.push(self.attempt(server).await);
            if attempts.last().is_some_and(|attempt| attempt.turns[&1].finals != [""]) {
                break;
            }
        }
        attempts
    }

    /// One session for one utterance.
    async fn attempt(&self, server: &TestServer) -> Recording {
        let mut caller = Caller::with_microphone(server, Listening::AtOnce, 16_000, self.chunk).await;
        caller.say(&[0; 8_000]);
        caller.say(&self.speaker.say(&self.utterance.say).await);
        caller.reply_end(1).await;
        caller.hang_up().await
    }

    /// What is wrong with its attempts: a wrong transcript, a wrong answer, or that none was understood.
    fn fault(&self, attempts: &[Recording]) -> Option<String> {
        let (last, before) = attempts.split_last().expect("there was one");
        let turn = &last.turns[&1];
        let right = turn.finals == [self.utterance.say.as_str()]
            && turn.heard.as_deref().is_some_and(|heard| self.utterance.answer.matches(heard))
            && before.iter().all(|attempt| attempt.turns[&1].heard.as_deref() == Some(UNCLEAR))
            && attempts.iter().all(|attempt| attempt.errors.is_empty() && attempt.turns.len() == 1);
        let Self { voice, chunk, utterance, .. } = self;
        (!right).then(|| format!("{voice}, {chunk} samples a frame: {:?}: {attempts:?}", utterance.say))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_every_voice_is_understood_and_answered_aloud() {
    let Some(server) = server().await else { return };
    let (server, voices) = (&server, Voice::both());
    let trials = trials(&voices);
    let run = |trial| async move { (trial, Trial::run(trial, server).await) };
    let done: Vec<_> = stream::iter(&trials).map(run).buffer_unordered(AT_ONCE).collect().await;

    let repeated: Vec<_> = done.iter().filter(|(_, attempts)| attempts.len() > 1).collect();
    for (trial, attempts) in &repeated {
        println!("{} said {:?} {} times", trial.voice, trial.utterance.say, attempts.len());
    }
    let faults: Vec<_> = done.iter().filter_map(|(trial, attempts)| trial.fault(attempts)).collect();
    assert!(faults.is_empty(), "{} of {} went wrong: {faults:#?}", faults.len(), trials.len());
    let right = 1.0 - repeated.len() as f64 / trials.len() as f64;
    assert!(right >= FIRST_ATTEMPTS_RIGHT, "{right} at the first attempt");

    let recordings = done.iter().filter_map(|(_, attempts)| attempts.last());
    check_answers(recordings.map(|last| (words(&last.turns[&1].reply()), last.audio(1))).collect()).await;
}

/// What the server said is what it wrote: a recogniser that knows all answers tells them from each other.
async fn check_answers(answers: BTreeMap<String, &[i16]>) {
    let sentences: Vec<String> = answers.keys().cloned().collect();
    let stt = &recogniser_of(&sentences);
    let asked = answers.iter().filter(|(text, _)| is_full() || text.len() < 120);
    let wrong: Vec<String> = stream::iter(asked)
        .map(|(text, audio)| async move {
            let understood = recognise(stt, audio).await;
            (understood != *text).then(|| format!("{text:?} sounds like {understood:?}"))
        })
        .buffer_unordered(2)
        .filter_map(|wrong| async { wrong })
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} of {} answers: {wrong:#?}", wrong.len(), answers.len());
}
