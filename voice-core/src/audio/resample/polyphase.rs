//! Resampling by a ratio of small whole numbers: one bank of short filters, one dot product an output sample.

use super::design::{HALF_LENGTH, low_pass};

/// Input samples filtered at a time; bounds the buffer, not the call.
const BLOCK: usize = 480;

/// A polyphase filter that turns `down` samples into `up`.
///
/// Output sample m lies at input position m · down / up. Its whole part names the newest input sample it needs, its
/// fraction the phase: one of `up` filters that share the taps of the low-pass prototype.
#[derive(Debug, Clone)]
pub(super) struct Polyphase {
    up: usize,
    down: usize,
    taps: usize,
    /// `up` filters of `taps` coefficients, each in the order of time: oldest sample first.
    bank: Vec<f32>,
    /// The last `taps − 1` samples before the block, then the block.
    buffer: Vec<f32>,
    /// Newest sample that the next output needs, counted from the start of the next block.
    next: usize,
    phase: usize,
}

impl Polyphase {
    /// From `down` to `up`, which have no common divisor.
    pub(super) fn new(up: usize, down: usize) -> Self {
        // The prototype runs at the least common multiple of the rates, `up` times the input and `down` times the output.
        let prototype = low_pass(up.max(down));
        let taps = prototype.len() / up;
        let mut bank = Vec::with_capacity(prototype.len());
        // Each filter sees every `up`-th tap, so its share of the sum is what must be 1.
        let gain = prototype.iter().sum::<f64>() / up as f64;
        for phase in 0..up {
            let filter = prototype.iter().skip(phase).step_by(up);
            bank.extend(filter.rev().map(|tap| (tap / gain) as f32));
        }
        Self { up, down, taps, bank, buffer: vec![0.0; taps - 1 + BLOCK], next: 0, phase: 0 }
    }

    /// Output samples by which the output lags.
    pub(super) fn delay(&self) -> usize {
        HALF_LENGTH * self.up.max(self.down) / self.down
    }

    pub(super) fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        output.reserve(input.len() * self.up / self.down + 1);
        for block in input.chunks(BLOCK) {
            let history = self.taps - 1;
            self.buffer[history..history + block.len()].copy_from_slice(block);
            self.filter(block.len(), output);
            self.buffer.copy_within(block.len()..block.len() + history, 0);
        }
    }

    fn filter(&mut self, block_len: usize, output: &mut Vec<f32>) {
        while self.next < block_len {
            let filter = &self.bank[self.phase * self.taps..][..self.taps];
            output.push(dot(filter, &self.buffer[self.next..self.next + self.taps]));
            self.phase += self.down;
            self.next += self.phase / self.up;
            self.phase %= self.up;
        }
        self.next -= block_len;
    }

    pub(super) fn reset(&mut self) {
        self.buffer.fill(0.0);
        self.next = 0;
        self.phase = 0;
    }
}

/// Eight independent sums, so that the compiler may use vector registers without reordering any one sum.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    let [s0, s1, s2, s3, s4, s5, s6, s7] = lanes;
    ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)) + rest
}
