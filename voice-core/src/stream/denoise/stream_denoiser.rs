//! A denoiser for chunks of any size: resample to its rate, frame, clean, resample back.

use crate::audio::{Framer, Resampler, pcm};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::stage::Denoiser;
use std::fmt;

/// Samples of silence fed at a time to bring out the tail.
const BLOCK: usize = 480;

/// Cleans a stream of mono 16-bit audio with any [`Denoiser`], whatever its rate and frame length.
///
/// The output depends on the samples alone, never on how they were cut. It lags the input by
/// [`delay_samples`](Self::delay_samples): 192 samples (12 ms) for RNNoise at 16 kHz, 10 ms its own and 1 ms for each
/// resampling. Chunks that are no whole number of its frames wait for the rest of their last frame on top of that.
/// Nothing is allocated once the vectors have grown to their working size.
pub struct StreamDenoiser {
    denoiser: Box<dyn Denoiser>,
    up: Resampler,
    down: Resampler,
    framer: Framer<f32>,
    rate: u32,
    input: Vec<f32>,
    raised: Vec<f32>,
    output: Vec<f32>,
    taken: u64,
    given: u64,
}

impl StreamDenoiser {
    /// For a stream of `rate` Hz.
    ///
    /// # Errors
    /// `InvalidConfig` when the rate cannot be resampled to the denoiser's or the denoiser takes empty frames.
    pub fn new(denoiser: Box<dyn Denoiser>, rate: u32) -> Result<Self> {
        if denoiser.frame_len() == 0 {
            return Err(Error::new(ErrorKind::InvalidConfig, Stage::Denoise, "the denoiser takes empty frames"));
        }
        let inner = denoiser.sample_rate();
        Ok(Self {
            up: Resampler::new(rate, inner)?,
            down: Resampler::new(inner, rate)?,
            framer: Framer::new(denoiser.frame_len()),
            denoiser,
            rate,
            input: Vec::new(),
            raised: Vec::new(),
            output: Vec::new(),
            taken: 0,
            given: 0,
        })
    }

    /// The rate of the stream, in Hz.
    pub fn sample_rate(&self) -> u32 {
        self.rate
    }

    /// Samples by which the output lags the input.
    pub fn delay_samples(&self) -> usize {
        let inner = (self.up.delay_samples() + self.denoiser.latency()) as u64;
        let inner_rate = u64::from(self.denoiser.sample_rate());
        // Rounded: 16, 24 and 48 kHz streams come out exact.
        let outer = (inner * u64::from(self.rate) + inner_rate / 2) / inner_rate;
        outer as usize + self.down.delay_samples()
    }

    /// Appends what `pcm` determines of the cleaned stream.
    ///
    /// # Errors
    /// Those of the denoiser; the stream is best [`reset`](Self::reset) then.
    pub fn push(&mut self, pcm: &[i16], output: &mut Vec<i16>) -> Result<()> {
        self.taken += pcm.len() as u64;
        for chunk in pcm.chunks(BLOCK) {
            self.input.clear();
            pcm::extend_f32(chunk, &mut self.input);
            self.clean(output, u64::MAX)?;
        }
        Ok(())
    }

    /// Ends the stream: appends what the delay held back, so that the output is longer than the input by exactly
    /// [`delay_samples`](Self::delay_samples), then starts afresh.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn flush(&mut self, output: &mut Vec<i16>) -> Result<()> {
        let due = self.taken + self.delay_samples() as u64;
        while self.given < due {
            self.input.clear();
            self.input.resize(BLOCK, 0.0);
            self.clean(output, due)?;
        }
        self.reset();
        Ok(())
    }

    /// Forgets the stream so far.
    pub fn reset(&mut self) {
        self.denoiser.reset();
        self.up.reset();
        self.down.reset();
        self.framer.reset();
        self.taken = 0;
        self.given = 0;
    }

    /// The denoiser.
    pub fn get_ref(&self) -> &dyn Denoiser {
        &*self.denoiser
    }

    /// The denoiser, to be changed.
    pub fn get_mut(&mut self) -> &mut dyn Denoiser {
        &mut *self.denoiser
    }

    /// The denoiser alone.
    pub fn into_inner(self) -> Box<dyn Denoiser> {
        self.denoiser
    }

    /// Sends `self.input` through all steps and appends what comes out, up to `due` samples of the stream.
    fn clean(&mut self, output: &mut Vec<i16>, due: u64) -> Result<()> {
        self.raised.clear();
        self.up.process(&self.input, &mut self.raised)?;
        self.output.clear();
        let mut raised = &self.raised[..];
        while let Some(frame) = self.framer.next_window(&mut raised) {
            self.denoiser.process(frame)?;
            self.down.process(frame, &mut self.output)?;
        }
        let wanted = usize::try_from(due - self.given).unwrap_or(usize::MAX).min(self.output.len());
        self.given += wanted as u64;
        pcm::extend_i16(&self.output[..wanted], output);
        Ok(())
    }
}

impl fmt::Debug for StreamDenoiser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamDenoiser")
            .field("rate", &self.rate)
            .field("inner_rate", &self.denoiser.sample_rate())
            .field("delay_samples", &self.delay_samples())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::TAU;

    /// Delays by a frame and halves, at any rate.
    struct Halve {
        rate: u32,
        held: Vec<f32>,
    }

    impl Halve {
        fn boxed(rate: u32, frame_len: usize) -> Box<dyn Denoiser> {
            Box::new(Self { rate, held: vec![0.0; frame_len] })
        }
    }

    impl Denoiser for Halve {
        fn sample_rate(&self) -> u32 {
            self.rate
        }
        fn frame_len(&self) -> usize {
            self.held.len()
        }
        fn latency(&self) -> usize {
            self.held.len()
        }
        fn process(&mut self, frame: &mut [f32]) -> Result<()> {
            for (sample, held) in frame.iter_mut().zip(&mut self.held) {
                *sample = std::mem::replace(held, *sample / 2.0);
            }
            Ok(())
        }
        fn reset(&mut self) {
            self.held.fill(0.0);
        }
    }

    /// A swept sine, so that a delay has one best match.
    fn sweep(samples: usize) -> Vec<i16> {
        let phase = |n: usize| TAU * (200.0 + n as f64 / 40.0) * n as f64 / 16_000.0;
        (0..samples).map(|n| (16_000.0 * phase(n).sin()) as i16).collect()
    }

    fn all(denoiser: &mut StreamDenoiser, pcm: &[i16]) -> Vec<i16> {
        let mut output = Vec::new();
        denoiser.push(pcm, &mut output).unwrap();
        denoiser.flush(&mut output).unwrap();
        output
    }

    #[test]
    fn the_output_is_the_input_cleaned_and_late_by_the_declared_delay() {
        for (rate, frame_len) in [(16_000, 160), (48_000, 480), (24_000, 240), (8_000, 80)] {
            let mut denoiser = StreamDenoiser::new(Halve::boxed(rate, frame_len), 16_000).unwrap();
            let delay = denoiser.delay_samples();
            let input = sweep(8_000);
            let output = all(&mut denoiser, &input);
            assert_eq!(output.len(), input.len() + delay, "{rate} Hz");
            let error = |lag: usize| -> i64 {
                let pairs = input[500..4_000].iter().zip(&output[500 + lag..]);
                pairs.map(|(a, b)| i64::from(i32::from(*a) / 2 - i32::from(*b)).pow(2)).sum()
            };
            let measured = (0..delay + 50).min_by_key(|&lag| error(lag)).unwrap();
            assert_eq!(measured, delay, "{rate} Hz");
            // Beyond the resampler's own 80 dB only the rounding to integers remains.
            assert!(error(delay) / 3_500 < 4, "{rate} Hz: {}", error(delay) / 3_500);
        }
    }

    #[test]
    fn a_denoiser_of_the_streams_own_rate_adds_only_its_own_delay() {
        let denoiser = StreamDenoiser::new(Halve::boxed(16_000, 160), 16_000).unwrap();
        assert_eq!(denoiser.delay_samples(), 160);
    }

    #[test]
    fn it_starts_afresh_after_a_flush() {
        let mut denoiser = StreamDenoiser::new(Halve::boxed(48_000, 480), 16_000).unwrap();
        let input = sweep(1_000);
        let first = all(&mut denoiser, &input);
        assert_eq!(all(&mut denoiser, &input), first);
        assert_eq!(all(&mut denoiser, &[]), vec![0; denoiser.delay_samples()]);
    }

    #[cfg(feature = "rnnoise")]
    #[test]
    fn rnnoise_at_16_khz_is_12_ms_late() {
        let denoiser = Box::new(crate::builtin::RnnoiseDenoiser::new());
        let mut denoiser = StreamDenoiser::new(denoiser, 16_000).unwrap();
        assert_eq!(denoiser.delay_samples(), 192);
        assert_eq!(all(&mut denoiser, &sweep(777)).len(), 777 + 192);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn chunking_never_changes_the_output(cuts in proptest::collection::vec(0..900_usize, 1..10)) {
            let input = sweep(cuts.iter().sum());
            let whole = all(&mut StreamDenoiser::new(Halve::boxed(48_000, 480), 16_000).unwrap(), &input);
            let mut denoiser = StreamDenoiser::new(Halve::boxed(48_000, 480), 16_000).unwrap();
            let (mut pieces, mut rest) = (Vec::new(), &input[..]);
            for cut in cuts {
                let (chunk, tail) = rest.split_at(cut);
                denoiser.push(chunk, &mut pieces).unwrap();
                rest = tail;
            }
            denoiser.flush(&mut pieces).unwrap();
            prop_assert_eq!(pieces, whole);
        }
    }
}
