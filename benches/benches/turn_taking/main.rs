//! When is somebody's turn over? Utterances with known pauses go through the real VAD and the real turn model; each
//! policy then decides, and a table shows how often it cut somebody off against how long its answers wait.
//!
//!     cargo bench --bench turn_taking
//!
//! Without the model (`make models`) only silence counts. The same utterances every time, but for the noise in flite's
//! statistical voices.
#![allow(clippy::print_stdout, missing_docs)]

mod heard;
mod policy;
mod recordings;
mod score;
mod sentences;
mod speech;

use policy::{Policy, Rule, SilenceOnly};
use score::{Heard, Score};
use sentences::Kind;
use speech::{Dice, RATE, Utterance};
use std::process::ExitCode;
use std::time::Duration;
use voice_benches::reached;
use voice_core::builtin::SmartTurn;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The policies compared: another row is another line here.
fn policies(with_model: bool) -> Vec<Box<dyn Policy>> {
    let silence = [200, 300, 500, 700, 1_000, 1_500].map(Duration::from_millis);
    let mut policies: Vec<Box<dyn Policy>> =
        silence.into_iter().map(|window| Box::new(SilenceOnly(window)) as Box<dyn Policy>).collect();
    let ranges = [(300, 2_500), (500, 2_500), (700, 2_500)];
    let mut add = |rule: fn(u64, u64) -> Rule| {
        policies.extend(ranges.map(|(min_ms, max_ms)| Box::new(rule(min_ms, max_ms)) as Box<dyn Policy>));
    };
    add(Rule::adaptive);
    if with_model {
        add(Rule::model);
        add(Rule::combined);
    }
    policies
}

fn table(turns: &[Heard], with_model: bool) {
    println!("\n| policy | pauses cut off | turns cut off | delay p50 | delay p95 |");
    println!("|---|---|---|---|---|");
    for mut policy in policies(with_model) {
        let mut score = Score::of(&mut *policy, turns, None);
        let (cut_off, turns_cut_off) = (score.cut_off_percent(), score.turns_cut_off_percent());
        let [p50, p95] = [50, 95].map(|percent| score.delay_ms(percent));
        println!("| {} | {cut_off:.1} % | {turns_cut_off:.1} % | {p50} ms | {p95} ms |", policy.name());
    }
}

/// Pauses cut off by the kind of utterance.
fn table_by_kind(turns: &[Heard], with_model: bool) {
    let kinds = Kind::ALL.map(Kind::name).join(" | ");
    println!("\n| pauses cut off | {kinds} |\n|---|{}", "---|".repeat(Kind::ALL.len()));
    for mut policy in policies(with_model) {
        let cells = Kind::ALL.map(|kind| {
            let score = Score::of(&mut *policy, turns, Some(kind));
            format!("{} of {}", score.cut_off, score.pauses)
        });
        println!("| {} | {} |", policy.name(), cells.join(" | "));
    }
}

/// How often the model is right: pauses it takes for pauses, ends it takes for ends, by kind and by voice.
fn table_of_answers(turns: &[Heard]) {
    println!("\n| Smart Turn's answers | pauses taken for pauses | ends taken for ends |\n|---|---|---|");
    let mut speakers: Vec<_> = turns.iter().map(|turn| turn.speaker.as_str()).collect();
    speakers.dedup();
    let row = |name: &str, belongs: &dyn Fn(&Heard) -> bool| {
        let right = |pause: bool| {
            let silences = turns.iter().filter(|turn| belongs(turn)).flat_map(|turn| &turn.silences);
            let silences = silences.filter(|silence| silence.over.is_some() == pause);
            let answers: Vec<_> = silences.filter_map(|silence| silence.estimate).collect();
            let right = answers.iter().filter(|answer| (**answer < 0.5) == pause).count();
            format!("{right} of {}", answers.len())
        };
        println!("| {name} | {} | {} |", right(true), right(false));
    };
    for kind in Kind::ALL {
        row(kind.name(), &|turn| turn.kind == kind);
    }
    for speaker in speakers {
        row(speaker, &|turn| turn.speaker == speaker);
    }
}

fn listen(utterances: Vec<Utterance>, smart_turn: Option<&SmartTurn>) -> Result<Vec<Heard>, Failure> {
    let listen = |utterance: Utterance| {
        let silences = heard::silences(&utterance, smart_turn)?;
        let end = Duration::from_secs_f64(utterance.end as f64 / f64::from(RATE));
        Ok(Heard { speaker: utterance.speaker, kind: utterance.kind, end, silences })
    };
    utterances.into_iter().map(listen).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let smart_turn = voice_benches::smart_turn()?;
    let mut dice = Dice::new(1);
    let mut utterances = speech::synthetic(&mut dice).await?;
    utterances.extend(recordings::utterances(&mut dice)?);
    let pauses: usize = utterances.iter().map(|utterance| utterance.pauses).sum();
    let turns = listen(utterances, smart_turn.as_ref())?;
    let heard: usize =
        turns.iter().map(|turn| turn.silences.iter().filter(|silence| silence.over.is_some()).count()).sum();
    println!("{} utterances, {pauses} pauses put in, {heard} pauses heard by the VAD", turns.len());
    table(&turns, smart_turn.is_some());
    table_by_kind(&turns, smart_turn.is_some());
    if smart_turn.is_some() {
        table_of_answers(&turns);
    }
    let enough =
        reached("utterances", turns.len() as f64, 200.0, "") & reached("pauses heard", heard as f64, 200.0, "");
    Ok(if enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
