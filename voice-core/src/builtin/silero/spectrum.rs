//! Magnitude spectra of four overlapping frames at once, by a real FFT of 256.
//!
//! Each 256 real samples are taken as 128 complex ones (even samples real, odd samples imaginary), transformed by
//! decimation in frequency, and taken apart again (Sorensen et al., "Real-valued fast Fourier transform algorithms",
//! 1987). The four frames stand side by side in every array, so that each step is the same arithmetic on neighbours and
//! the compiler vectorises it for the instruction set of its caller. Loops are counted ones, without closures: a closure
//! that is not inlined would be compiled for the baseline instructions.
#![allow(clippy::needless_range_loop, reason = "see above")]

use std::f64::consts::PI;

/// Frames per window.
pub(super) const FRAMES: usize = 4;
/// Samples of a frame.
pub(super) const FRAME: usize = 256;
/// Samples from one frame to the next.
pub(super) const HOP: usize = 128;
/// Frequencies of a spectrum, 0 Hz to half the sampling rate.
pub(super) const BINS: usize = FRAME / 2 + 1;
/// Samples that the four frames span.
pub(super) const SPAN: usize = HOP * (FRAMES - 1) + FRAME;

const POINTS: usize = FRAME / 2;
const LANES: usize = POINTS * FRAMES;

/// The window and the roots of unity.
pub(super) struct Spectrum {
    window: [f32; FRAME],
    first: Twiddles<{ LANES / 4 }>,
    second: Twiddles<{ LANES / 16 }>,
    third: Twiddles<{ LANES / 64 }>,
    /// e^(−2πik/256) for k = 0 … 64.
    unpack: [(f32, f32); POINTS / 2 + 1],
}

/// For the four quarters of a radix-4 step the factors of quarters 1, 2 and 3, repeated for each frame.
struct Twiddles<const QUARTER: usize> {
    re: [[f32; QUARTER]; 3],
    im: [[f32; QUARTER]; 3],
}

fn root_of_unity(numerator: usize, denominator: usize) -> (f32, f32) {
    let angle = -2.0 * PI * (numerator % denominator) as f64 / denominator as f64;
    (angle.cos() as f32, angle.sin() as f32)
}

impl<const QUARTER: usize> Twiddles<QUARTER> {
    fn new() -> Self {
        let points = 4 * QUARTER / FRAMES;
        let factor = |branch: usize, lane: usize| root_of_unity((branch + 1) * (lane / FRAMES), points);
        Self {
            re: std::array::from_fn(|branch| std::array::from_fn(|lane| factor(branch, lane).0)),
            im: std::array::from_fn(|branch| std::array::from_fn(|lane| factor(branch, lane).1)),
        }
    }
}

impl Spectrum {
    pub(super) fn new(window: [f32; FRAME]) -> Self {
        Self {
            window,
            first: Twiddles::new(),
            second: Twiddles::new(),
            third: Twiddles::new(),
            unpack: std::array::from_fn(|k| root_of_unity(k, FRAME)),
        }
    }

    /// The magnitudes of each bin in the four frames.
    #[inline(always)]
    pub(super) fn magnitudes(&self, audio: &[f32; SPAN]) -> [[f32; FRAMES]; BINS] {
        let mut re = [0.0; LANES];
        let mut im = [0.0; LANES];
        for point in 0..POINTS {
            for frame in 0..FRAMES {
                let sample = 2 * point;
                re[FRAMES * point + frame] = audio[HOP * frame + sample] * self.window[sample];
                im[FRAMES * point + frame] = audio[HOP * frame + sample + 1] * self.window[sample + 1];
            }
        }
        radix_4(&mut re, &mut im, &self.first);
        radix_4(&mut re, &mut im, &self.second);
        radix_4(&mut re, &mut im, &self.third);
        radix_2(&mut re);
        radix_2(&mut im);
        self.unpack(re.as_chunks().0, im.as_chunks().0)
    }

    /// Splits the spectra of the even and odd samples and joins them to the power of bins k and 128 − k.
    #[inline(always)]
    fn unpack(&self, re: &[[f32; FRAMES]], im: &[[f32; FRAMES]]) -> [[f32; FRAMES]; BINS] {
        let mut bins = [[0.0; FRAMES]; BINS];
        for k in 0..=POINTS / 2 {
            let (low, high) = (POSITION[k], POSITION[(POINTS - k) % POINTS]);
            let (cos, sin) = self.unpack[k];
            for frame in 0..FRAMES {
                let even_re = 0.5 * (re[low][frame] + re[high][frame]);
                let even_im = 0.5 * (im[low][frame] - im[high][frame]);
                let odd_re = 0.5 * (im[low][frame] + im[high][frame]);
                let odd_im = 0.5 * (re[high][frame] - re[low][frame]);
                let turned_re = cos * odd_re - sin * odd_im;
                let turned_im = cos * odd_im + sin * odd_re;
                bins[k][frame] = power(even_re + turned_re, even_im + turned_im);
                bins[POINTS - k][frame] = power(even_re - turned_re, even_im - turned_im);
            }
        }
        for k in 0..BINS {
            for frame in 0..FRAMES {
                bins[k][frame] = bins[k][frame].sqrt();
            }
        }
        bins
    }
}

#[inline(always)]
fn power(re: f32, im: f32) -> f32 {
    re * re + im * im
}

/// Where the transform leaves frequency k: its digits (4, 4, 4, 2) reversed.
const POSITION: [usize; POINTS] = {
    let mut position = [0; POINTS];
    let mut k = 0;
    while k < POINTS {
        position[k] = ((k % 4 * 4 + k / 4 % 4) * 4 + k / 16 % 4) * 2 + k / 64;
        k += 1;
    }
    position
};

/// One step of decimation in frequency: each block of four quarters becomes four blocks of a quarter's size.
#[inline(always)]
fn radix_4<const QUARTER: usize>(re: &mut [f32; LANES], im: &mut [f32; LANES], twiddles: &Twiddles<QUARTER>) {
    let re = re.as_chunks_mut::<QUARTER>().0.as_chunks_mut::<4>().0;
    let im = im.as_chunks_mut::<QUARTER>().0.as_chunks_mut::<4>().0;
    for block in 0..LANES / (4 * QUARTER) {
        let (re, im) = (&mut re[block], &mut im[block]);
        for lane in 0..QUARTER {
            let (sum_re, sum_im) = (re[0][lane] + re[2][lane], im[0][lane] + im[2][lane]);
            let (difference_re, difference_im) = (re[0][lane] - re[2][lane], im[0][lane] - im[2][lane]);
            let (odd_sum_re, odd_sum_im) = (re[1][lane] + re[3][lane], im[1][lane] + im[3][lane]);
            let (odd_difference_re, odd_difference_im) = (re[1][lane] - re[3][lane], im[1][lane] - im[3][lane]);
            let branches = [
                (difference_re + odd_difference_im, difference_im - odd_difference_re),
                (sum_re - odd_sum_re, sum_im - odd_sum_im),
                (difference_re - odd_difference_im, difference_im + odd_difference_re),
            ];
            re[0][lane] = sum_re + odd_sum_re;
            im[0][lane] = sum_im + odd_sum_im;
            for branch in 0..3 {
                let (branch_re, branch_im) = branches[branch];
                let (cos, sin) = (twiddles.re[branch][lane], twiddles.im[branch][lane]);
                re[branch + 1][lane] = branch_re * cos - branch_im * sin;
                im[branch + 1][lane] = branch_re * sin + branch_im * cos;
            }
        }
    }
}

/// The last step, on pairs of points.
#[inline(always)]
fn radix_2(values: &mut [f32; LANES]) {
    for pair in values.as_chunks_mut::<{ 2 * FRAMES }>().0 {
        for frame in 0..FRAMES {
            let (a, b) = (pair[frame], pair[FRAMES + frame]);
            pair[frame] = a + b;
            pair[FRAMES + frame] = a - b;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(samples: &[f32], window: &[f32; FRAME], bin: usize) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, (sample, weight)) in samples.iter().zip(window).enumerate() {
            let angle = 2.0 * PI * (bin * n) as f64 / FRAME as f64;
            let value = f64::from(*sample) * f64::from(*weight);
            re += value * angle.cos();
            im -= value * angle.sin();
        }
        re.hypot(im)
    }

    #[test]
    fn equals_the_transform_by_its_definition() {
        let window = std::array::from_fn(|n| (0.5 - 0.5 * (2.0 * PI * n as f64 / FRAME as f64).cos()) as f32);
        let mut noise = 1_u32;
        let audio: [f32; SPAN] = std::array::from_fn(|n| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise as i32 as f32 / 2.0_f32.powi(31)) * 0.3 + (n as f32 * 0.37).sin() * 0.5 + 0.1
        });
        let bins = Spectrum::new(window).magnitudes(&audio);
        for (bin, frames) in bins.iter().enumerate() {
            for (frame, magnitude) in frames.iter().enumerate() {
                let exact = direct(&audio[HOP * frame..], &window, bin);
                assert!((f64::from(*magnitude) - exact).abs() < 2e-5, "bin {bin}, frame {frame}: {magnitude}, {exact}");
            }
        }
    }
}
