//! Calls in simulated time, recordings of sessions, and what is made of both.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod faults;
mod recordings;
mod what_if;

use voice_core::testing::{Act, Latency, Scenario, When};

/// A call with questions, a back-channel, an interruption at a random phase and a number with pauses.
fn lively() -> Scenario {
    let after = |ms| When::After(Latency::constant(ms));
    let mut scenario = Scenario::default()
        .then(after(500), Act::say("What is the weather like?"))
        .then(When::Sounding(Latency::uniform(200, 2_000)), Act::say("mhm"))
        .then(When::Answered(Latency::uniform(200, 1_500)), Act::say("Tell me more about it."))
        .then(When::Asked(Latency::uniform(0, 3_000)), Act::say("No, about the other thing."))
        .then(When::Answered(Latency::constant(900)), Act::say("My number is five five five"))
        .then(When::After(Latency::uniform(500, 1_200)), Act::say("one two three four."))
        .then(When::Answered(Latency::constant(400)), Act::Type("Thanks.".into()))
        .then(When::Sounding(Latency::uniform(0, 1_000)), Act::Interrupt);
    scenario.recogniser.last = Latency::log_normal(247, 400);
    scenario.model.first_token = Latency::log_normal(98, 217);
    scenario.voice.first_byte = Latency::log_normal(188, 300);
    scenario.network.jitter = Latency::uniform(0, 30);
    scenario
}

#[test]
fn the_same_seed_gives_the_same_call_byte_for_byte() {
    let scenario = lively();
    let first = scenario.run(11);
    assert_eq!(first.report.problem(), None);
    assert_eq!(first, scenario.run(11));
    assert_ne!(first.log, scenario.run(12).log);
}

#[test]
fn a_scenario_can_come_as_json_and_a_report_goes_as_json() {
    let json = serde_json::to_string(&lively()).unwrap();
    let scenario: Scenario = serde_json::from_str(&json).unwrap();
    assert_eq!(scenario, lively());
    let short = r#"{"model":{"first_token":{"log_normal":{"median_ms":98,"p95_ms":217}},"faults":{"calls":{"0":"stall"}}},
                    "script":[{"when":{"after":{"constant":100}},"act":{"say":"Hello there."}}]}"#;
    let call = serde_json::from_str::<Scenario>(short).unwrap().run(1);
    assert_eq!(serde_json::to_value(&call.report).unwrap()["spoken_turns"], 1);
    let wrong = serde_json::from_str::<Scenario>(r#"{"modle":{}}"#).unwrap_err();
    assert!(wrong.to_string().contains("modle"), "{wrong}");
}

#[test]
fn response_times_are_those_of_the_services() {
    let mut scenario = Scenario::default();
    scenario.conversation.speculation.max_tries = 0;
    scenario.conversation.endpointing.complete_ms = 500;
    scenario.recogniser.last = Latency::constant(250);
    scenario.model.first_token = Latency::constant(100);
    scenario.model.token = Latency::NONE;
    scenario.voice.first_byte = Latency::constant(150);
    let scenario = scenario.then(When::After(Latency::NONE), Act::say("What time is it?"));
    // The window of 500 ms, then the model and the voice; the final transcript came within the window.
    assert_eq!(scenario.run(1).report.response_ms, [750.0]);
}

#[test]
fn a_long_call_goes_on_until_its_time_has_passed() {
    let report = Scenario { length_ms: 600_000, ..lively() }.run(3).report;
    assert_eq!(report.problem(), None);
    assert!((600_000.0..700_000.0).contains(&report.length_ms), "{}", report.length_ms);
    assert!(report.spoken_turns > 60 && report.interrupted > 20 && report.finished > 40, "{report:?}");
}
