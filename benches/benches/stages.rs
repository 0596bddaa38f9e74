//! Signal processing, each stage on one second of 16 kHz speech-like audio in chunks of 20 ms: `cargo bench --bench
//! stages`. The time of an iteration is CPU per second of audio of one session.

#![allow(clippy::unwrap_used, reason = "a bench that cannot run should say so at once")]
#![allow(missing_docs, reason = "criterion_group! generates an undocumented function")]

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use voice_benches::buzz;
use voice_core::audio::{Framer, Resampler, mulaw, pcm};
use voice_core::builtin::{EnergyVad, RnnoiseDenoiser};
use voice_core::stage::{Denoiser, Vad};
use voice_core::stream::{SpeechConfig, SpeechDetector, StreamDenoiser};

fn conversion(criterion: &mut Criterion) {
    let samples = buzz(16_000);
    let bytes = pcm::to_bytes(&samples);
    let mut group = criterion.benchmark_group("pcm");
    group.bench_function("bytes to i16 to f32 to i16, 1 s", |bencher| {
        let (mut integers, mut floats, mut back) = (Vec::new(), Vec::new(), Vec::new());
        bencher.iter(|| {
            integers.clear();
            floats.clear();
            back.clear();
            pcm::extend_from_bytes(black_box(&bytes), &mut integers).unwrap();
            pcm::extend_f32(&integers, &mut floats);
            pcm::extend_i16(&floats, &mut back);
            black_box(&back);
        });
    });
    group.bench_function("mu-law there and back, 1 s at 16 kHz", |bencher| {
        let (mut encoded, mut decoded) = (Vec::new(), Vec::new());
        bencher.iter(|| {
            encoded.clear();
            decoded.clear();
            mulaw::extend_encoded(black_box(&samples), &mut encoded);
            mulaw::extend_decoded(&encoded, &mut decoded);
            black_box(&decoded);
        });
    });
    group.bench_function("framing into 512, 1 s", |bencher| {
        let mut framer = Framer::new(512);
        bencher.iter(|| {
            for chunk in samples.chunks(320) {
                framer.push(black_box(chunk), |window| {
                    black_box(&window);
                });
            }
        });
    });
    group.finish();
}

fn resampling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resample 1 s");
    for (from, to) in
        [(16_000, 48_000), (48_000, 16_000), (24_000, 16_000), (16_000, 24_000), (8_000, 16_000), (44_100, 16_000)]
    {
        let input: Vec<f32> = buzz(from).into_iter().map(pcm::to_f32).collect();
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut output = Vec::new();
        group.bench_function(format!("{from} to {to}"), |bencher| {
            bencher.iter(|| {
                output.clear();
                for chunk in input.chunks(from as usize / 50) {
                    resampler.process(black_box(chunk), &mut output).unwrap();
                }
                black_box(&output);
            });
        });
    }
    group.finish();
}

fn denoising(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("denoise 1 s");
    let wide: Vec<f32> = buzz(48_000).into_iter().map(pcm::to_f32).collect();
    group.bench_function("RNNoise alone, 48 kHz", |bencher| {
        let mut denoiser = RnnoiseDenoiser::new();
        let mut frame = vec![0.0; denoiser.frame_len()];
        bencher.iter(|| {
            for chunk in wide.chunks_exact(frame.len()) {
                frame.copy_from_slice(chunk);
                denoiser.process(black_box(&mut frame)).unwrap();
            }
        });
    });
    let samples = buzz(16_000);
    group.bench_function("RNNoise with resampling, 16 kHz", |bencher| {
        let mut denoiser = StreamDenoiser::new(Box::new(RnnoiseDenoiser::new()), 16_000).unwrap();
        let mut output = Vec::new();
        bencher.iter(|| {
            output.clear();
            for chunk in samples.chunks(320) {
                denoiser.push(black_box(chunk), &mut output).unwrap();
            }
            black_box(&output);
        });
    });
    group.finish();
}

fn speech_detection(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("speech 1 s");
    let samples = buzz(16_000);
    group.bench_function("energy VAD alone", |bencher| {
        let mut vad = EnergyVad::new();
        let floats: Vec<f32> = samples.iter().map(|&sample| pcm::to_f32(sample)).collect();
        bencher.iter(|| {
            for window in floats.chunks_exact(512) {
                black_box(vad.speech_probability(black_box(window)).unwrap());
            }
        });
    });
    group.bench_function("detector over the energy VAD", |bencher| {
        let mut detector = SpeechDetector::new(Box::new(EnergyVad::new()), SpeechConfig::default()).unwrap();
        bencher.iter(|| {
            for chunk in samples.chunks(320) {
                detector
                    .push(black_box(chunk), |item| {
                        black_box(&item);
                    })
                    .unwrap();
            }
        });
    });
    group.finish();
}

criterion_group!(benches, conversion, resampling, denoising, speech_detection);
criterion_main!(benches);
