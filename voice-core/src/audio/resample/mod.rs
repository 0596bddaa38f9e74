//! Sample rate conversion of a stream of mono audio.

mod design;
mod polyphase;
mod sinc;
#[cfg(test)]
mod tests;

use super::pcm;
use crate::error::{Error, ErrorKind, Result, Stage};
use polyphase::Polyphase;
use sinc::SincResampler;

/// Rates accepted, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;
/// Samples converted from integers, or fed as silence, at a time.
const BLOCK: usize = 480;

/// Converts a stream of mono audio from one rate to another.
///
/// The output depends on the samples alone, never on how they were cut into calls. It lags the input by
/// [`delay_samples`](Self::delay_samples); for `n` samples in, `n · to / from` come out, and
/// [`flush`](Self::flush) gives the rest that the delay held back.
///
/// Rates in a simple ratio (8, 16, 24 and 48 kHz among each other) use a polyphase filter of 32 samples of the lower
/// rate: delay 16 of those (1 ms for 16 kHz), flat within 0.2 dB up to 85 % of the lower Nyquist frequency, images and
/// aliases from 112.5 % of it on rejected by 80 dB. Each call gives all the output that its input determines. Other
/// rates (44.1 kHz) interpolate a windowed sinc of 256 samples of the input, in blocks of 10 ms, with a delay of 128.
///
/// Nothing is allocated once the vectors have grown to their working size.
#[derive(Debug)]
pub struct Resampler {
    engine: Engine,
    from_hz: u32,
    to_hz: u32,
    taken: u64,
    given: u64,
    floats: Vec<f32>,
}

#[derive(Debug)]
enum Engine {
    Identity,
    Polyphase(Polyphase),
    Sinc(Box<SincResampler>),
}

impl Resampler {
    /// From `from_hz` to `to_hz`; equal rates pass samples through.
    ///
    /// # Errors
    /// `InvalidConfig` for rates outside 4 … 192 kHz.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self> {
        let engine = engine_for(from_hz, to_hz)?;
        Ok(Self { engine, from_hz, to_hz, taken: 0, given: 0, floats: Vec::new() })
    }

    /// The rate of the input, in Hz.
    pub fn from_hz(&self) -> u32 {
        self.from_hz
    }

    /// The rate of the output, in Hz.
    pub fn to_hz(&self) -> u32 {
        self.to_hz
    }

    /// Output samples by which the output lags the input.
    pub fn delay_samples(&self) -> usize {
        match &self.engine {
            Engine::Identity => 0,
            Engine::Polyphase(polyphase) => polyphase.delay(),
            Engine::Sinc(sinc) => sinc.delay(),
        }
    }

    /// Appends what `input` determines of the output. Samples are in −1 … 1 but not clipped.
    ///
    /// # Errors
    /// `Internal` when the engine for odd ratios fails; the simple ratios cannot.
    pub fn process(&mut self, input: &[f32], output: &mut Vec<f32>) -> Result<()> {
        let before = output.len();
        match &mut self.engine {
            Engine::Identity => output.extend_from_slice(input),
            Engine::Polyphase(polyphase) => polyphase.process(input, output),
            Engine::Sinc(sinc) => sinc.process(input, output)?,
        }
        self.taken += input.len() as u64;
        self.given += (output.len() - before) as u64;
        Ok(())
    }

    /// [`process`](Self::process) for integer samples; the output is rounded and saturates.
    ///
    /// # Errors
    /// As [`process`](Self::process).
    pub fn process_i16(&mut self, input: &[i16], output: &mut Vec<i16>) -> Result<()> {
        if matches!(self.engine, Engine::Identity) {
            output.extend_from_slice(input);
            return Ok(());
        }
        let mut floats = std::mem::take(&mut self.floats);
        let result = input.chunks(BLOCK).try_for_each(|chunk| {
            let mut block = [0.0; BLOCK];
            for (float, &sample) in block.iter_mut().zip(chunk) {
                *float = pcm::to_f32(sample);
            }
            floats.clear();
            self.process(&block[..chunk.len()], &mut floats)?;
            pcm::extend_i16(&floats, output);
            Ok(())
        });
        self.floats = floats;
        result
    }

    /// Ends the stream: appends what the delay held back, so that `⌈n · to / from⌉ + delay` samples came out for `n`
    /// in, then starts afresh.
    ///
    /// # Errors
    /// As [`process`](Self::process).
    pub fn flush(&mut self, output: &mut Vec<f32>) -> Result<()> {
        let due = (self.taken * u64::from(self.to_hz)).div_ceil(u64::from(self.from_hz)) + self.delay_samples() as u64;
        let end = output.len() + due.saturating_sub(self.given) as usize;
        while output.len() < end {
            self.process(&[0.0; BLOCK], output)?;
        }
        output.truncate(end);
        self.reset();
        Ok(())
    }

    /// [`flush`](Self::flush) for integer samples.
    ///
    /// # Errors
    /// As [`process`](Self::process).
    pub fn flush_i16(&mut self, output: &mut Vec<i16>) -> Result<()> {
        let mut floats = std::mem::take(&mut self.floats);
        floats.clear();
        let result = self.flush(&mut floats);
        pcm::extend_i16(&floats, output);
        self.floats = floats;
        result
    }

    /// Forgets the stream so far.
    pub fn reset(&mut self) {
        match &mut self.engine {
            Engine::Identity => {}
            Engine::Polyphase(polyphase) => polyphase.reset(),
            Engine::Sinc(sinc) => sinc.reset(),
        }
        self.taken = 0;
        self.given = 0;
    }
}

fn engine_for(from_hz: u32, to_hz: u32) -> Result<Engine> {
    let invalid = |message| Err(Error::new(ErrorKind::InvalidConfig, Stage::Audio, message));
    for rate in [from_hz, to_hz] {
        if !RATES.contains(&rate) {
            return invalid(format!("sample rate {rate} Hz is outside {} … {} Hz", RATES.start(), RATES.end()));
        }
    }
    if from_hz == to_hz {
        return Ok(Engine::Identity);
    }
    let divisor = greatest_common_divisor(from_hz, to_hz);
    let (up, down) = ((to_hz / divisor) as usize, (from_hz / divisor) as usize);
    // With 1 or 2 on one side both the delay and the number of taps come out whole.
    if up.max(down) <= 6 && up.min(down) <= 2 {
        return Ok(Engine::Polyphase(Polyphase::new(up, down)));
    }
    Ok(Engine::Sinc(Box::new(SincResampler::new(from_hz, to_hz)?)))
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
