//! Frames that make no sense: the code, and the words that tell what is wrong.

use super::refused;
use voice_core::protocol::ServerCodec;

/// What the server says to each of these as the first frame.
#[track_caller]
fn check(table: &[(&str, &str, &str)]) {
    for (json, code, message) in table {
        let rejection = ServerCodec::new().on_text(json).expect_err(json);
        assert_eq!(refused(rejection), (code.to_string(), message.to_string()), "{json}");
    }
}

#[test]
fn bad_json() {
    check(&[
        ("", "bad_json", "not JSON: error in line 1, column 0"),
        ("{", "bad_json", "not JSON: error in line 1, column 1"),
        (r#"{"type":"end"} x"#, "bad_json", "not JSON: error in line 1, column 16"),
        ("[]", "bad_json", "a frame is a JSON object, not an array"),
        ("7", "bad_json", "a frame is a JSON object, not 7"),
        ("null", "bad_json", "a frame is a JSON object, not null"),
        ("\"end\"", "bad_json", "a frame is a JSON object, not a string"),
    ]);
    let half_a_character = ServerCodec::new().on_text(r#"{"type":"text","text":"\ud800"}"#).unwrap_err();
    assert_eq!(refused(half_a_character).0, "bad_json");
    let deep = ServerCodec::new().on_text(&"[".repeat(60_000)).unwrap_err();
    assert_eq!(refused(deep).0, "bad_json");
}

#[test]
fn unknown_type() {
    let choice = "a client sends start, played, text, interrupt or end";
    check(&[
        (r#"{"type":"ready"}"#, "unknown_type", &format!("there is no frame of type `ready`; {choice}")),
        (r#"{"type":"Start"}"#, "unknown_type", &format!("there is no frame of type `Start`; {choice}")),
        (r#"{"type":"a\nb"}"#, "unknown_type", &format!("there is no frame of type `a\\nb`; {choice}")),
    ]);
}

#[test]
fn bad_type() {
    check(&[
        ("{}", "bad_value", "`type` is missing"),
        (r#"{"type":null}"#, "bad_value", "`type` is missing"),
        (r#"{"type":7}"#, "bad_value", "`type` must be a string, not 7"),
    ]);
}

#[test]
fn bad_values_of_start() {
    let rates = "8000, 16000, 24000 or 48000";
    check(&[
        (r#"{"type":"start","input_rate":44100}"#, "bad_value", &format!("`input_rate` must be {rates}, not 44100")),
        (r#"{"type":"start","input_rate":-16000}"#, "bad_value", &format!("`input_rate` must be {rates}, not -16000")),
        (
            r#"{"type":"start","output_rate":"16000"}"#,
            "bad_value",
            &format!("`output_rate` must be {rates}, not a string"),
        ),
        (
            r#"{"type":"start","output_rate":16000.5}"#,
            "bad_value",
            &format!("`output_rate` must be {rates}, not 16000.5"),
        ),
        (r#"{"type":"start","pause":1}"#, "bad_value", "`pause` must be true or false, not 1"),
        (
            r#"{"type":"start","echo_cancellation":"yes"}"#,
            "bad_value",
            "`echo_cancellation` must be true or false, not a string",
        ),
        (r#"{"type":"start","instructions":["a"]}"#, "bad_value", "`instructions` must be a string, not an array"),
        (r#"{"type":"start","context":{}}"#, "bad_value", "`context` must be a string, not an object"),
        (r#"{"type":"start","resume":true}"#, "bad_value", "`resume` must be a string, not true"),
    ]);
}

#[test]
fn bad_values_of_played() {
    let turns = "`turn` must be a whole number from 0 to 4294967295";
    let samples = "`samples` must be a whole number from 0 to 9007199254740991";
    check(&[
        (r#"{"type":"played","samples":1}"#, "bad_value", "`turn` is missing"),
        (r#"{"type":"played","turn":1}"#, "bad_value", "`samples` is missing"),
        (r#"{"type":"played","turn":-1,"samples":1}"#, "bad_value", &format!("{turns}, not -1")),
        (r#"{"type":"played","turn":4294967296,"samples":1}"#, "bad_value", &format!("{turns}, not 4294967296")),
        (r#"{"type":"played","turn":1,"samples":-5}"#, "bad_value", &format!("{samples}, not -5")),
        (r#"{"type":"played","turn":1,"samples":0.5}"#, "bad_value", &format!("{samples}, not 0.5")),
        (r#"{"type":"played","turn":1,"samples":1e300}"#, "bad_value", &format!("{samples}, not 1e+300")),
        (r#"{"type":"played","turn":1,"samples":"5"}"#, "bad_value", &format!("{samples}, not a string")),
    ]);
}

#[test]
fn bad_values_of_text() {
    check(&[
        (r#"{"type":"text"}"#, "bad_value", "`text` is missing"),
        (r#"{"type":"text","text":null}"#, "bad_value", "`text` is missing"),
        (r#"{"type":"text","text":5}"#, "bad_value", "`text` must be a string, not 5"),
        (r#"{"type":"text","text":" \n"}"#, "bad_value", "`text` must not be blank"),
    ]);
}

#[test]
fn what_a_client_wrote_is_not_repeated() {
    let rejection = ServerCodec::new().on_text(r#"{"type":"start","pause":"secret words"}"#).unwrap_err();
    assert!(!rejection.to_string().contains("secret"));
    let long_type = format!(r#"{{"type":"{}"}}"#, "x".repeat(10_000));
    assert!(ServerCodec::new().on_text(&long_type).unwrap_err().to_string().len() < 200);
}
