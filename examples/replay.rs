//! Replays a folder of recordings and tells what another endpointing window would have changed:
//!
//! ```sh
//! cargo run -p voice-core --features testing --example simulate -- 20 recordings
//! cargo run -p voice-core --features testing --example replay -- recordings 300
//! ```
//!
//! ```text
//! 20 recordings, 20 of them decide the same again
//!
//!                          turns   cut off   response p50       p95
//! as recorded                 60         0         500 ms    570 ms
//! endpointing 300 ms          67         7         472 ms    569 ms
//! ```
//!
//! A turn is cut off when the user goes on speaking after it was ended. It reads files and nothing else.
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use voice_core::recording::Recording;
use voice_core::testing::{Report, what_if};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, window @ ..] = arguments.as_slice() else {
        return Err("usage: replay FOLDER [ENDPOINTING_MS]".into());
    };
    let window: Option<u64> = window.first().map(|text| text.parse()).transpose()?;
    let mut recordings = Vec::new();
    for path in files(Path::new(folder))? {
        let recording = Recording::parse(&std::fs::read_to_string(&path)?);
        recordings.push((path.clone(), recording.map_err(|error| format!("{}: {error}", path.display()))?));
    }
    let same = recordings.iter().filter(|(path, recording)| decides_the_same(path, recording)).count();
    println!("{} recordings, {same} of them decide the same again", recordings.len());
    if let Some(window) = window {
        compare(recordings.iter().map(|(_, recording)| recording), window);
    }
    Ok(if same == recordings.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The recordings of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    Ok(paths)
}

fn decides_the_same(path: &Path, recording: &Recording) -> bool {
    let Some(difference) = recording.replay().difference else { return true };
    println!("{}: command {} is another", path.display(), difference.index);
    println!("  then {}", difference.recorded.as_deref().unwrap_or("nothing"));
    println!("  now  {}", difference.replayed.as_deref().unwrap_or("nothing"));
    false
}

fn compare<'a>(recordings: impl Iterator<Item = &'a Recording>, window: u64) {
    let (mut before, mut after) = (Report::default(), Report::default());
    for recording in recordings {
        let comparison = what_if(recording, |config| config.endpointing.min_ms = window);
        add(&mut before, comparison.before);
        add(&mut after, comparison.after);
    }
    println!("\n{:<24}{:>6}{:>10}{:>15}{:>10}", "", "turns", "cut off", "response p50", "p95");
    print("as recorded", &before);
    print(&format!("endpointing {window} ms"), &after);
}

fn add(sum: &mut Report, report: Report) {
    sum.spoken_turns += report.spoken_turns;
    sum.cut_offs += report.cut_offs;
    sum.response_ms.extend(report.response_ms);
}

fn print(name: &str, report: &Report) {
    let response = |percent| report.response_percentile(percent).map_or("–".to_owned(), |ms| format!("{ms:.0} ms"));
    let Report { spoken_turns, cut_offs, .. } = report;
    println!("{name:<24}{spoken_turns:>6}{cut_offs:>10}{:>15}{:>10}", response(50), response(95));
}
