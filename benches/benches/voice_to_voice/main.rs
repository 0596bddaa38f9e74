//! Voice to voice: the last sample of the user's last word → the first byte of the answer's audio at the client, with
//! answers prepared before the turn has ended. Over real sockets to scripted services, and simulated.
//!
//! `cargo bench --bench voice_to_voice` runs all; `-- simulated` only what needs no time, `-- words` also tells each
//! utterance.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    unreachable_pub,
    missing_docs
)]

mod book;
mod client;
mod ear;
mod mark;
mod sentences;
mod simulated;
mod sockets;
mod turns;
mod utterances;

/// The scripted servers of the providers' tests.
#[path = "../../../voice-providers/tests/support"]
mod support {
    pub mod http_server;
    pub mod service;
}

use ear::Partials;
use simulated::{Services, Takes};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use turns::{Figures, Run};
use utterances::Utterance;
use voice_benches::held;
use voice_core::agent::AgentConfig;
use voice_core::text::spoken_form;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Sessions at once.
const SESSIONS: usize = 8;

/// What a service takes: the end of speech → the final transcript, the request → the first token, the first text → the
/// first byte of speech.
#[derive(Debug, Clone, Copy)]
struct Latencies {
    stt: Duration,
    llm: Duration,
    tts: Duration,
}

/// What the prototype's services took.
const PROTOTYPE: Latencies =
    Latencies { stt: Duration::from_millis(350), llm: Duration::from_millis(200), tts: Duration::from_millis(300) };

/// Published: Deepgram nova-3's final transcript, Groq's first token, Cartesia's first byte.
const PUBLISHED: Services = Services {
    partials: Partials::Quick,
    stt: Duration::from_millis(247),
    llm: Takes { p50: 98.0, p95: 217.0 },
    tts: Takes::always(188.0),
};

/// The utterances of a session.
fn share(all: usize, session: usize) -> Vec<usize> {
    (session..all).step_by(SESSIONS).collect()
}

fn prototype(partials: Partials) -> Services {
    let [llm, tts] = [PROTOTYPE.llm, PROTOTYPE.tts].map(|takes| Takes::always(takes.as_secs_f64() * 1e3));
    Services { partials, stt: PROTOTYPE.stt, llm, tts }
}

/// Prints a row of the table; true when nothing is wrong that may never be.
fn told(name: &str, run: &Run, set: &[Utterance], each: bool) -> (Figures, bool) {
    let figures = Figures::of(run, set);
    println!(
        "{name}: p50 {:.0} ms, p95 {:.0} ms of {}; {} turns, {:.0} % prepared, {} calls, {:.0} % extra, {} cut off",
        figures.percentile(50),
        figures.percentile(95),
        figures.times.len(),
        figures.turns,
        figures.prepared_share(),
        figures.calls,
        figures.extra_calls(),
        figures.cut_off.len(),
    );
    let [early, middle, late] = [5, 50, 95].map(|percent| at(figures.tails.clone(), percent));
    println!("  the VAD finds the end of speech p5 {early:.0}, p50 {middle:.0}, p95 {late:.0} ms after the last word");
    let steps: [f64; 5] = std::array::from_fn(|step| at(figures.steps.iter().map(|steps| steps[step]).collect(), 50));
    println!("  p50 of the steps, last word → request → token → text → speech → client: {steps:.1?} ms");
    if each {
        tell_each(&figures, run, set);
    }
    for wrong in &figures.wrong {
        println!("  WRONG: {wrong}");
    }
    for number in &figures.unanswered {
        println!("  UNANSWERED: {}", words(&set[*number]));
    }
    let sound = figures.wrong.is_empty() && figures.unanswered.is_empty();
    (figures, sound)
}

fn at(mut figures: Vec<f64>, percent: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get((figures.len() * percent / 100).min(figures.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn words(utterance: &Utterance) -> String {
    utterance.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn tell_each(figures: &Figures, run: &Run, set: &[Utterance]) {
    let mut times = figures.times.clone();
    times.sort_by_key(|(_, time)| *time);
    for (number, time) in times {
        let cut = figures.cut_off.iter().filter(|cut| **cut == number).count();
        let whole = spoken_form(&words(&set[number]));
        let asked: Vec<_> = run.calls.values().map(|call| spoken_form(&call.words)).collect();
        let tried: Vec<_> = asked.iter().filter(|asked| !asked.is_empty() && whole.contains(asked.as_str())).collect();
        println!("  {:>5} ms, {cut} cut off, {:?}: {tried:?}", time.as_millis(), words(&set[number]));
    }
}

fn simulations(set: &Arc<[Utterance]>, each: bool) -> Result<bool, Failure> {
    let config = AgentConfig::default();
    let mut plain = config.clone();
    plain.conversation.speculation.max_tries = 0;
    let mut met = true;
    for (name, services, config) in [
        ("simulated, prototype", prototype(Partials::Quick), &config),
        ("simulated, prototype, slow partials", prototype(Partials::Slow), &config),
        ("simulated, prototype, nothing prepared", prototype(Partials::Quick), &plain),
        ("simulated, published, nothing prepared", PUBLISHED, &plain),
    ] {
        met &= told(name, &simulated::run(set, services, config)?, set, each).1;
    }
    let name = "simulated, published";
    let (figures, sound) = told(name, &simulated::run(set, PUBLISHED, &config)?, set, each);
    Ok(met & sound & held(&format!("{name}, p50"), figures.percentile(50), 450.0, "ms"))
}

async fn over_sockets(set: &Arc<[Utterance]>, each: bool) -> Result<bool, Failure> {
    let name = "sockets";
    let (figures, sound) = told(name, &sockets::run(set, Partials::Quick, PROTOTYPE).await?, set, each);
    let mut met = sound;
    met &= held(&format!("{name}, p50"), figures.percentile(50), 600.0, "ms");
    met &= held(&format!("{name}, p95"), figures.percentile(95), 800.0, "ms");
    met &= held(&format!("{name}, extra calls"), figures.extra_calls(), 40.0, "%");
    met &= held(&format!("{name}, double replies"), figures.wrong.len() as f64, 0.0, "");
    for stage in ["language model", "speech"] {
        met &= held(&format!("{name}, path beside the service's log, {stage}, p95"), figures.beside(stage), 10.0, "ms");
    }
    let apart = |total: f64, sum: f64| (total - sum).abs();
    let far = figures
        .metrics
        .iter()
        .filter_map(|metrics| Some(apart(metrics.total_ms?, metrics.path.iter().map(|part| part.ms).sum())));
    met &= held(&format!("{name}, path beside its total, most"), far.fold(0.0, f64::max), 1.0, "ms");
    met &= told("sockets, slow partials", &sockets::run(set, Partials::Slow, PROTOTYPE).await?, set, each).1;
    Ok(met)
}

fn main() -> Result<ExitCode, Failure> {
    let asked = |what: &str| std::env::args().any(|argument| argument == what);
    let runtime = tokio::runtime::Runtime::new()?;
    let set: Arc<[Utterance]> = runtime.block_on(utterances::all())?.into();
    let speech: usize = set.iter().map(|utterance| utterance.end()).sum();
    println!("{} utterances, {:.0} s of speech, {SESSIONS} sessions", set.len(), speech as f64 / 16_000.0);
    let mut met = simulations(&set, asked("words"))?;
    if !asked("simulated") {
        met &= runtime.block_on(over_sockets(&set, asked("words")))?;
    }
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
