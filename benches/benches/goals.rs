//! The CPU goals of what runs for every session all the time, in CPU time of one thread: `cargo bench --bench goals`.
//! Ends with exit code 1 when one is missed.
#![allow(missing_docs)]

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use voice_benches::{buzz, held, percentile, play, reached, smart_turn, spoken, thread_cpu};
use voice_core::audio::pcm;
use voice_core::builtin::{RnnoiseDenoiser, SileroModel, SileroVad};
use voice_core::recording::Recording;
use voice_core::stage::{TurnDetector, TurnSnapshot, Vad};
use voice_core::stream::StreamDenoiser;
use voice_core::testing::{Act, Latency, Scenario, When};
use voice_core::{Result, TurnId};

/// Rounds of each measurement; the median counts.
const ROUNDS: usize = 9;

/// CPU time of a thread is counted in ticks of some ms: a round must be much longer than one.
const SHORTEST_ROUND: Duration = Duration::from_millis(400);

/// The median CPU time of doing this once, and what the last time gave.
fn median<T>(mut work: impl FnMut() -> Result<T>) -> Result<(Duration, T)> {
    let mut times = Vec::with_capacity(ROUNDS);
    let mut outcome = work()?;
    for _ in 0..ROUNDS {
        let (before, mut repeats, mut spent) = (thread_cpu(), 0, Duration::ZERO);
        while spent < SHORTEST_ROUND {
            outcome = work()?;
            repeats += 1;
            spent = thread_cpu() - before;
        }
        times.push(spent / repeats);
    }
    Ok((percentile(&mut times, 50), outcome))
}

fn silero() -> Result<bool> {
    let audio: Vec<f32> = spoken()?.into_iter().map(pcm::to_f32).collect();
    let mut vad = SileroVad::new(SileroModel::embedded()?);
    let (time, chunks) = median(|| {
        for window in audio.chunks_exact(vad.window_len()) {
            black_box(vad.speech_probability(black_box(window))?);
        }
        Ok(audio.len() / vad.window_len())
    })?;
    let chunk = time.as_secs_f64() * 1e6 / chunks as f64;
    let state = size_of::<SileroVad>() as f64 / 1_024.0;
    Ok(held("Silero, a chunk of 512 samples", chunk, 15.0, "µs") & held("Silero, a session", state, 4.0, "KiB"))
}

fn denoise() -> Result<bool> {
    let second = buzz(16_000);
    let mut denoiser = StreamDenoiser::new(Box::new(RnnoiseDenoiser::new()), 16_000)?;
    let mut output = Vec::new();
    let (time, ()) = median(|| {
        output.clear();
        second.chunks(320).try_for_each(|chunk| denoiser.push(black_box(chunk), &mut output))
    })?;
    let delay = denoiser.delay_samples() as f64 / 16.0;
    Ok(held("denoise with resampling, a second of audio", time.as_secs_f64() * 1e3, 6.0, "ms")
        & held("denoise with resampling, delay", delay, 13.0, "ms"))
}

fn conversation() -> Result<bool> {
    let (time, facts) = median(|| Ok(play(black_box(20_000))))?;
    let millions = facts as f64 / time.as_secs_f64() / 1e6;
    Ok(reached("conversation, facts a second", millions, 5.0, "million"))
}

/// What the model hears is always 8 s, however short the turn was.
fn turn_detection() -> Result<bool> {
    let Some(detector) = smart_turn()? else { return Ok(true) };
    let (turn, silence) = (TurnId(1), Duration::from_millis(192));
    let turn = Arc::new(TurnSnapshot { turn, audio: spoken()?.into(), transcript: String::new(), silence });
    let (time, _) = median(|| detector.end_of_turn(black_box(turn.clone())))?;
    Ok(held("Smart Turn, a question", time.as_secs_f64() * 1e3, 45.0, "ms"))
}

/// A call of ten minutes in simulated time: two people who talk, interrupt and pause, all services jittering.
fn simulation() -> Result<bool> {
    let mut scenario = Scenario { length_ms: 600_000, ..Scenario::default() }
        .then(When::Answered(Latency::uniform(200, 1_500)), Act::say("What is the weather like?"))
        .then(When::Asked(Latency::uniform(0, 3_000)), Act::say("No, about the other thing."))
        .then(When::Answered(Latency::constant(900)), Act::say("My number is five five five"))
        .then(When::After(Latency::uniform(500, 1_200)), Act::say("one two three four."));
    scenario.network.jitter = Latency::uniform(0, 30);
    scenario.model.first_token = Latency::log_normal(98, 217);
    let (time, report) = median(|| Ok(scenario.watch(black_box(1), &mut ())))?;
    let (logged, call) = median(|| Ok(scenario.run(black_box(1))))?;
    let (replayed, _) = median(|| Ok(Recording::parse(black_box(&call.log))?.replay()))?;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    Ok(reached("simulated call, its length", report.length_ms / 60_000.0, 10.0, "minutes")
        & held("simulated call of 10 minutes", ms(time), 50.0, "ms")
        & held("… with its log", ms(logged), 50.0, "ms")
        & held("… read from its log and replayed", ms(replayed), 50.0, "ms"))
}

fn main() -> Result<ExitCode> {
    let met = silero()? & denoise()? & conversation()? & simulation()? & turn_detection()?;
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
