//! Everything one can say is understood and answered, in words and in sound.

use crate::caller::Caller;
use crate::loudspeaker::Listening;
use crate::recording::Recording;
use crate::stage::{AT_ONCE, Voice, is_full, recognise, recogniser_of, server, words};
use crate::support::TestServer;
use futures::{StreamExt, stream};
use std::collections::BTreeMap;
use voice_providers::local::{Intents, Utterance};

/// An utterance from one voice into one kind of microphone.
struct Trial<'a> {
    voice: &'static str,
    speaker: &'a Voice,
    utterance: Utterance,
    /// Samples the microphone gives at a time.
    chunk: usize,
}

/// Every utterance from each voice, and into microphones of either habit: each into one of them, or in full each into
/// both.
fn trials<'a>(voices: &'a BTreeMap<&'static str, Voice>) -> Vec<Trial<'a>> {
    let mut trials = Vec::new();
    for (index, utterance) in Intents::builtin().unwrap().utterances().into_iter().enumerate() {
        for (number, (&voice, speaker)) in voices.iter().enumerate() {
            for (habit, chunk) in [320, 4_096].into_iter().enumerate() {
                if is_full() || (index + number).is_multiple_of(2) == (habit == 0) {
                    trials.push(Trial { voice, speaker, utterance: utterance.clone(), chunk });
                }
            }
        }
    }
    trials
}

impl Trial<'_> {
    /// One session for one utterance.
    async fn attempt(&self, server: &TestServer) -> Recording {
        let mut caller = Caller::with_microphone(server, Listening::AtOnce, 16_000, self.chunk).await;
        caller.say(&[0; 8_000]);
        caller.say(&self.speaker.say(&self.utterance.say).await);
        caller.reply_end(1).await;
        caller.hang_up().await
    }

    /// What is wrong: a wrong transcript, a wrong answer, an error.
    fn fault(&self, recording: &Recording) -> Option<String> {
        let Self { voice, chunk, utterance, .. } = self;
        let turn = &recording.turns[&1];
        let heard = turn.heard.as_deref().unwrap_or_default();
        let answered = turn.finals == [utterance.say.as_str()] && utterance.answer.matches(heard);
        let right = answered && !turn.interrupted && recording.errors.is_empty() && recording.turns.len() == 1;
        (!right).then(|| format!("{voice}, {chunk} samples a frame: {:?}: {recording:?}", utterance.say))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_understood_to_the_letter_and_answered_aloud() {
    let Some(server) = server().await else { return };
    let (server, voices) = (&server, Voice::both());
    let trials = trials(&voices);
    let run = |trial| async move { (trial, Trial::attempt(trial, server).await) };
    let done: Vec<_> = stream::iter(&trials).map(run).buffer_unordered(AT_ONCE).collect().await;
    let faults: Vec<_> = done.iter().filter_map(|(trial, recording)| trial.fault(recording)).collect();
    assert!(faults.is_empty(), "{} of {} went wrong: {faults:#?}", faults.len(), trials.len());
    let mut answers = BTreeMap::new();
    for (_, recording) in &done {
        let (text, audio) = (words(&recording.turns[&1].reply()), recording.audio(1));
        assert!(*answers.entry(text).or_insert(audio) == audio, "the same words sound the same: {recording:?}");
    }
    check_answers(answers).await;
}

/// What the server said is what it wrote: a recogniser that knows all answers tells them from each other.
async fn check_answers(answers: BTreeMap<String, &[i16]>) {
    let sentences: Vec<String> = answers.keys().cloned().collect();
    let stt = &recogniser_of(&sentences);
    let asked = answers.iter().filter(|(text, _)| is_full() || text.len() < 120);
    let wrong: Vec<String> = stream::iter(asked)
        .map(|(text, audio)| async move {
            let understood = recognise(stt, audio).await;
            (*text != understood).then(|| format!("{text:?} sounds like {understood:?}"))
        })
        .buffer_unordered(2)
        .filter_map(|wrong| async { wrong })
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} of {} answers: {wrong:#?}", wrong.len(), answers.len());
}
