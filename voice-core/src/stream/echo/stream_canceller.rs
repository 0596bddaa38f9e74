//! An echo canceller for microphone audio of any chunking.

use super::RATE;
use super::steady::Steady;
use super::tape::PlayedTape;
use crate::audio::{Framer, pcm};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::stage::EchoCanceller;
use crate::time::SessionTime;
use std::fmt;

/// Samples converted at a time.
const BLOCK: usize = 480;
/// A microphone whose audio comes later than it did by this, in samples (20 ms), has a clock of its own or a gap. Less
/// is the jitter of a network.
const TOLERANCE: i64 = RATE as i64 / 50;

/// Frames the microphone's audio, finds what was played with each frame, and feeds a canceller with both.
///
/// Every sample keeps its place in the stream: what the canceller's latency would put in front is left out, and comes
/// nowhere. The output depends on the samples and on when they came, not on how they were cut as long as that is
/// together.
pub struct StreamEchoCanceller {
    canceller: Box<dyn EchoCanceller>,
    framer: Framer<f32>,
    far: Vec<f32>,
    floats: Vec<f32>,
    /// Samples received, and those of them that the canceller has had.
    received: i64,
    framed: i64,
    /// Samples of the canceller's output that stand for the time before the stream.
    before: usize,
    /// From places in the microphone's stream to those on the session's timeline.
    offset: Steady,
}

impl StreamEchoCanceller {
    /// For a stream of 16 kHz.
    ///
    /// # Errors
    /// `InvalidConfig` for a canceller of another rate or of empty frames.
    pub fn new(canceller: Box<dyn EchoCanceller>) -> Result<Self> {
        if canceller.sample_rate() != RATE || canceller.frame_len() == 0 {
            let message = format!("the echo canceller must work at {RATE} Hz, not at {} Hz", canceller.sample_rate());
            return Err(Error::new(ErrorKind::InvalidConfig, Stage::Echo, message));
        }
        Ok(Self {
            framer: Framer::new(canceller.frame_len()),
            far: vec![0.0; canceller.frame_len()],
            floats: Vec::new(),
            received: 0,
            framed: 0,
            before: canceller.latency(),
            offset: Steady::new(TOLERANCE),
            canceller,
        })
    }

    /// Appends what `pcm`, microphone audio that came just now, determines of the stream without echo. `played` is on the
    /// same clock and up to this moment.
    ///
    /// # Errors
    /// The first error of the canceller. All audio is taken all the same, with the echo where it failed.
    pub fn push(&mut self, pcm: &[i16], played: &PlayedTape, now: SessionTime, output: &mut Vec<i16>) -> Result<()> {
        self.received += pcm.len() as i64;
        let offset = self.offset.observe(played.end() - self.received, now);
        let mut result = Ok(());
        for chunk in pcm.chunks(BLOCK) {
            self.floats.clear();
            pcm::extend_f32(chunk, &mut self.floats);
            let mut near = &self.floats[..];
            while let Some(frame) = self.framer.next_window(&mut near) {
                played.read(self.framed + offset, &mut self.far);
                result = result.and(self.canceller.process(frame, &self.far));
                self.framed += frame.len() as i64;
                let left_out = self.before.min(frame.len());
                self.before -= left_out;
                pcm::extend_i16(&frame[left_out..], output);
            }
        }
        result
    }

    /// Forgets the stream so far; its places begin at zero again.
    pub fn reset(&mut self) {
        self.canceller.reset();
        self.framer.reset();
        self.received = 0;
        self.framed = 0;
        self.before = self.canceller.latency();
        self.offset = Steady::new(TOLERANCE);
    }

    /// The canceller.
    pub fn get_ref(&self) -> &dyn EchoCanceller {
        &*self.canceller
    }

    /// The canceller, to be changed.
    pub fn get_mut(&mut self) -> &mut dyn EchoCanceller {
        &mut *self.canceller
    }

    /// The canceller alone.
    pub fn into_inner(self) -> Box<dyn EchoCanceller> {
        self.canceller
    }
}

impl fmt::Debug for StreamEchoCanceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamEchoCanceller")
            .field("received", &self.received)
            .field("framed", &self.framed)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Loudspeaker;
    use super::*;
    use bytes::Bytes;
    use std::time::Duration;

    /// Takes the far end off the near end: right when the two are laid together to the sample.
    struct Subtract {
        latency: usize,
    }

    impl EchoCanceller for Subtract {
        fn sample_rate(&self) -> u32 {
            RATE
        }
        fn frame_len(&self) -> usize {
            160
        }
        fn latency(&self) -> usize {
            self.latency
        }
        fn longest_delay(&self) -> usize {
            0
        }
        fn process(&mut self, near: &mut [f32], far: &[f32]) -> Result<()> {
            near.iter_mut().zip(far).for_each(|(near, far)| *near -= far);
            Ok(())
        }
        fn reset(&mut self) {}
    }

    fn canceller() -> StreamEchoCanceller {
        StreamEchoCanceller::new(Box::new(Subtract { latency: 0 })).expect("16 kHz")
    }

    fn sound(samples: usize) -> Vec<i16> {
        (0..samples).map(|n| 1 + (n * 7_919 % 20_011) as i16).collect()
    }

    /// A loudspeaker that plays `sound` from 100 ms on.
    fn loudspeaker(sound: &[i16]) -> Loudspeaker {
        let mut loudspeaker = Loudspeaker::new(RATE, false, SessionTime::ZERO).expect("16 kHz");
        let pcm = Bytes::from(pcm::to_bytes(sound));
        loudspeaker.play(pcm, SessionTime::from_millis(100)).expect("16 kHz is never resampled");
        loudspeaker
    }

    /// What is left of a microphone that hears nothing but the loudspeaker, in chunks that arrive at these times, each
    /// with the samples recorded since the one before. The microphone was switched on at the session's beginning.
    fn left_over(sound: &[i16], arrivals: impl IntoIterator<Item = (u64, u64)>) -> Vec<i16> {
        let mut loudspeaker = loudspeaker(sound);
        let heard: Vec<i16> = [&vec![0; 1_600], sound].concat();
        let mut canceller = canceller();
        let (mut output, mut recorded) = (Vec::new(), 0);
        for (arrival, until) in arrivals {
            let now = SessionTime::from_millis(arrival);
            loudspeaker.advance(now).expect("16 kHz is never resampled");
            let until = (until as usize * 16).min(heard.len());
            canceller.push(&heard[recorded..until], loudspeaker.tape(), now, &mut output).expect("it cannot fail");
            recorded = until;
        }
        output
    }

    #[test]
    fn the_far_end_is_what_sounds_while_the_near_end_is_recorded() {
        let output = left_over(&sound(16_000), (1..=50).map(|n| (n * 20, n * 20)));
        assert_eq!(output, vec![0; 16_000]);
    }

    #[test]
    fn late_chunks_and_large_ones_meet_what_was_played_with_them() {
        let jitter = (1..=50).map(|n| (n * 20 + [0, 13, 4, 60, 41, 22, 3][n as usize % 7], n * 20));
        // Jitter moves it once at most, in the beginning: the first chunk may have been late.
        assert!(left_over(&sound(16_000), jitter)[7 * 320..].iter().all(|&sample| sample == 0));
        let large = (1..=3).map(|n| (n * 256, n * 256));
        assert_eq!(left_over(&sound(16_000), large), vec![0; 76 * 160]);
    }

    #[test]
    fn after_a_gap_in_the_microphone_the_two_are_found_together_again() {
        let sound = sound(10 * 16_000);
        let mut loudspeaker = loudspeaker(&sound);
        let mut canceller = canceller();
        let mut output = Vec::new();
        for arrival in (20..10_000).step_by(20).filter(|at| !(3_000..3_500).contains(at)) {
            let now = SessionTime::from_millis(arrival);
            loudspeaker.advance(now).expect("16 kHz is never resampled");
            let heard: Vec<i16> = ((arrival as usize - 20) * 16..arrival as usize * 16)
                .map(|place| if place < 1_600 { 0 } else { sound[place - 1_600] })
                .collect();
            canceller.push(&heard, loudspeaker.tape(), now, &mut output).expect("it cannot fail");
        }
        let wrong = output.iter().rposition(|&sample| sample != 0).expect("the gap is noticed late");
        assert!((2_980 * 16..5_100 * 16).contains(&wrong), "{wrong}");
    }

    #[test]
    fn samples_keep_their_place_whatever_the_latency() {
        let mut canceller = StreamEchoCanceller::new(Box::new(Subtract { latency: 200 })).expect("16 kHz");
        let (loudspeaker, mut output) = (loudspeaker(&[]), Vec::new());
        let near = sound(1_600);
        for now in [SessionTime::from_millis(100), SessionTime::from_millis(200)] {
            canceller.push(&near, loudspeaker.tape(), now, &mut output).expect("it cannot fail");
        }
        assert_eq!(output, [&near[200..], &near].concat(), "the test's canceller has no latency in truth");
        canceller.reset();
        output.clear();
        canceller
            .push(&near, loudspeaker.tape(), SessionTime::ZERO + Duration::from_secs(1), &mut output)
            .expect("as before");
        assert_eq!(output, near[200..]);
    }

    #[test]
    fn a_canceller_of_another_rate_is_refused() {
        struct Wide(Subtract);
        impl EchoCanceller for Wide {
            fn sample_rate(&self) -> u32 {
                48_000
            }
            fn frame_len(&self) -> usize {
                self.0.frame_len()
            }
            fn latency(&self) -> usize {
                self.0.latency()
            }
            fn longest_delay(&self) -> usize {
                self.0.longest_delay()
            }
            fn process(&mut self, near: &mut [f32], far: &[f32]) -> Result<()> {
                self.0.process(near, far)
            }
            fn reset(&mut self) {}
        }
        let refused = StreamEchoCanceller::new(Box::new(Wide(Subtract { latency: 0 }))).map(|_| ());
        assert_eq!(refused.map_err(|error| error.kind().clone()), Err(ErrorKind::InvalidConfig));
    }
}
