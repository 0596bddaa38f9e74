//! What the program has the agent say, and what it lets it know.

use crate::talk::{Talk, talk};
use serde_json::json;

pub(super) fn all() -> Vec<Talk> {
    [greetings(), speeches(), contexts()].concat()
}

fn greetings() -> Vec<Talk> {
    let greeted = |name: &str| {
        talk(name)
            .foreign(&["llm", "tts"])
            .with("agent", json!({"greeting": "Welcome to the museum. How can I help you?"}))
    };
    vec![
        greeted("a greeting"),
        greeted("a greeting that the user talks over").hears(&["Where is the exit?"]).speech(800, 700),
        greeted("a greeting that the user talks over is protected where it is to be")
            .with(
                "agent",
                json!({"greeting": "Welcome.", "conversation": {"interruption": {"protect_greeting": true}}}),
            )
            .hears(&["Where is the exit?"])
            .speech(300, 700),
        greeted("a greeting and a typed question").text(500, "Where is the exit?"),
        greeted("a greeting without a voice").without("tts"),
    ]
}

fn speeches() -> Vec<Talk> {
    let say = |talk: Talk, at, text: &str| talk.act(at, "say", json!({"text": text}));
    let announce = |talk: Talk, at, text: &str| talk.act(at, "announce", json!({"text": text}));
    let closing = "We close in ten minutes. Please go to the exit.";
    let twelve = (0..12).fold(talk("more speeches than may wait"), |talk, n| say(talk, 300, &format!("Number {n}.")));
    vec![
        say(talk("the program has something said").foreign(&["tts"]), 300, "Your taxi is here."),
        say(
            talk("a speech waits for the floor").foreign(&["llm", "tts"]).text(200, "Hello."),
            900,
            "Your taxi is here.",
        ),
        say(
            talk("a speech waits while the user speaks").foreign(&["llm", "tts"]).speech(500, 1_000),
            700,
            "Your taxi is here.",
        ),
        say(talk("a speech is talked over").hears(&["Thank you very much."]), 300, closing).speech(900, 600),
        announce(talk("an announcement is talked over and goes on").hears(&["Thank you very much."]), 300, closing)
            .speech(900, 600),
        announce(talk("an announcement stops at a stop word").hears(&["Stop."]), 300, closing).speech(900, 600),
        announce(talk("an announcement and a typed question"), 300, closing).text(1_200, "When?"),
        say(say(talk("two speeches in order").foreign(&["tts"]), 300, "One."), 310, "Two."),
        twelve.until(16_000),
    ]
}

fn contexts() -> Vec<Talk> {
    let knowing = |name: &str| {
        talk(name)
            .foreign(&["llm", "tts"])
            .with("agent", json!({"instructions": "Be brief.", "context": "The shop is open."}))
            .answers(json!([{"says": "Told: |{instructions} |Known: |{context} |Asked: |{user}"}]))
    };
    let context = |talk: Talk, at, more| talk.act(at, "context", more);
    vec![
        knowing("what the agent is told and knows from the start").text(300, "Well?"),
        context(knowing("a new context is in the next prompt"), 200, json!({"context": "It has closed."}))
            .text(300, "Well?"),
        context(
            knowing("a context that changes during an answer counts for the next"),
            500,
            json!({"context": "It has closed."}),
        )
        .text(300, "Well?")
        .text(5_000, "And now?"),
        context(knowing("a context is cleared"), 200, json!({"context": null})).text(300, "Well?"),
        context(knowing("instructions are cleared and the context stays"), 200, json!({"instructions": null}))
            .text(300, "Well?"),
        knowing("a session with a context of its own")
            .with("session", json!({"context": "You talk to Ada.", "instructions": "Be kind."}))
            .text(300, "Well?"),
    ]
}
