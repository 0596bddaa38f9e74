use super::super::super::playout::{Playout, PlayoutConfig};
use super::*;
use proptest::prelude::*;
use std::time::Duration;

fn at(milliseconds: u64) -> SessionTime {
    SessionTime::from_millis(milliseconds)
}

fn loudspeaker(can_pause: bool) -> Loudspeaker {
    Loudspeaker::new(RATE, can_pause, SessionTime::ZERO).expect("16 kHz")
}

/// Samples that count up, so that each is recognisable.
fn sound(from: i16, milliseconds: i16) -> Bytes {
    let samples: Vec<i16> = (from..from + milliseconds * 16).collect();
    Bytes::from(pcm::to_bytes(&samples))
}

/// The sample that sounded at a moment; 0 is silence.
fn heard(loudspeaker: &mut Loudspeaker, moment: SessionTime, now: SessionTime) -> i16 {
    loudspeaker.advance(now).expect("16 kHz is never resampled");
    let mut far = [0.0];
    loudspeaker.tape().read(samples_at(moment, RATE) as i64, &mut far);
    pcm::to_i16(far[0])
}

#[test]
fn audio_sounds_at_the_pace_of_a_clock_from_when_it_is_handed_over() {
    let mut loudspeaker = loudspeaker(false);
    loudspeaker.play(sound(1, 100), at(50)).expect("16 kHz");
    loudspeaker.play(sound(1_601, 100), at(51)).expect("16 kHz");
    let now = at(400);
    let moments = [49, 50, 149, 150, 249, 250].map(|moment| heard(&mut loudspeaker, at(moment), now));
    assert_eq!(moments, [0, 1, 1_585, 1_601, 3_185, 0]);
    // It had run dry: what comes now sounds from now on.
    loudspeaker.play(sound(5_000, 10), now).expect("16 kHz");
    assert_eq!(heard(&mut loudspeaker, now, at(420)), 5_000);
}

#[test]
fn a_hold_is_silence_and_playback_goes_on_at_the_same_sample() {
    let mut loudspeaker = loudspeaker(true);
    loudspeaker.play(sound(1, 200), at(0)).expect("16 kHz");
    loudspeaker.hold(at(100)).expect("16 kHz");
    loudspeaker.resume(at(300)).expect("16 kHz");
    let moments = [99, 100, 299, 300, 399, 400].map(|moment| heard(&mut loudspeaker, at(moment), at(500)));
    assert_eq!(moments, [1_585, 0, 0, 1_601, 3_185, 0]);
}

#[test]
fn a_client_that_cannot_hold_plays_on() {
    let mut loudspeaker = loudspeaker(false);
    loudspeaker.play(sound(1, 200), at(0)).expect("16 kHz");
    loudspeaker.hold(at(100)).expect("16 kHz");
    assert_eq!(heard(&mut loudspeaker, at(150), at(500)), 2_401);
}

#[test]
fn what_is_cleared_never_sounds() {
    let mut loudspeaker = loudspeaker(true);
    loudspeaker.play(sound(1, 500), at(0)).expect("16 kHz");
    loudspeaker.clear(at(100)).expect("16 kHz");
    loudspeaker.begin();
    loudspeaker.play(sound(20_000, 10), at(200)).expect("16 kHz");
    let moments = [99, 100, 199, 200, 210].map(|moment| heard(&mut loudspeaker, at(moment), at(500)));
    assert_eq!(moments, [1_585, 0, 0, 20_000, 0]);
}

#[test]
fn a_listener_with_a_large_buffer_is_followed_and_a_nearer_one_is_left_to_the_canceller() {
    for (behind, followed) in [(250, 0), (500, 400)] {
        let mut loudspeaker = loudspeaker(false);
        loudspeaker.play(sound(1, 1_600), at(0)).expect("16 kHz");
        for report in (behind + 100..1_500).step_by(100) {
            loudspeaker.report((report - behind) * 16, at(report)).expect("16 kHz");
        }
        assert_eq!(heard(&mut loudspeaker, at(followed), at(1_500)), 1, "{behind} ms behind");
        assert_eq!(heard(&mut loudspeaker, at(followed + 1_000), at(1_500)), 16_001, "{behind} ms behind");
    }
}

#[test]
fn a_listener_ahead_of_the_clock_is_right() {
    let mut loudspeaker = loudspeaker(true);
    loudspeaker.play(sound(1, 500), at(0)).expect("16 kHz");
    loudspeaker.hold(at(100)).expect("16 kHz");
    loudspeaker.report(3_200, at(150)).expect("16 kHz");
    loudspeaker.resume(at(200)).expect("16 kHz");
    assert_eq!(heard(&mut loudspeaker, at(200), at(600)), 3_201);
}

#[test]
fn a_microphone_that_was_silent_for_an_hour_costs_nothing_and_finds_the_present() {
    let mut loudspeaker = Loudspeaker::new(24_000, false, SessionTime::ZERO).expect("24 kHz");
    let second = Bytes::from(pcm::to_bytes(&[8_000; 24_000]));
    loudspeaker.play(second.clone(), at(0)).expect("24 kHz");
    let now = at(3_600_000);
    loudspeaker.play(second, now).expect("24 kHz");
    assert_eq!(heard(&mut loudspeaker, now - Duration::from_millis(100), now), 0);
    let later = now + Duration::from_millis(500);
    let level = heard(&mut loudspeaker, now + Duration::from_millis(250), later);
    assert!((7_900..8_100).contains(&level), "{level}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// What playout takes for played, the loudspeaker has let sound: to the sample, whatever happens when.
    #[test]
    fn it_is_where_playout_says_the_listener_is(
        can_pause: bool,
        steps in proptest::collection::vec((0..5_u8, 1..400_u64), 1..60),
    ) {
        let config = PlayoutConfig { rate: RATE, ahead: Duration::from_millis(600), can_pause };
        let (mut now, mut held) = (SessionTime::ZERO, false);
        let mut playout = Playout::new(config, false, now);
        let mut loudspeaker = loudspeaker(can_pause);
        for (step, milliseconds) in steps {
            match step {
                0 if !held => { playout.hold(now); loudspeaker.hold(now).expect("16 kHz"); held = true; }
                1 if held => { playout.resume(now); loudspeaker.resume(now).expect("16 kHz"); held = false; }
                _ => playout.push(Bytes::from(vec![1; milliseconds as usize * 32])),
            }
            while let Some(piece) = playout.release(now) {
                loudspeaker.play(piece, now).expect("16 kHz");
            }
            now = now + Duration::from_millis(milliseconds);
            loudspeaker.advance(now).expect("16 kHz");
            prop_assert_eq!(loudspeaker.over, playout.position(now));
        }
    }
}
