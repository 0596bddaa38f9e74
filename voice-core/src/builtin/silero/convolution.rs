//! One-dimensional convolution over a handful of frames, and the matrix–vector product as its smallest case.
//!
//! The weights of a layer are read once, front to back, whatever the number of frames: outputs stand in the lanes of a
//! few vectors (a panel), each weight vector is multiplied with all the frames it meets, and the accumulators of all
//! frames stay in registers.

use super::simd::Simd;

/// What a layer computes, with the taps that can only meet padding left out.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) outputs: usize,
    pub(super) channels: usize,
    /// Taps kept of each kernel.
    pub(super) taps: usize,
    /// Frames between the kernel's positions.
    pub(super) stride: usize,
    /// Zero frames before the first one, as seen by the kept taps.
    pub(super) padding: usize,
    /// Values from one channel of the input to the next.
    pub(super) channel_step: usize,
    /// Values from one frame of the input to the next.
    pub(super) frame_step: usize,
    /// Whether negative sums become zero.
    pub(super) rectified: bool,
}

/// Weights in the order in which [`convolve`] reads them, 64-byte aligned.
pub(super) struct Packed {
    storage: Box<[f32]>,
    start: usize,
    panel: usize,
    bias: Box<[f32]>,
}

const ALIGNMENT: usize = 64;

impl Packed {
    /// Packs for panels of `panel` outputs; `weight(output, channel, tap)` and `bias` are the layer as trained.
    pub(super) fn new(shape: Shape, panel: usize, bias: Vec<f32>, weight: impl Fn(usize, usize, usize) -> f32) -> Self {
        let slack = ALIGNMENT / size_of::<f32>();
        let mut storage = vec![0.0; shape.outputs * shape.channels * shape.taps + slack].into_boxed_slice();
        // `align_offset` may give up in theory; alignment matters to speed alone.
        let start = storage.as_ptr().align_offset(ALIGNMENT).min(slack);
        let mut slots = storage[start..].iter_mut();
        for first in (0..shape.outputs).step_by(panel) {
            for channel in 0..shape.channels {
                for tap in 0..shape.taps {
                    for (output, slot) in (first..first + panel).zip(&mut slots) {
                        *slot = weight(output, channel, tap);
                    }
                }
            }
        }
        Self { storage, start, panel, bias: bias.into_boxed_slice() }
    }

    #[inline(always)]
    fn vectors<const N: usize>(&self) -> &[[f32; N]] {
        self.storage[self.start..].as_chunks().0
    }
}

/// Computes `OUT` frames of all outputs, one frame after the other, from `IN` frames; panel by panel of `U` vectors.
///
/// Loops stand here as counted ones, without closures: the compiler unrolls them all and keeps `sums` in registers.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "see above")]
pub(super) fn convolve<S, const N: usize, const U: usize, const TAPS: usize, const IN: usize, const OUT: usize>(
    simd: S,
    shape: Shape,
    layer: &Packed,
    input: &[f32],
    output: &mut [f32],
) where
    S: Simd<N>,
{
    debug_assert_eq!((layer.panel, shape.taps), (U * N, TAPS));
    let kernels = layer.vectors::<N>().as_chunks::<U>().0.as_chunks::<TAPS>().0;
    let biases = layer.bias.as_chunks::<N>().0.as_chunks::<U>().0;
    for panel in 0..shape.outputs / (U * N) {
        let mut sums = [[simd.splat(0.0); OUT]; U];
        for u in 0..U {
            sums[u] = [simd.load(&biases[panel][u]); OUT];
        }
        let channels = &kernels[panel * shape.channels..][..shape.channels];
        for channel in 0..shape.channels {
            let mut frames = [simd.splat(0.0); IN];
            for frame in 0..IN {
                frames[frame] = simd.splat(input[channel * shape.channel_step + frame * shape.frame_step]);
            }
            for tap in 0..TAPS {
                for u in 0..U {
                    let weight = simd.load(&channels[channel][tap][u]);
                    for out in 0..OUT {
                        let frame = out * shape.stride + tap;
                        if frame >= shape.padding && frame - shape.padding < IN {
                            sums[u][out] = simd.mul_add(weight, frames[frame - shape.padding], sums[u][out]);
                        }
                    }
                }
            }
        }
        for out in 0..OUT {
            for u in 0..U {
                let sum = if shape.rectified { simd.max(sums[u][out], simd.splat(0.0)) } else { sums[u][out] };
                simd.store(sum, &mut output.as_chunks_mut::<N>().0[out * shape.outputs / N + panel * U + u]);
            }
        }
    }
}
