//! Clients that send nonsense, noise and nothing, or do not listen.

use crate::caller::Caller;
use crate::loudspeaker::Listening;
use crate::stage::{RATE, Voice, server, to_bytes};
use crate::support::{Client, TestServer};
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

const QUESTION: &str = "what did i order";
const ANSWER: &str = "You have not ordered a pizza yet.";

/// A new session is understood and answered.
async fn serves_on(server: &TestServer) {
    let mut caller = Caller::call(server, Listening::AtOnce).await;
    spoken_question(&mut caller, 1).await;
    caller.hang_up().await;
}

/// Asks aloud and gets the answer, as this turn.
async fn spoken_question(caller: &mut Caller, turn: u64) {
    caller.say(&[0; 4_800]);
    caller.say(&Voice::load("slt").say(QUESTION).await);
    let heard = caller.reply_end(turn).await["heard"].clone();
    assert_eq!(heard, ANSWER, "{:?}", caller.recording);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_too_big_end_their_connection_and_nothing_else() {
    let Some(server) = server().await else { return };
    let mut other = Caller::call(&server, Listening::AtOnce).await;
    for too_big in [Message::binary(vec![1; (1 << 20) + 2]), Message::text("x".repeat((64 << 10) + 1))] {
        let mut client = server.begin(json!({ "type": "start" })).await;
        client.push(too_big).await;
        assert_eq!(client.closed().await, Some(1009));
    }
    spoken_question(&mut other, 1).await;
    other.hang_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_frames_and_wrong_json_between_the_words_do_not_change_them() {
    let Some(server) = server().await else { return };
    let mut caller = Caller::call(&server, Listening::AtOnce).await;
    caller.say(&[0; 4_800]);
    caller.say(&Voice::load("slt").say(QUESTION).await);
    let nonsense =
        ["{", "[]", "\"\"", "{\"type\":7}", "{\"type\":\"dance\"}", "{\"type\":\"text\",\"text\":3}", "\u{0}"];
    for index in 0..70 {
        caller.listen(Duration::from_millis(30)).await;
        caller.send_bytes(vec![0x7f; 2 * index + 1]).await;
        caller.send_text(nonsense[index % nonsense.len()]).await;
    }
    if caller.recording.turns.get(&1).is_none_or(|turn| turn.heard.is_none()) {
        caller.reply_end(1).await;
    }
    let recording = caller.hang_up().await;
    assert_eq!(recording.turns[&1].heard.as_deref(), Some(ANSWER), "{recording:?}");
    let odd = recording.errors.iter().filter(|code| *code == "odd_length").count();
    assert_eq!((odd, recording.errors.len()), (70, 140), "{recording:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_however_fast_and_however_digital_is_nobody_speaking() {
    let Some(server) = server().await else { return };
    let mut caller = Caller::call(&server, Listening::AtOnce).await;
    caller.listen(Duration::from_secs(1)).await;
    // 8 s at once: far more than a microphone can have recorded.
    for _ in 0..8 {
        caller.send_bytes(vec![0; RATE * 2]).await;
    }
    caller.ask(QUESTION).await;
    assert_eq!(caller.reply_end(1).await["heard"], ANSWER);
    let recording = caller.hang_up().await;
    assert_eq!((recording.speech, recording.turns.len()), (0, 1), "{recording:?}");
    assert!(!recording.errors.is_empty() && recording.errors.iter().all(|code| code == "overrun"), "{recording:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clipped_noise_is_survived_and_the_next_words_are_understood() {
    let Some(server) = server().await else { return };
    let mut caller = Caller::call(&server, Listening::AtOnce).await;
    // White noise through a gain that clips nearly all of it.
    let mut state = 1_u32;
    let noise = (0..3 * RATE).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state >> 31 == 0 { i16::MIN } else { i16::MAX }
    });
    caller.say(&noise.collect::<Vec<_>>());
    caller.listen(Duration::from_secs(6)).await;
    let noisy = caller.recording.turns.keys().max().copied().unwrap_or(0);
    spoken_question(&mut caller, noisy + 1).await;
    caller.hang_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_control_frames_are_taken_in_order() {
    let Some(server) = server().await else { return };
    let mut caller = Caller::call(&server, Listening::AtOnce).await;
    for index in 0..4_000_u64 {
        match index % 4 {
            0 => caller.send(json!({ "type": "interrupt" })).await,
            1 => caller.send(json!({ "type": "played", "turn": index, "samples": 1_u64 << 50 })).await,
            2 => caller.send(json!({ "type": "played", "turn": 0, "samples": index })).await,
            _ => caller.send(json!({ "type": "played", "turn": 1, "samples": u64::MAX })).await,
        }
    }
    caller.ask(QUESTION).await;
    assert_eq!(caller.reply_end(1).await["heard"], ANSWER);
    let recording = caller.hang_up().await;
    // So many at once are read slowly, which the client is told; none is lost.
    let answers: Vec<_> = recording.errors.iter().filter(|code| *code != "overrun").collect();
    assert_eq!(answers, vec!["bad_value"; 1_000]);
    serves_on(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stops_reading_costs_nobody_else_anything() {
    let Some(server) = server().await else { return };
    let mut deaf = Client::connect_narrow(server.address, 4_096).await;
    deaf.send(json!({ "type": "start", "output_rate": 48_000 })).await;
    deaf.ready().await;
    deaf.send(json!({ "type": "text", "text": "tell me a story" })).await;
    deaf.of_type("audio").await;
    // It speaks into its microphone and reads nothing, until the server gives it up or the story is over.
    let hangs_on = async {
        let mut clock = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..45 * 50 {
            clock.tick().await;
            if !deaf.try_send(Message::binary(to_bytes(&[0; 320]))).await {
                return true;
            }
        }
        false
    };
    let (given_up, ()) = tokio::join!(hangs_on, serves_on(&server));
    assert!(given_up, "the server waits for ever for a client that takes nothing");
    serves_on(&server).await;
    assert_eq!(server.get("/healthz").send().await.status, 200);
}
