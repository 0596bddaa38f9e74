//! Audio and expected probabilities for the tests of Silero.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use voice_core::stage::Vad;

/// Samples of a window.
pub const WINDOW: usize = 512;

/// One line of a file of expected probabilities.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// The next window has this probability.
    Expect(f32),
    /// The detector is reset here.
    Reset,
}

/// Reads `window,probability` lines, `reset` lines and `#` comments.
pub fn expectations(csv: &str) -> Vec<Step> {
    let lines = csv.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let steps = lines.map(|line| match line.split_once(',') {
        Some((_, probability)) => Step::Expect(probability.parse().unwrap()),
        None => {
            assert_eq!(line, "reset");
            Step::Reset
        }
    });
    steps.collect()
}

/// The samples of a 16 kHz mono PCM16 file, whatever chunks stand before its data.
pub fn read_wav(file: &[u8]) -> Vec<f32> {
    assert_eq!((&file[..4], &file[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
    let mut rest = &file[12..];
    let mut format = None;
    loop {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        let body = &rest[8..8 + length.min(rest.len() - 8)];
        match &rest[..4] {
            b"fmt " => format = Some(body[..16].to_vec()),
            b"data" => {
                // PCM, mono, 16,000 Hz, 32,000 bytes a second, 2 bytes a frame, 16 bits a sample.
                assert_eq!(format.unwrap(), [1, 0, 1, 0, 0x80, 0x3e, 0, 0, 0, 0x7d, 0, 0, 2, 0, 16, 0]);
                let samples = body.as_chunks::<2>().0.iter();
                return samples.map(|sample| f32::from(i16::from_le_bytes(*sample)) / 32_768.0).collect();
            }
            _ => {}
        }
        rest = &rest[8 + length + length % 2..];
    }
}

/// Synthetic speech (see `fixtures/make_silero_fixture.py`) and what ONNX Runtime says about it.
pub fn speech_fixture() -> (Vec<f32>, Vec<Step>) {
    let audio = read_wav(include_bytes!("../fixtures/silero_speech.wav"));
    (audio, expectations(include_str!("../fixtures/silero_speech.csv")))
}

/// A recorded voice, where it lies beside the project.
pub fn jfk() -> Option<(Vec<f32>, Vec<Step>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/audio");
    let audio = std::fs::read(folder.join("jfk.wav")).ok()?;
    let expected = std::fs::read_to_string(folder.join("jfk.silero.csv")).ok()?;
    Some((read_wav(&audio), expectations(&expected)))
}

/// The largest difference between the detector's probabilities and the expected ones.
pub fn worst_difference(vad: &mut impl Vad, audio: &[f32], steps: &[Step]) -> f32 {
    let mut windows = audio.chunks_exact(WINDOW);
    let mut worst = 0.0_f32;
    for step in steps {
        match *step {
            Step::Reset => vad.reset(),
            Step::Expect(probability) => {
                let heard = vad.speech_probability(windows.next().unwrap()).unwrap();
                assert!(heard.is_finite());
                worst = worst.max((heard - probability).abs());
            }
        }
    }
    assert!(windows.next().is_none(), "the file of expectations is shorter than the audio");
    worst
}

/// White noise of this peak.
pub fn noise(length: usize, peak: f32) -> Vec<f32> {
    let mut seed = 1_u32;
    let samples = (0..length).map(|_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        peak * (seed as i32 as f32 / 2_147_483_648.0)
    });
    samples.collect()
}
