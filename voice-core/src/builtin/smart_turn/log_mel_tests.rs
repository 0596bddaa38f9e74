use super::*;
use crate::audio::Wav;

/// Figures of Whisper's own feature extractor; `tests/fixtures/make_smart_turn_fixture.py` says how they were taken.
const FIGURES: &str = include_str!("../../../tests/fixtures/smart_turn_features.csv");

fn speech() -> Vec<i16> {
    Wav::parse(include_bytes!("../../../tests/fixtures/silero_speech.wav")).unwrap().samples
}

/// Some of a clip's times, with the value of each filter.
struct Expected {
    clip: std::ops::Range<usize>,
    times: Vec<(usize, Vec<f32>)>,
}

fn expected() -> Vec<Expected> {
    let mut clips = Vec::new();
    for line in FIGURES.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once(',').unwrap();
        if name == "clip" {
            let (from, to) = rest.split_once(',').unwrap();
            clips.push(Expected { clip: from.parse().unwrap()..to.parse().unwrap(), times: Vec::new() });
        } else {
            let values = rest.split(',').map(|value| value.parse().unwrap()).collect();
            clips.last_mut().unwrap().times.push((name.parse().unwrap(), values));
        }
    }
    clips
}

#[test]
fn equal_those_of_whispers_feature_extractor() {
    let (speech, mut log_mel, mut compared) = (speech(), LogMel::new(), 0);
    for Expected { clip, times } in expected() {
        let values = log_mel.of(&speech[clip.clone()]).unwrap();
        let mut worst = 0.0_f32;
        for (time, filters) in &times {
            assert_eq!(filters.len(), MELS);
            for (mel, value) in filters.iter().enumerate() {
                worst = worst.max((values[mel * FRAMES + time] - value).abs());
                compared += 1;
            }
        }
        println!("{clip:?}: largest difference {worst:.1e}");
        assert!(worst <= 2e-4, "{clip:?} differs by {worst}");
    }
    assert!(compared >= 3_000, "{compared} figures compared");
}

#[test]
fn of_long_audio_only_the_last_eight_seconds_count() {
    let speech = speech();
    assert!(speech.len() > SAMPLES);
    let mut log_mel = LogMel::new();
    let tail = log_mel.of(&speech[speech.len() - SAMPLES..]).unwrap().to_vec();
    assert_eq!(log_mel.of(&speech).unwrap(), tail);
}

#[test]
fn how_loud_somebody_speaks_does_not_count() {
    let speech = &speech()[..40_000];
    let soft: Vec<i16> = speech.iter().map(|sample| sample / 4 * 2).collect();
    let loud: Vec<i16> = soft.iter().map(|sample| sample * 2).collect();
    let mut log_mel = LogMel::new();
    let values = log_mel.of(&soft).unwrap().to_vec();
    let worst = log_mel.of(&loud).unwrap().iter().zip(&values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-3, "{worst}");
}

#[test]
fn silence_is_the_floor_everywhere() {
    let mut log_mel = LogMel::new();
    for audio in [&[][..], &[0; 1_000], &[0; 2 * SAMPLES]] {
        assert!(log_mel.of(audio).unwrap().iter().all(|value| *value == -1.5));
    }
}
