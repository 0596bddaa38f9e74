use super::*;
use crate::builtin::EnergyVad;
use crate::error::{Error, ErrorKind, Stage};
use crate::stage::Denoiser;
use crate::stream::{SpeechConfig, SpeechItem};
use futures::stream::{self, FusedStream};
use futures::{FutureExt, StreamExt, TryStreamExt};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake};

/// Passes audio through, at 16 kHz.
struct Nothing;

impl Denoiser for Nothing {
    fn sample_rate(&self) -> u32 {
        16_000
    }
    fn frame_len(&self) -> usize {
        160
    }
    fn latency(&self) -> usize {
        0
    }
    fn process(&mut self, _: &mut [f32]) -> Result<()> {
        Ok(())
    }
    fn reset(&mut self) {}
}

/// Runs what never has to wait.
fn block_on<F: Future>(future: F) -> F::Output {
    future.now_or_never().unwrap()
}

fn tone(samples: usize) -> Vec<i16> {
    (0..samples).map(|n| if n / 16 % 2 == 0 { 9_000 } else { -9_000 }).collect()
}

#[test]
fn frames_have_one_length_and_the_last_is_filled_up() {
    let microphone = stream::iter([vec![1, 2, 3], vec![], vec![4, 5, 6, 7, 8]]);
    let frames: Vec<Vec<i16>> = block_on(microphone.frames(3).try_collect()).unwrap();
    assert_eq!(frames, [[1, 2, 3], [4, 5, 6], [7, 8, 0]]);
}

#[test]
fn resampling_gives_the_tail_at_the_end() {
    let microphone = stream::iter(vec![vec![100_i16; 160]; 10]);
    let chunks: Vec<Vec<i16>> = block_on(microphone.resample(16_000, 48_000).unwrap().try_collect()).unwrap();
    assert_eq!(chunks.concat().len(), 3 * 1_600 + 48);
    assert!(stream::iter([vec![0]]).resample(16_000, 1).is_err());
}

#[test]
fn speech_becomes_items_and_ends_with_the_stream() {
    let input = [vec![0; 16_000], tone(8_000)].concat();
    let microphone = stream::iter(input.chunks(320).map(<[i16]>::to_vec).collect::<Vec<_>>());
    let detector = SpeechDetector::new(Box::new(EnergyVad::new()), SpeechConfig::default()).unwrap();
    let items: Vec<SpeechItem<'_>> = block_on(microphone.speech(detector).try_collect()).unwrap();
    assert!(matches!(items.first(), Some(SpeechItem::Started { .. })), "{items:?}");
    assert!(matches!(items.last(), Some(SpeechItem::Ended { .. })), "{items:?}");
}

#[test]
fn adapters_chain() {
    let denoiser = StreamDenoiser::new(Box::new(Nothing), 16_000).unwrap();
    let utterance = stream::iter(vec![tone(333); 3]);
    let chunks: Vec<Vec<i16>> = block_on(utterance.denoise(denoiser).frames(100).try_collect()).unwrap();
    assert_eq!(chunks.concat()[..999], [tone(333), tone(333), tone(333)].concat());
}

#[test]
fn nothing_is_taken_before_it_is_needed() {
    let taken = Rc::new(Cell::new(0));
    let counter = taken.clone();
    let microphone = stream::repeat_with(move || {
        counter.set(counter.get() + 1);
        vec![0_i16; 4]
    });
    let mut frames = microphone.frames(2);
    assert_eq!(taken.get(), 0);
    block_on(frames.next());
    block_on(frames.next());
    assert_eq!(taken.get(), 1);
    block_on(frames.next());
    assert_eq!(taken.get(), 2);
}

#[test]
fn an_error_comes_after_the_audio_before_it_and_ends_the_stream() {
    let failed = || Err(Error::new(ErrorKind::Unavailable, Stage::Audio, "unplugged"));
    let microphone = stream::iter([Ok(vec![1, 2, 3]), failed(), Ok(vec![4, 5])]);
    let mut frames = microphone.frames(2);
    assert_eq!(block_on(frames.next()).unwrap().unwrap(), [1, 2]);
    assert_eq!(block_on(frames.next()).unwrap().unwrap_err().message(), "unplugged");
    assert!(block_on(frames.next()).is_none());
    assert!(frames.is_terminated() && block_on(frames.next()).is_none());
}

#[test]
fn a_stream_that_has_ended_is_not_asked_again() {
    let mut ended = false;
    let microphone = stream::poll_fn(move |_| {
        assert!(!std::mem::replace(&mut ended, true), "polled after its end");
        Poll::Ready(None::<Vec<i16>>)
    });
    let mut frames = microphone.frames(2);
    assert!(block_on(frames.next()).is_none());
    assert!(block_on(frames.next()).is_none());
}

#[test]
fn a_cancelled_stream_ends_without_an_error_and_lets_go_of_its_source() {
    let token = CancelToken::new();
    let source = Rc::new(());
    let held = source.clone();
    let mut numbers = stream::iter(0..).map(move |n| (n, Rc::strong_count(&held)).0).until_cancelled(&token);
    assert_eq!(block_on(numbers.next()), Some(0));
    token.cancel();
    assert_eq!(block_on(numbers.next()), None);
    assert_eq!(Rc::strong_count(&source), 1);
    assert!(numbers.is_terminated() && numbers.get_ref().is_none());
    assert_eq!(block_on(numbers.next()), None);
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_cancellation_wakes_a_stream_that_waits() {
    let token = CancelToken::new();
    let mut waiting = stream::pending::<()>().until_cancelled(&token);
    let woken = Arc::new(Woken::default());
    let waker = woken.clone().into();
    let mut context = Context::from_waker(&waker);
    assert_eq!(waiting.poll_next_unpin(&mut context), Poll::Pending);
    assert!(!woken.0.load(Ordering::SeqCst));
    token.cancel();
    assert!(woken.0.load(Ordering::SeqCst));
    assert_eq!(waiting.poll_next_unpin(&mut context), Poll::Ready(None));
}
