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

/// Computes `OUT` frames from `IN` frames, panel by panel of `U` vectors.
///
/// `input(channel, frame)` reads a value, `output(frame, first, sums)` takes the `N` outputs from `first` on.
#[inline(always)]
pub(super) fn convolve<S, const N: usize, const U: usize, const IN: usize, const OUT: usize>(
    simd: S,
    shape: Shape,
    layer: &Packed,
    input: impl Fn(usize, usize) -> f32,
    mut output: impl FnMut(usize, usize, S::Vector),
) where
    S: Simd<N>,
{
    debug_assert_eq!(layer.panel, U * N);
    let panels = layer.vectors::<N>().chunks_exact(shape.channels * shape.taps * U);
    let biases = layer.bias.as_chunks::<N>().0.chunks_exact(U);
    for (panel, (weights, bias)) in panels.zip(biases).enumerate() {
        let mut sums: [[S::Vector; OUT]; U] = std::array::from_fn(|u| [simd.load(&bias[u]); OUT]);
        for (channel, taps) in weights.chunks_exact(shape.taps * U).enumerate() {
            let frames: [S::Vector; IN] = std::array::from_fn(|frame| simd.splat(input(channel, frame)));
            for (tap, vectors) in taps.chunks_exact(U).enumerate() {
                for u in 0..U {
                    let weight = simd.load(&vectors[u]);
                    for (out, sum) in sums[u].iter_mut().enumerate() {
                        let frame = out * shape.stride + tap;
                        if frame >= shape.padding && frame - shape.padding < IN {
                            *sum = simd.mul_add(weight, frames[frame - shape.padding], *sum);
                        }
                    }
                }
            }
        }
        for (u, frames) in sums.into_iter().enumerate() {
            for (out, sum) in frames.into_iter().enumerate() {
                output(out, (panel * U + u) * N, sum);
            }
        }
    }
}
