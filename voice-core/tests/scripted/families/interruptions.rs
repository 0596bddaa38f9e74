//! The user speaks, types or stops while the agent speaks.

use crate::talk::{Talk, talk};
use serde_json::json;

pub(super) fn all() -> Vec<Talk> {
    [by_words(), heard_words(), by_click(), by_typing(), pausing(), reporting(), policies()].concat()
}

/// What may be said over a reply.
const OVER: [(&str, &str); 5] = [
    ("a stop word", "Stop."),
    ("a back-channel", "Yeah."),
    ("a question", "Wait, what was that?"),
    ("a single word", "Tomorrow"),
    ("a cough", ""),
];

/// The user says something short first, and what is said over the answer comes second.
fn answered(name: String, over: &str) -> Talk {
    talk(name).foreign(&["llm", "tts"]).hears(&["Good morning.", over]).speech(500, 600)
}

fn by_words() -> Vec<Talk> {
    let mut talks = Vec::new();
    for (name, words) in OVER {
        for at in [1_800, 2_600, 4_200] {
            let name = format!("{name} over the reply, {} ms after the first turn", at - 1_100);
            let partial = json!([{"after_ms": 500, "text": words}]);
            let turns = json!([{"finals": ["Good morning."]}, {"finals": [words], "partials": partial}]);
            talks.push(answered(name, words).turns(turns).speech(at, 500));
        }
    }
    talks
}

fn heard_words() -> Vec<Talk> {
    let mut talks = Vec::new();
    for timed in [true, false] {
        for at in [2_000, 2_300, 2_900, 3_700, 5_000] {
            let how = if timed { "by the timings of its words" } else { "by its length" };
            let name = format!("what was heard of a reply that is stopped at {at} ms, {how}");
            let voice = answered(name, "Stop.").voice(json!({"timed": timed}));
            talks.push(voice.act(at, "interrupt", json!({})));
        }
    }
    talks
}

fn by_click() -> Vec<Talk> {
    [100, 1_300, 1_500, 1_700, 2_500]
        .map(|at| {
            let name = format!("the user stops the agent at {at} ms");
            talk(name)
                .act(at.min(400), "text", json!({"text": "Tell me."}))
                .act(at.max(401), "interrupt", json!({}))
                .text(at + 1_501, "Go on.")
        })
        .to_vec()
}

fn by_typing() -> Vec<Talk> {
    let mut talks: Vec<_> = [600, 900, 1_600, 3_000]
        .iter()
        .map(|at| {
            let talk =
                talk(format!("the user types {} ms after the first question", at - 200)).foreign(&["llm", "tts"]);
            talk.text(200, "The first.").text(*at, "The second.")
        })
        .collect();
    talks.push(talk("two questions in the same moment").foreign(&["llm", "tts"]).text(300, "One?").text(300, "Two?"));
    talks.push(talk("typed while the user speaks").speech(500, 1_200).text(900, "And this."));
    talks
}

fn pausing() -> Vec<Talk> {
    OVER.iter()
        .map(|(name, words)| {
            let name = format!("{name} over the reply, where the client can hold its audio");
            answered(name, words).with("session", json!({"pause": true})).speech(2_600, 500)
        })
        .collect()
}

fn reporting() -> Vec<Talk> {
    let mut talks: Vec<_> = [40, 100, 200, 500]
        .iter()
        .map(|every| {
            let name = format!("a client that tells every {every} ms what it has played is interrupted");
            answered(name, "Wait, what was that?")
                .with("client", json!({"reports_every_ms": every}))
                .with("session", json!({"pause": true}))
                .speech(2_600, 600)
        })
        .collect();
    talks.push(
        answered("a client that claims to have played what it was not sent".into(), "Stop.")
            .act(2_500, "played", json!({"turn": 1, "samples": 9_000_000}))
            .act(3_001, "interrupt", json!({})),
    );
    talks.push(
        answered("a client that plays nothing is heard by nobody".into(), "Stop.")
            .act(1_701, "played", json!({"turn": 1, "samples": 0}))
            .act(2_301, "played", json!({"turn": 1, "samples": 0}))
            .act(2_901, "interrupt", json!({})),
    );
    talks
}

fn policies() -> Vec<Talk> {
    let policy = |name: &str, words: &str, settings| {
        answered(name.into(), words).conversation(json!({"interruption": settings})).speech(2_600, 700)
    };
    vec![
        policy("two words where three are needed to interrupt", "Hold on", json!({"min_words": 3})),
        policy("three words where three are needed to interrupt", "Hold on please", json!({"min_words": 3})),
        policy("a sound interrupts where no words are needed", "", json!({"min_words": 0})),
        policy("a word of one's own that stops", "Banana", json!({"stop_words": ["banana"]})),
        policy("a back-channel of one's own", "Banana", json!({"back_channels": ["banana"]})),
        policy("long speech is needed to interrupt", "Wait, what was that?", json!({"min_speech_ms": 650})),
    ]
}
