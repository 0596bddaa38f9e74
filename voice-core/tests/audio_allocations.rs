//! The hot paths of audio allocate nothing once they are warm.

#![allow(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use bytes::Bytes;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;
use voice_core::audio::{Framer, Resampler};
use voice_core::builtin::EnergyVad;
use voice_core::stage::EchoCanceller;
use voice_core::stream::{Loudspeaker, SpeechConfig, SpeechDetector, StreamEchoCanceller};
use voice_core::{Result, SessionTime};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on unchanged to the system allocator; the counter is a plain thread-local cell.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise about `layout` is handed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System` with this layout, as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as for `dealloc`; `size` is the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Chunk sizes as clients send them: 20 ms, a worklet's quantum, an odd rest, 4,096 samples.
const CHUNKS: [usize; 4] = [320, 128, 77, 4_096];

/// Allocations of a second pass over the chunks, after a first that warms up.
fn allocations_when_warm(mut pass: impl FnMut(&[i16])) -> usize {
    let pcm: Vec<i16> = (0..4_096).map(|n| if n / 20 % 2 == 0 { 8_000 } else { -8_000 }).collect();
    let mut round = || CHUNKS.iter().cycle().take(200).for_each(|&chunk| pass(&pcm[..chunk]));
    round();
    let before = ALLOCATIONS.get();
    round();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert!(allocations_when_warm(|chunk| drop(chunk.to_vec())) >= 200);
}

#[test]
fn framing_allocates_nothing() {
    let mut framer = Framer::new(512);
    let mut sum = 0_i64;
    assert_eq!(allocations_when_warm(|chunk| framer.push(chunk, |window| sum += i64::from(window[0]))), 0);
    assert_ne!(sum, 0);
}

#[test]
fn resampling_allocates_nothing() {
    for (from, to) in [(16_000, 48_000), (48_000, 16_000), (24_000, 16_000), (44_100, 16_000), (16_000, 44_100)] {
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut output = Vec::with_capacity(100_000);
        let allocations = allocations_when_warm(|chunk| {
            output.clear();
            resampler.process_i16(chunk, &mut output).unwrap();
        });
        assert_eq!(allocations, 0, "{from} → {to}");
    }
}

#[cfg(feature = "rnnoise")]
#[test]
fn denoising_allocates_nothing() {
    use voice_core::builtin::RnnoiseDenoiser;
    use voice_core::stream::StreamDenoiser;

    let denoiser = Box::new(RnnoiseDenoiser::new());
    let mut denoiser = StreamDenoiser::new(denoiser, 16_000).unwrap();
    let mut output = Vec::with_capacity(100_000);
    let allocations = allocations_when_warm(|chunk| {
        output.clear();
        denoiser.push(chunk, &mut output).unwrap();
    });
    assert_eq!(allocations, 0);
}

/// Hears nothing, so that what is counted is the adapter's.
struct Deaf;

impl EchoCanceller for Deaf {
    fn sample_rate(&self) -> u32 {
        16_000
    }
    fn frame_len(&self) -> usize {
        160
    }
    fn latency(&self) -> usize {
        0
    }
    fn longest_delay(&self) -> usize {
        0
    }
    fn process(&mut self, near: &mut [f32], far: &[f32]) -> Result<()> {
        near.copy_from_slice(far);
        Ok(())
    }
    fn reset(&mut self) {}
}

#[test]
fn laying_the_loudspeaker_beside_the_microphone_allocates_nothing() {
    let mut now = SessionTime::ZERO;
    let mut loudspeaker = Loudspeaker::new(24_000, false, now).unwrap();
    let mut canceller = StreamEchoCanceller::new(Box::new(Deaf)).unwrap();
    let mut output = Vec::with_capacity(10_000);
    let speech = Bytes::from(vec![1; 24_000]);
    let allocations = allocations_when_warm(|chunk| {
        loudspeaker.play(speech.slice(..chunk.len()), now).unwrap();
        now = now + Duration::from_millis(chunk.len() as u64 / 16);
        loudspeaker.advance(now).unwrap();
        output.clear();
        canceller.push(chunk, loudspeaker.tape(), now, &mut output).unwrap();
    });
    assert_eq!(allocations, 0);
}

#[test]
fn finding_speech_allocates_nothing_idle_or_speaking() {
    for loudness in [0, 1] {
        let mut detector = SpeechDetector::new(Box::new(EnergyVad::new()), SpeechConfig::default()).unwrap();
        let (mut items, mut scaled) = (0, Vec::with_capacity(4_096));
        let allocations = allocations_when_warm(|chunk| {
            scaled.clear();
            scaled.extend(chunk.iter().map(|sample| sample * loudness));
            detector.push(&scaled, |_| items += 1).unwrap();
        });
        assert_eq!(allocations, 0);
        assert_eq!(items > 0, loudness == 1);
    }
}
