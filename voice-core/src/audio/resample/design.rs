//! The low-pass filter between two rates.

use std::f64::consts::PI;

/// Half the filter's length, in samples of the lower rate. It is also the filter's delay: 1 ms for 16 kHz.
pub(super) const HALF_LENGTH: usize = 16;

/// Where the filter has fallen by 6 dB, as a share of the lower rate's Nyquist frequency.
const CUTOFF: f64 = 0.96;

/// Shape of the Kaiser window. With 32 samples of the lower rate and the cutoff above this gives −0.2 dB at 85 % of the
/// lower Nyquist frequency (6.8 of 8 kHz, 3.4 of 4 kHz), −0.6 dB at 87.5 %, and more than 80 dB of rejection from
/// 112.5 % on (9 kHz, 4.5 kHz): only what lies above 7 kHz can leave an image, and that above 9 kHz none.
const KAISER_BETA: f64 = 8.0;

/// The impulse response of a Kaiser-windowed sinc, `2 · half` long with its centre at index `half`, where `half` is
/// [`HALF_LENGTH`] times `per_sample` points of the lower rate.
///
/// Source of the design: J. F. Kaiser and R. W. Schafer, "On the use of the I0-sinh window for spectrum analysis",
/// IEEE Trans. ASSP 28 (1980).
pub(super) fn low_pass(per_sample: usize) -> Vec<f64> {
    let half = (HALF_LENGTH * per_sample) as f64;
    (0..2 * HALF_LENGTH * per_sample)
        .map(|index| {
            let offset = index as f64 - half;
            let edge = offset / half;
            let window = bessel_i0(KAISER_BETA * (1.0 - edge * edge).max(0.0).sqrt()) / bessel_i0(KAISER_BETA);
            // The response is symmetric about `half`; its one sample without a partner would skew the phase.
            if index == 0 { 0.0 } else { window * sinc(CUTOFF * offset / per_sample as f64) }
        })
        .collect()
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The modified Bessel function of the first kind and order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-16 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bessel_matches_its_table() {
        // Abramowitz and Stegun, table 9.8.
        for (x, expected) in [(0.0, 1.0), (1.0, 1.266_065_877_752_008), (8.0, 427.564_115_721_804_8)] {
            assert!((bessel_i0(x) / expected - 1.0).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn the_response_is_symmetric() {
        let response = low_pass(3);
        assert_eq!(response.len(), 96);
        for offset in 1..48 {
            assert!((response[48 - offset] - response[48 + offset]).abs() < 1e-15);
        }
    }
}
