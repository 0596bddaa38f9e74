//! Interruptions at random phases of a reply, in simulated calls with the real playout: facts come reordered and late,
//! services fail, and every byte is counted at the client.

use crate::calls::{MOST_CALLS, MOST_ROUNDS};
use crate::checker::{Checker, FILLER, Verdict};
use std::sync::atomic::{AtomicU64, Ordering};
use voice_core::conversation::{Command, Conversation, Input};
use voice_core::testing::simulation::{Faults, Observer, SimulatedTool};
use voice_core::testing::{Act, Latency, Random, Report, Scenario, When};
use voice_core::{SessionTime, SideEffect};

/// Interruptions of an ordinary run. `INTERRUPTIONS` in the environment asks for another number, `CALL` for the call of
/// one seed.
const INTERRUPTIONS: u64 = 50_000;
/// Steps of a call, most of which interrupt.
const STEPS: u64 = 16;

/// Checks everything, and remembers the first complaint.
struct Checked {
    checker: Checker,
    verdict: Verdict,
}

impl Checked {
    fn note(&mut self, check: impl FnOnce(&mut Checker) -> Verdict) {
        if self.verdict.is_ok() {
            self.verdict = check(&mut self.checker);
        }
    }
}

impl Observer for Checked {
    fn told(&mut self, now: SessionTime, input: &Input) {
        self.checker.told(now, input);
    }

    fn given(&mut self, _: SessionTime, command: &Command) {
        self.note(|checker| checker.given(command));
    }

    fn settled(&mut self, now: SessionTime, conversation: &Conversation, timed_out: bool) {
        self.note(|checker| checker.rests(conversation, now, timed_out));
    }
}

/// A call in which the user interrupts at every phase: while the agent thinks, uses tools, begins to sound, sounds, and in
/// the middle of being interrupted.
fn call(seed: u64) -> Scenario {
    let mut random = Random::new(seed);
    let mut scenario = Scenario::default();
    scenario.conversation.interruption.min_speech_ms = random.within(0..400);
    scenario.conversation.interruption.min_words = random.within(0..2) as u32;
    scenario.conversation.standby_line = random.percent(50);
    scenario.conversation.tools.max_rounds = MOST_ROUNDS;
    scenario.conversation.tools.max_calls = MOST_CALLS;
    scenario.conversation.tools.filler = Some(FILLER.into());
    scenario.conversation.tools.filler_ms = random.within(200..2_000);
    scenario.conversation.speculation.max_tries = random.within(0..4) as u32;
    scenario.listener.rate = 8_000;
    scenario.listener.can_pause = random.percent(50);
    scenario.listener.report_ms = if random.percent(50) { 0 } else { 100 };
    scenario.listener.report_delay = Latency::uniform(0, 250);
    scenario.network.jitter = Latency::uniform(0, random.within(1..120) as u32);
    scenario.network.reordered_percent = random.within(0..30) as u8;
    scenario.network.late_percent = random.within(0..40) as u8;
    let faults = Faults { fail_percent: 3, stall_percent: 1, silent_end_percent: 2, ..Faults::default() };
    scenario.recogniser.last = Latency::log_normal(247, 500);
    scenario.recogniser.faults = faults.clone();
    scenario.model.first_token = Latency::log_normal(98, 217);
    scenario.model.tool_percent = 25;
    scenario.model.faults = faults.clone();
    scenario.voice.first_byte = Latency::log_normal(188, 400);
    scenario.voice.faults = faults.clone();
    let tool = |name: &str, effect, deadline_ms| SimulatedTool {
        name: name.into(),
        effect,
        latency: Latency::uniform(0, 1_500),
        deadline_ms,
        faults: faults.clone(),
    };
    scenario.tools = vec![
        tool("look", SideEffect::None, 4_000),
        tool("act", SideEffect::Irreversible, 6_000),
        tool("peek", SideEffect::Pure, 4_000),
    ];
    scenario = scenario.then(When::After(Latency::constant(100)), Act::say("Tell me something."));
    for _ in 0..STEPS {
        let act = match random.within(0..10) {
            0..=5 => Act::say("No, something else, please."),
            6 => Act::say("mhm"),
            7 => Act::Noise(random.within(30..400) as u32),
            8 => Act::Type("Stop it.".into()),
            _ => Act::Interrupt,
        };
        let when = match random.within(0..10) {
            0..=6 => When::Asked(Latency::uniform(0, 1_500)),
            7 | 8 => When::Sounding(Latency::uniform(0, 3_000)),
            _ => When::After(Latency::uniform(0, 400)),
        };
        // Whoever has only made a noise or pressed a button asks something, or nothing is there to be interrupted.
        let asks = matches!(act, Act::Noise(_) | Act::Interrupt);
        scenario = scenario.then(when, act);
        if asks {
            scenario = scenario.then(When::After(Latency::uniform(0, 900)), Act::say("Go on."));
        }
    }
    scenario
}

fn live(seed: u64) -> Result<Report, String> {
    let scenario = call(seed);
    let mut checked = Checked { checker: Checker::new(&scenario.conversation), verdict: Ok(()) };
    let report = scenario.watch(seed, &mut checked);
    checked.verdict?;
    checked.checker.ends()?;
    report.problem().map_or(Ok(report), Err)
}

#[test]
fn no_interruption_leaves_stale_audio_a_second_reply_or_a_stuck_call() {
    let setting = |name| std::env::var(name).ok().and_then(|value: String| value.parse::<u64>().ok());
    if let Some(seed) = setting("CALL") {
        live(seed).unwrap_or_else(|problem| panic!("CALL={seed}: {problem}\n{}", call(seed).run(seed).log));
        return;
    }
    let wanted = setting("INTERRUPTIONS").unwrap_or(INTERRUPTIONS);
    let (seeds, interruptions) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        let mut sum = Report::default();
        while interruptions.load(Ordering::Relaxed) < wanted {
            let seed = seeds.fetch_add(1, Ordering::Relaxed);
            let report = live(seed).unwrap_or_else(|problem| panic!("CALL={seed}: {problem}"));
            interruptions.fetch_add(report.interruptions, Ordering::Relaxed);
            sum.bytes += report.bytes;
            sum.interrupted += report.interrupted;
            sum.finished += report.finished;
            sum.discarded += report.discarded;
        }
        sum
    };
    let sums = std::thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        workers.map(|worker| worker.join().expect("see above"))
    });
    let total = |of: fn(&Report) -> u64| sums.iter().map(of).sum::<u64>();
    assert!(total(|sum| u64::from(sum.interrupted)) > wanted / 3, "too few replies are stopped");
    assert!(total(|sum| u64::from(sum.finished)) > wanted / 20, "too few replies are heard to the end");
    assert!(total(|sum| u64::from(sum.discarded)) > wanted / 20, "too few answers are prepared and discarded");
    assert!(total(|sum| sum.bytes) > wanted * 1_000, "too little is heard");
}
