//! What the model is told again.

use crate::talk::{Talk, talk};
use serde_json::{Value, json};

pub(super) fn all() -> Vec<Talk> {
    let long = |name: &str, memory: Value| {
        let talk = talk(name)
            .foreign(&["llm"])
            .without("tts")
            .conversation(json!({"memory": memory}))
            .with("llm", json!({"first_ms": 203, "piece_ms": 21, "says": {
                "answers": [{"says": "You |said: |{user} |That |is |a |long |story, |and |I |have |listened |to |all |of |it."}],
                "summary": "The user tells stories.",
            }}));
        (0..8).fold(talk, |talk, n| talk.text(300 + n * 1_500, &format!("Story number {n} is about a traveller.")))
    };
    let broken = json!({"first_ms": 203, "piece_ms": 21, "says": {"answers": [{"says": "I |listen."}]}});
    vec![
        long("a memory for all of it", json!({})),
        long("older turns are summed up", json!({"max_tokens": 300, "older_turns": "summarise"})),
        long("older turns are dropped", json!({"max_tokens": 200, "older_turns": "drop"})),
        long("a memory of hardly anything", json!({"max_tokens": 40})),
        long("a model that cannot sum up", json!({"max_tokens": 150})).with("llm", broken),
        long("a summary that takes too long", json!({"max_tokens": 300, "summary_timeout_ms": 100})),
    ]
}
