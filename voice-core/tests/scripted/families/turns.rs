//! A turn: when it begins, when it ends, what is heard in it.

use crate::talk::{Talk, talk};
use serde_json::json;

pub(super) fn all() -> Vec<Talk> {
    [lengths(), pauses(), words(), hearing(), rates(), microphone()].concat()
}

fn lengths() -> Vec<Talk> {
    let lengths = [40, 80, 200, 400, 800, 1_600, 2_400];
    lengths.map(|ms| talk(format!("the user speaks for {ms} ms")).speech(500, ms)).to_vec()
}

fn pauses() -> Vec<Talk> {
    let mut talks = Vec::new();
    for silence in [300, 500, 800, 1_200] {
        for pause in [160, 320, 460, 700, 1_000] {
            let talk = talk(format!("a pause of {pause} ms where {silence} ms of silence end a turn"))
                .foreign(&["llm", "tts"])
                .with("agent", json!({"endpointing_ms": silence}))
                .turns(json!([{"finals": ["Good morning.", "Good morning. Is anybody there?"]}, {"finals": ["Is anybody there?"]}]));
            talks.push(talk.speech(500, 600).speech(1_100 + pause, 600));
        }
    }
    talks
}

fn words() -> Vec<Talk> {
    let sounding = [
        ("a finished sentence", "I would like a table for two."),
        ("an answer by itself", "Yes"),
        ("words that lead on", "I would like a table and"),
        ("the first digits of a number", "My number is 0 7 9"),
        ("words without punctuation", "I would like a table for two"),
    ];
    let by_words = sounding.map(|(name, words)| talk(format!("a turn ends: {name}")).hears(&[words]).speech(500, 900));
    let estimates = [0.05, 0.3, 0.6, 0.99].map(|estimate| {
        talk(format!("a detector is {:.0} % sure that the turn is over", estimate * 100.0))
            .turns(json!([{"finals": ["I would like a table"], "estimate": estimate}]))
            .speech(500, 900)
    });
    [&by_words[..], &estimates[..]].concat()
}

fn hearing() -> Vec<Talk> {
    let partials = json!([{"after_ms": 400, "text": "Good"}, {"after_ms": 700, "text": "Good morning"}]);
    let fails = json!({"kind": "unavailable", "message": "no connection"});
    vec![
        talk("partial transcripts are told as they change")
            .turns(json!([{"partials": partials, "finals": ["Good morning."]}]))
            .speech(500, 900),
        talk("nothing was said after all").hears(&[""]).speech(500, 700),
        talk("something was said that could not be made out")
            .turns(json!([{"unclear": true}, {"finals": ["Good morning."]}]))
            .speech(500, 700)
            .speech(5_000, 700),
        talk("an agent that stays silent about what it could not make out")
            .conversation(json!({"unclear_reply": null}))
            .turns(json!([{"unclear": true}]))
            .speech(500, 700),
        talk("a recogniser that fails in a turn serves the next")
            .turns(json!([{"fails": fails}, {"finals": ["Once more."]}]))
            .speech(500, 700)
            .speech(6_000, 700),
        talk("a recogniser that never answers, with words so far")
            .turns(json!([{"partials": partials, "stands_still": true}]))
            .speech(500, 900)
            .until(14_000),
        talk("a recogniser that never answers, without a word")
            .turns(json!([{"stands_still": true}]))
            .speech(500, 900)
            .until(14_000),
        talk("an agent without a recogniser does not listen").without("stt").speech(500, 900).text(3_000, "Hello?"),
    ]
}

fn rates() -> Vec<Talk> {
    let mut talks = Vec::new();
    for rate in [8_000, 24_000, 48_000] {
        talks.push(
            talk(format!("a microphone at {rate} Hz")).with("session", json!({"input_rate": rate})).speech(500, 700),
        );
        let heard = talk(format!("a loudspeaker at {rate} Hz")).foreign(&["llm", "tts"]);
        talks.push(heard.with("session", json!({"output_rate": rate})).speech(500, 700).speech(3_000, 700));
        let voice = talk(format!("a voice at {rate} Hz")).foreign(&["llm", "tts"]).voice(json!({"sample_rate": rate}));
        talks.push(voice.speech(500, 700));
    }
    talks
}

fn microphone() -> Vec<Talk> {
    vec![
        talk("a microphone that stops in the middle of a word still ends the turn").speech(500, 2_000).act(
            1_000,
            "mute",
            json!({"for_ms": 3_000}),
        ),
        talk("a microphone that was off does not hear").act(400, "mute", json!({"for_ms": 1_500})).speech(500, 700),
        talk("audio ahead of real time is kept and told of").act(500, "rush", json!({"for_ms": 3_000})),
        talk("speech that the detector is hardly sure of").act(
            500,
            "speech",
            json!({"for_ms": 800, "probability": 0.51}),
        ),
        talk("sound that the detector does not take for speech").act(
            500,
            "speech",
            json!({"for_ms": 800, "probability": 0.4}),
        ),
        talk("a long reply whose voice is slower than the model")
            .foreign(&["llm", "tts"])
            .answers(
                json!([{"says": (1..=10).map(|n| format!("This |is |sentence |number |{n}. |")).collect::<String>()}]),
            )
            .speech(500, 700)
            .until(20_000),
        talk("two turns one after the other").foreign(&["llm", "tts"]).speech(500, 700).speech(7_000, 700),
    ]
}
