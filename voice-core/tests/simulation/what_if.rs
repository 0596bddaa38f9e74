//! Recorded calls under other settings.

use voice_core::recording::Recording;
use voice_core::testing::simulation::Comparison;
use voice_core::testing::{Act, Latency, Scenario, When, what_if};

/// People who pause for 320 to 420 ms in the middle of what they say, recorded with a window of 500 ms.
fn recordings() -> Vec<Recording> {
    let mut scenario = Scenario::default();
    scenario.conversation.endpointing.learn_pauses = false;
    scenario.conversation.endpointing.complete_ms = 500;
    scenario.conversation.speculation.max_tries = 0;
    scenario.recogniser.last = Latency::constant(50);
    for _ in 0..4 {
        scenario = scenario
            .then(When::Answered(Latency::uniform(500, 900)), Act::say("I would like a table."))
            .then(When::After(Latency::uniform(320, 420)), Act::say("For four people."));
    }
    (0..5).map(|seed| Recording::parse(&scenario.run(seed).log).unwrap()).collect()
}

fn compare(window_ms: u64) -> Vec<Comparison> {
    let change = |recording: &Recording| {
        what_if(recording, |config| {
            config.endpointing.min_ms = window_ms;
            config.endpointing.complete_ms = window_ms;
        })
    };
    recordings().iter().map(change).collect()
}

#[test]
fn the_settings_of_the_recording_change_nothing() {
    for Comparison { before, after } in compare(500) {
        assert_eq!(before, after);
        assert_eq!((before.spoken_turns, before.cut_offs), (4, 0));
        assert_eq!(before.response_ms.len(), 4);
    }
}

#[test]
fn a_shorter_window_answers_sooner_and_cuts_people_off() {
    for Comparison { before, after } in compare(300) {
        assert_eq!((before.cut_offs, after.cut_offs), (0, 4));
        let median = |report: &voice_core::testing::Report| report.response_percentile(50).unwrap();
        assert!(median(&after) < median(&before), "{} and {}", median(&after), median(&before));
    }
}

#[test]
fn a_longer_window_answers_later() {
    for Comparison { before, after } in compare(1_000) {
        assert_eq!((after.spoken_turns, after.cut_offs), (4, 0));
        assert!(after.response_percentile(50).unwrap() > before.response_percentile(50).unwrap() + 400.0);
    }
}
