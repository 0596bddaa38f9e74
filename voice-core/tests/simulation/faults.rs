//! Services that fail: the call goes on.

use super::lively;
use voice_core::SideEffect;
use voice_core::testing::simulation::{Fault, Faults, SimulatedTool};
use voice_core::testing::{Act, Latency, Report, Scenario, When};

fn first(fault: Fault) -> Faults {
    Faults { calls: [(0, fault)].into(), ..Faults::default() }
}

fn question() -> Scenario {
    let mut scenario = Scenario::default()
        .then(When::After(Latency::NONE), Act::say("What time is it?"))
        .then(When::Answered(Latency::constant(500)), Act::say("And in Oslo?"));
    scenario.conversation.speculation.max_tries = 0;
    scenario
}

/// Runs it; nothing may be stale, doubled, orphaned or stuck.
fn run(scenario: &Scenario) -> (Report, String) {
    let call = scenario.run(1);
    assert_eq!(call.report.problem(), None, "{}", call.log);
    (call.report, call.log)
}

#[test]
fn a_model_that_fails_stalls_or_says_nothing_is_excused_in_words() {
    for fault in [Fault::Fail, Fault::Stall, Fault::SilentEnd] {
        let mut scenario = question();
        scenario.model.answers = vec!["Noon.".into()];
        scenario.model.faults = first(fault);
        let (report, log) = run(&scenario);
        assert!(log.contains("Sorry, ") || log.contains("Noon."), "{fault:?}: {log}");
        assert!(log.contains(r#"{"failed":{"stage":"llm""#), "{fault:?}");
        assert_eq!((report.spoken_turns, report.finished), (2, 2), "{fault:?}");
    }
}

#[test]
fn a_voice_that_fails_stalls_or_says_nothing_is_read() {
    for fault in [Fault::Fail, Fault::Stall, Fault::SilentEnd] {
        let mut scenario = question();
        scenario.voice.faults = first(fault);
        let (report, _) = run(&scenario);
        assert_eq!((report.spoken_turns, report.finished + report.interrupted), (2, 2), "{fault:?}");
    }
}

#[test]
fn a_recogniser_that_fails_or_stalls_leaves_the_words_heard_so_far() {
    for fault in [Fault::Fail, Fault::Stall] {
        let mut scenario = question();
        scenario.recogniser.faults = first(fault);
        let (_, log) = run(&scenario);
        assert!(log.contains(r#"{"commit_user":{"turn":1,"text":"What time is it"}}"#), "{fault:?}: {log}");
    }
}

#[test]
fn everything_at_once_a_hundred_times_over_comes_to_rest() {
    let faults = Faults { fail_percent: 10, stall_percent: 5, silent_end_percent: 5, ..Faults::default() };
    let mut scenario = lively();
    scenario.model.faults = faults.clone();
    scenario.model.tool_percent = 30;
    scenario.voice.faults = faults.clone();
    scenario.recogniser.faults = faults.clone();
    scenario.network.reordered_percent = 20;
    scenario.network.late_percent = 30;
    scenario.conversation.standby_line = true;
    let tool = |name: &str, effect| SimulatedTool {
        name: name.into(),
        effect,
        latency: Latency::uniform(100, 3_000),
        deadline_ms: 4_000,
        faults: faults.clone(),
    };
    scenario.tools = vec![tool("look", SideEffect::None), tool("act", SideEffect::Irreversible)];
    let mut tally = Report::default();
    for seed in 0..100 {
        let report = scenario.watch(seed, &mut ());
        assert_eq!(report.problem(), None, "seed {seed}");
        tally.interrupted += report.interrupted;
        tally.finished += report.finished;
        tally.discarded += report.discarded;
    }
    assert!(tally.interrupted > 100 && tally.finished > 100 && tally.discarded > 100, "{tally:?}");
}
