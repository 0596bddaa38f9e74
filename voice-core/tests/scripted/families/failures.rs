//! A service fails, stands still or is replaced by another.

use crate::talk::{Talk, talk};
use serde_json::{Value, json};

pub(super) fn all() -> Vec<Talk> {
    [models(), voices(), standing_still(), silent(), replaced()].concat()
}

const KINDS: [&str; 9] = [
    "auth",
    "invalid_config",
    "invalid_input",
    "rate_limited",
    "unavailable",
    "timeout",
    "protocol",
    "unsupported",
    "internal",
];

fn failure(kind: &str) -> Value {
    json!({"kind": kind, "message": format!("made up: {kind}")})
}

fn models() -> Vec<Talk> {
    let mut talks = Vec::new();
    for kind in KINDS {
        let talk = talk(format!("the model fails before it has said anything: {kind}")).foreign(&["llm"]);
        talks.push(talk.answers(json!([{"fails": failure(kind)}])).text(300, "Hello."));
    }
    for kind in ["unavailable", "protocol"] {
        let says = "This |is |a |sentence. |And |this |is";
        let talk = talk(format!("the model fails in its second sentence: {kind}")).foreign(&["llm", "tts"]);
        talks.push(talk.answers(json!([{"says": says, "fails": failure(kind)}])).text(300, "Hello."));
    }
    let answers = json!([{"to": "first", "fails": failure("unavailable")}, {"says": "I |am |here."}]);
    let again = talk("a model that has failed answers the next question").foreign(&["llm", "tts"]).answers(answers);
    talks.push(again.text(300, "The first.").text(6_000, "The next."));
    talks.push(talk("a model that says nothing").foreign(&["llm"]).answers(json!([])).text(300, "Hello."));
    talks
}

fn voices() -> Vec<Talk> {
    let mut talks = Vec::new();
    for sentence in 0..3 {
        for line in [None, Some(700)] {
            let with = if line.is_some() { "with" } else { "without" };
            let name = format!("the voice fails in sentence {sentence}, {with} a line to play instead");
            let fails = json!({"sentence": sentence, "turn": 1, "error": failure("unavailable")});
            let mut talk = talk(name).foreign(&["llm", "tts"]).voice(json!({"fails": fails}));
            if let Some(ms) = line {
                talk = talk.with("standby_line_ms", json!(ms));
            }
            talks.push(talk.text(300, "Hello.").text(7_000, "And now?"));
        }
    }
    talks
}

fn standing_still() -> Vec<Talk> {
    let silent = json!([{"stands_still": true}]);
    let stuck = json!([{"says": "Let |me |see. |Well, |", "stands_still": true}]);
    let impatient = json!({"llm_timeout_ms": 2_000, "tts_timeout_ms": 1_500});
    vec![
        talk("the model gives no sign of life")
            .foreign(&["llm"])
            .conversation(impatient.clone())
            .answers(silent)
            .text(300, "Hello."),
        talk("the model stands still in its answer")
            .foreign(&["llm", "tts"])
            .conversation(impatient.clone())
            .answers(stuck)
            .text(300, "Hello."),
        talk("the voice gives no audio")
            .foreign(&["llm", "tts"])
            .conversation(impatient.clone())
            .voice(json!({"stands_still_at": 0}))
            .text(300, "Hello."),
        talk("the voice stands still at its second sentence")
            .foreign(&["llm", "tts"])
            .conversation(impatient)
            .voice(json!({"stands_still_at": 1}))
            .text(300, "Hello."),
    ]
}

fn silent() -> Vec<Talk> {
    vec![
        talk("an agent that does not apologise")
            .conversation(json!({"apology": null, "broken_off": null}))
            .answers(json!([{"fails": failure("unavailable")}]))
            .text(300, "Hello."),
        talk("an agent without a model").without("llm").text(300, "Hello."),
        talk("an agent without a voice answers in text").foreign(&["llm"]).without("tts").text(300, "Hello."),
        talk("an agent without a voice is talked to").without("tts").speech(500, 700),
    ]
}

fn replaced() -> Vec<Talk> {
    let instead = json!({"provider": "another", "fails": failure("unavailable")});
    vec![
        talk("another model had failed before")
            .foreign(&["llm", "tts"])
            .also("llm", json!({"instead_of": instead}))
            .text(300, "Hello."),
        talk("another voice had failed before")
            .foreign(&["llm", "tts"])
            .also("tts", json!({"instead_of": instead}))
            .text(300, "Hello."),
        talk("another model and another voice had failed before")
            .foreign(&["llm", "tts"])
            .also("llm", json!({"instead_of": instead}))
            .also("tts", json!({"instead_of": instead}))
            .speech(500, 700),
    ]
}
