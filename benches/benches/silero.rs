//! Time that Silero VAD takes per 512-sample chunk (32 ms) of speech, for each instruction set of this CPU.
//!
//!     cargo bench --bench silero                      # criterion
//!     cargo bench --bench silero -- --percentiles 10  # one JSON line a set, over 10 rounds of the speech
//!
//! `silero_vs_onnxruntime.py` runs the second form beside ONNX Runtime.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::expect_used, reason = "a bench times and prints")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use criterion::Criterion;
use voice_benches::spoken;
use voice_core::audio::pcm;
use voice_core::builtin::{InstructionSet, SileroModel, SileroVad};
use voice_core::stage::Vad;

const MODEL: &[u8] = include_bytes!("../../voice-core/models/silero_vad_16k_op15.onnx");
const WINDOW: usize = 512;

fn speech() -> Vec<f32> {
    spoken().expect("the committed speech is a WAV file").into_iter().map(pcm::to_f32).collect()
}

/// A detector for each instruction set of this CPU, the one that is chosen by itself first.
fn detectors() -> Vec<(InstructionSet, SileroVad)> {
    let sets = [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable];
    let models = sets.into_iter().filter_map(|set| SileroModel::with_instructions(MODEL, set).ok());
    models.map(|model| (model.instructions(), SileroVad::new(Arc::new(model)))).collect()
}

/// Times each chunk by itself and prints percentiles in µs.
fn print_percentiles(rounds: usize) {
    let audio = speech();
    for (set, mut vad) in detectors() {
        let mut times = Vec::with_capacity(rounds * audio.len() / WINDOW);
        for window in (0..rounds).flat_map(|_| audio.chunks_exact(WINDOW)) {
            let start = Instant::now();
            let probability = vad.speech_probability(black_box(window));
            times.push(start.elapsed().as_nanos());
            black_box(probability.is_ok());
        }
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100] as f64 / 1000.0;
        println!(r#"{{"instructions":"{set:?}","p50_us":{:.2},"p99_us":{:.2}}}"#, at(50), at(99));
    }
}

fn measure(criterion: &mut Criterion) {
    let audio = speech();
    let mut group = criterion.benchmark_group("silero_chunk");
    for (set, mut vad) in detectors() {
        let mut windows = audio.chunks_exact(WINDOW).cycle();
        group.bench_function(format!("{set:?}"), |bencher| {
            bencher.iter(|| windows.next().map(|window| vad.speech_probability(black_box(window))));
        });
    }
    group.finish();
}

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--percentiles");
    if arguments.next().is_some() {
        let rounds =
            arguments.next().map_or(10, |rounds| rounds.parse().expect("--percentiles takes a number of rounds"));
        return print_percentiles(rounds);
    }
    let mut criterion = Criterion::default().configure_from_args();
    measure(&mut criterion);
    criterion.final_summary();
}
