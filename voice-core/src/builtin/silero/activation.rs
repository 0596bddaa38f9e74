//! The non-linear functions, to within 1e-6 of the exact ones.

use super::simd::Simd;

/// e^x for x in −87 … 88.
///
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2 (Cody and Waite's two-part ln 2), e^r by its Taylor series, whose first term left
/// out, r⁷/7!, is below 1.2e-7.
#[inline(always)]
fn exp<S: Simd<N>, const N: usize>(simd: S, x: S::Vector) -> S::Vector {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const TAYLOR: [f32; 6] = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0];
    // Adding 1.5·2²³ leaves no bits for a fraction, so the sum is rounded to an integer.
    const ROUND: f32 = 12_582_912.0;

    let round = simd.splat(ROUND);
    let n = simd.sub(simd.mul_add(x, simd.splat(std::f32::consts::LOG2_E), round), round);
    let r = simd.mul_add(n, simd.splat(-LN_2_HIGH), x);
    let r = simd.mul_add(n, simd.splat(-LN_2_LOW), r);
    let mut sum = simd.splat(TAYLOR[0]);
    for term in &TAYLOR[1..] {
        sum = simd.mul_add(sum, r, simd.splat(*term));
    }
    simd.mul(simd.mul_add(sum, r, simd.splat(1.0)), simd.exp2_integer(n))
}

/// 1 / (1 + e^−x).
#[inline(always)]
pub(super) fn sigmoid<S: Simd<N>, const N: usize>(simd: S, x: S::Vector) -> S::Vector {
    // Past ±30 the result is 0 or 1 to within 1e-13.
    let x = simd.min(simd.max(x, simd.splat(-30.0)), simd.splat(30.0));
    let one = simd.splat(1.0);
    simd.div(one, simd.add(one, exp(simd, simd.sub(simd.splat(0.0), x))))
}

/// The hyperbolic tangent, 2·sigmoid(2x) − 1.
#[inline(always)]
pub(super) fn tanh<S: Simd<N>, const N: usize>(simd: S, x: S::Vector) -> S::Vector {
    let twice = sigmoid(simd, simd.add(x, x));
    simd.sub(simd.add(twice, twice), simd.splat(1.0))
}

#[cfg(test)]
mod tests {
    use super::super::simd::Portable;
    use super::*;

    #[test]
    fn are_within_one_millionth_of_the_exact_functions() {
        for step in -40_000..=40_000 {
            let x = step as f32 / 1000.0;
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            let ours = f64::from(sigmoid(Portable, [x; 8])[3]);
            assert!((ours - exact).abs() < 1e-6, "sigmoid({x}) is {exact}, got {ours}");
            let ours = f64::from(tanh(Portable, [x; 8])[5]);
            let exact = f64::from(x).tanh();
            assert!((ours - exact).abs() < 1e-6, "tanh({x}) is {exact}, got {ours}");
        }
    }
}
