//! Sessions do not hear each other.

use crate::caller::Caller;
use crate::loudspeaker::Listening;
use crate::stage::{Voice, is_full, server};
use crate::support::TestServer;
use futures::future::join_all;
use voice_providers::local::Intents;

const SESSIONS: usize = 20;

async fn transcript(server: &TestServer, speech: &[i16]) -> String {
    let mut caller = Caller::call(server, Listening::AtOnce).await;
    caller.say(&[0; 8_000]);
    caller.say(speech);
    let transcript = caller.transcript().await;
    let recording = caller.hang_up().await;
    assert_eq!(recording.turns[&1].finals, [transcript.as_str()], "{recording:?}");
    assert!(recording.errors.is_empty(), "{recording:?}");
    transcript
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_once_are_each_understood_as_if_alone() {
    let Some(server) = server().await else { return };
    let sentences = Intents::builtin().unwrap().sentences();
    let step = sentences.len() / SESSIONS;
    let voices = Voice::both();
    let mut speeches = Vec::new();
    for (index, sentence) in sentences.iter().step_by(step).take(SESSIONS).enumerate() {
        let voice = voices.values().nth(index % 2).unwrap();
        speeches.push((sentence, voice.say(sentence).await));
    }
    let together = join_all(speeches.iter().map(|(_, speech)| transcript(&server, speech))).await;
    assert_eq!(together.len(), SESSIONS);
    // Alone takes as long as speaking does: a few of them stand for all.
    let stride = if is_full() { 1 } else { 3 };
    for ((sentence, speech), together) in speeches.iter().zip(&together).step_by(stride) {
        assert_eq!(*together, transcript(&server, speech).await, "of {sentence:?}");
    }
    let said: Vec<_> = speeches.iter().map(|(sentence, _)| *sentence).collect();
    assert_eq!(together.iter().collect::<Vec<_>>(), said);
}
