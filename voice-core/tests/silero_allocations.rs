//! Silero VAD allocates nothing per window.
#![cfg(feature = "silero")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod silero_support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use silero_support::{WINDOW, speech_fixture};
use voice_core::builtin::{SileroModel, SileroVad};
use voice_core::stage::Vad;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// The only test of this binary, so that no other thread allocates meanwhile.
#[test]
fn a_window_costs_no_allocation_and_neither_does_a_reset() {
    let (audio, _) = speech_fixture();
    let mut vad = SileroVad::new(SileroModel::embedded().unwrap());
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    assert!(before > 0, "the allocator is not counting");
    let mut loudest = 0.0_f32;
    for window in audio.chunks_exact(WINDOW) {
        loudest = loudest.max(vad.speech_probability(window).unwrap());
    }
    vad.reset();
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0);
    assert!(loudest > 0.9);
}
