//! Speech to measure with.

use voice_core::Result;
use voice_core::audio::Wav;

/// Committed speech of about ten seconds, with pauses: 16 kHz mono.
///
/// # Errors
/// When the file is no WAV file.
pub fn spoken() -> Result<Vec<i16>> {
    Ok(Wav::parse(include_bytes!("../../voice-core/tests/fixtures/silero_speech.wav"))?.samples)
}

/// One second of a buzz with the rhythm of syllables and some hiss.
pub fn buzz(rate: u32) -> Vec<i16> {
    let mut noise = 1_u32;
    let tone = |n: u32, hz: f32| (std::f32::consts::TAU * hz * n as f32 / rate as f32).sin();
    (0..rate)
        .map(|n| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = (noise >> 16) as f32 / 65_536.0 - 0.5;
            let voice: f32 = (1..20).map(|k| tone(n, 120.0 * k as f32)).sum();
            (300.0 * voice * (0.6 + 0.4 * tone(n, 4.0)) + 200.0 * hiss) as i16
        })
        .collect()
}
