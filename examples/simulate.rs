//! Simulates calls and writes their logs, which are recordings, into a folder; prints each call in figures, a line of JSON
//! each. The scenario comes from a file, or is one of people who pause in the middle of what they say:
//!
//! ```sh
//! cargo run -p voice-core --features testing --example simulate -- 20 recordings [scenario.json]
//! ```

use std::io::Write;
use std::path::Path;
use voice_core::testing::{Act, Latency, Scenario, When};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [calls, folder, file @ ..] = arguments.as_slice() else {
        return Err("usage: simulate CALLS FOLDER [SCENARIO.json]".into());
    };
    let scenario = match file.first() {
        Some(path) => serde_json::from_str(&std::fs::read_to_string(path)?)?,
        None => people_who_pause(),
    };
    std::fs::create_dir_all(folder)?;
    let mut output = std::io::stdout().lock();
    for seed in 0..calls.parse()? {
        let call = scenario.run(seed);
        std::fs::write(Path::new(folder).join(format!("call-{seed:04}.jsonl")), call.log)?;
        writeln!(output, "{}", serde_json::to_string(&call.report)?)?;
    }
    Ok(())
}

/// Three turns a call, one of them with a pause of up to half a second; latencies as the services publish them.
fn people_who_pause() -> Scenario {
    let answered = || When::Answered(Latency::uniform(400, 1_500));
    let mut scenario = Scenario::default()
        .then(answered(), Act::say("Good morning."))
        .then(answered(), Act::say("I would like a table."))
        .then(When::After(Latency::uniform(200, 430)), Act::say("For four people."))
        .then(answered(), Act::say("At eight, please."));
    scenario.recogniser.last = Latency::log_normal(247, 400);
    scenario.model.first_token = Latency::log_normal(98, 217);
    scenario.voice.first_byte = Latency::log_normal(188, 300);
    scenario
}
