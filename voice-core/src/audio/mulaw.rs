//! G.711 μ-law, the 8 kHz telephone codec: 8 bits a sample, about 13 bits of range.
//!
//! ITU-T G.711 (11/88), tables 2a and 2b: sign, three bits of segment, four bits of step within it, all inverted on
//! the line. Samples are scaled from the 14-bit range of the recommendation to 16 bits.

/// Added to a magnitude before its segment is found: 33 in the recommendation's 14-bit scale.
const BIAS: u16 = 132;
/// The largest magnitude that is still distinguished.
const CLIP: u16 = 32_635;

/// One linear sample as a μ-law byte. Magnitudes above 32,635 are clipped.
pub fn encode(sample: i16) -> u8 {
    let biased = sample.unsigned_abs().min(CLIP) + BIAS;
    // `biased` lies in 132 … 32,767, so its highest bit is 7 … 14 and the segment 0 … 7.
    let segment = 8 - (biased.leading_zeros() as u8);
    let step = (biased >> (segment + 3)) as u8 & 0x0f;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | segment << 4 | step)
}

/// One μ-law byte as a linear sample in −32,124 … 32,124.
pub fn decode(byte: u8) -> i16 {
    let code = !byte;
    let segment = code >> 4 & 7;
    let step = i16::from(code & 0x0f);
    let magnitude = (((step << 3) + 132) << segment) - 132;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

/// Appends linear samples as μ-law bytes.
pub fn extend_encoded(samples: &[i16], output: &mut Vec<u8>) {
    output.extend(samples.iter().map(|&sample| encode(sample)));
}

/// Appends μ-law bytes as linear samples.
pub fn extend_decoded(bytes: &[u8], output: &mut Vec<i16>) {
    output.extend(bytes.iter().map(|&byte| decode(byte)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points_of_the_table() {
        // Positive and negative zero, the smallest step, the extremes, and the start of segment 4.
        for (byte, sample) in
            [(0xff, 0), (0x7f, 0), (0xfe, 8), (0x7e, -8), (0x80, 32_124), (0x00, -32_124), (0xbf, 1_980)]
        {
            assert_eq!(decode(byte), sample, "{byte:#04x}");
        }
        for (sample, byte) in [(0, 0xff), (i16::MAX, 0x80), (i16::MIN, 0x00), (8, 0xfe), (-8, 0x7e), (1_000, 0xce)] {
            assert_eq!(encode(sample), byte, "{sample}");
        }
    }

    #[test]
    fn every_byte_but_negative_zero_survives_decoding_and_encoding() {
        for byte in 0..=u8::MAX {
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(encode(decode(byte)), expected, "{byte:#04x}");
        }
    }

    #[test]
    fn the_error_is_at_most_half_a_step_of_the_segment() {
        for sample in -32_124..=32_124_i16 {
            let byte = encode(sample);
            let half_step = 4 << (!byte >> 4 & 7);
            let error = (i32::from(decode(byte)) - i32::from(sample)).abs();
            assert!(error <= half_step, "{sample}: off by {error}");
        }
    }
}
