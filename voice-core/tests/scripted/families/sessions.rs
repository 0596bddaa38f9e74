//! A session: its beginning, its end, a client that goes away, messages without sense.

use crate::talk::{Talk, talk};
use serde_json::json;

pub(super) fn all() -> Vec<Talk> {
    [goings(), messages()].concat()
}

fn goings() -> Vec<Talk> {
    vec![
        talk("nobody says anything").until(3_000),
        talk("goodbye at once").act(1, "end", json!({})),
        talk("goodbye in the middle of a reply").foreign(&["llm", "tts"]).text(300, "Hello.").act(
            1_800,
            "end",
            json!({}),
        ),
        talk("goodbye while the model thinks").foreign(&["llm", "tts"]).text(300, "Hello.").act(400, "end", json!({})),
        talk("goodbye while the user speaks").speech(500, 2_000).act(1_000, "end", json!({})),
        talk("a client goes away in the middle of a reply and comes back")
            .foreign(&["llm", "tts"])
            .text(300, "Hello.")
            .act(1_800, "detach", json!({}))
            .act(4_000, "attach", json!({}))
            .text(4_500, "I am back."),
        talk("a client goes away while the user speaks and comes back")
            .speech(500, 2_000)
            .act(1_200, "detach", json!({}))
            .act(4_000, "attach", json!({})),
        talk("a client goes away and does not come back")
            .conversation(json!({"detached_ms": 3_000}))
            .text(300, "Hello.")
            .act(1_800, "detach", json!({})),
        talk("an echo that nobody takes out").with("session", json!({"echo_cancellation": true})).text(300, "Hello."),
        talk("a session of a name of its own").with("session", json!({"id": "lunch"})).text(300, "Hello."),
    ]
}

fn messages() -> Vec<Talk> {
    let sends =
        |name: &str, message: &str| talk(name).act(300, "sends", json!({"message": message})).text(600, "Never mind.");
    vec![
        sends("a message that is no JSON", "{nonsense"),
        sends("a message that is no object", "[1]"),
        sends("a message of an unknown type", r#"{"type":"dance"}"#),
        sends("a message without a type", "{}"),
        sends("a blank question", r#"{"type":"text","text":"  "}"#),
        sends("a start that comes late", r#"{"type":"start"}"#),
        sends("a report of a turn that is none", r#"{"type":"played","turn":-1,"samples":0}"#),
        sends("a report of a turn that never was", r#"{"type":"played","turn":77,"samples":100}"#),
        talk("a message of half a sample").act(300, "sends_bytes", json!({"bytes": 641})).text(600, "Never mind."),
        talk("a message of no samples").act(300, "sends_bytes", json!({"bytes": 0})).text(600, "Never mind."),
    ]
}
