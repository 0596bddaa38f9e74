//! Answers prepared before the turn has ended.

use crate::talk::{Talk, talk};
use serde_json::{Value, json};

pub(super) fn all() -> Vec<Talk> {
    let speaking =
        |name: &str, turn: Value| talk(name).foreign(&["llm", "tts"]).turns(json!([turn])).speech(500, 1_000);
    let words = "Where is the museum?";
    let partials = json!([{"after_ms": 800, "text": words}]);
    let turn = json!({"partials": partials, "finals": [words]});
    let sure = json!({"partials": partials, "finals": [words], "estimate": 0.97});
    let more = json!({"partials": partials, "finals": [words, "Where is the museum? The old one."]});
    vec![
        speaking("an answer is ready when the turn ends", turn.clone()),
        speaking("a detector that is sure lets an answer be prepared", sure.clone()),
        speaking("no answer is prepared where none is wanted", sure.clone())
            .conversation(json!({"speculation": {"max_tries": 0}})),
        speaking("an answer that the user goes on after is discarded", more.clone()).speech(1_720, 700),
        speaking("an answer that the user goes on after twice is discarded twice", more.clone())
            .speech(1_720, 500)
            .speech(2_440, 500),
        speaking("only one answer may be prepared in vain", more)
            .conversation(json!({"speculation": {"max_tries": 1}}))
            .speech(1_720, 500)
            .speech(2_440, 500),
        speaking("a typed question takes the place of a prepared answer", turn.clone()).text(1_750, "And the exit?"),
        speaking("the context changes under a prepared answer", turn).act(
            1_740,
            "context",
            json!({"context": "It is closed."}),
        ),
        speaking("a prepared answer and a model that fails", sure)
            .answers(json!([{"fails": {"kind": "unavailable", "message": "no connection"}}])),
    ]
}
