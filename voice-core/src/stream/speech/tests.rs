use super::*;
use proptest::prelude::*;
use std::time::Duration;

const WINDOW: usize = 512;

/// Takes the mean amplitude for the probability.
struct Amplitude {
    resets: usize,
}

impl Vad for Amplitude {
    fn sample_rate(&self) -> u32 {
        RATE
    }
    fn window_len(&self) -> usize {
        WINDOW
    }
    fn speech_probability(&mut self, window: &[f32]) -> Result<f32> {
        if window[0] > 0.99 {
            return Err(Error::new(ErrorKind::Internal, Stage::Vad, "broken"));
        }
        Ok(window.iter().map(|sample| sample.abs()).sum::<f32>() / window.len() as f32)
    }
    fn reset(&mut self) {
        self.resets += 1;
    }
}

/// Settings without adaptation, for exact expectations: two windows begin, six end, 100 ms of padding.
fn plain() -> SpeechConfig {
    // A pause is two windows below the threshold.
    let pauses = SpeechConfig { pause_threshold: 0.5, pause_ms: 64, ..SpeechConfig::default() };
    SpeechConfig { prefix_padding_ms: 100, noise_rise: 0.0, agent_rise: 0.0, ..pauses }
}

fn detector(config: SpeechConfig) -> SpeechDetector {
    SpeechDetector::new(Box::new(Amplitude { resets: 0 }), config).unwrap()
}

/// Windows of these probabilities. The lowest bits count, so that every stretch of samples is recognisable.
fn windows(probabilities: &[f32]) -> Vec<i16> {
    let levels = probabilities.iter().flat_map(|&probability| [(probability * 32_000.0) as i16; WINDOW]);
    levels.enumerate().map(|(n, level)| level + (n % 257) as i16).collect()
}

fn collect(detector: &mut SpeechDetector, pcm: &[i16]) -> Vec<SpeechItem<'static>> {
    let mut items = Vec::new();
    detector.push(pcm, |item| items.push(item.into_owned())).unwrap();
    items
}

fn audio<'a>(items: &'a [SpeechItem<'_>]) -> Vec<(u64, &'a [i16])> {
    let pieces = items.iter().filter_map(|item| match item {
        SpeechItem::Audio { at, pcm } => Some((at.as_samples(RATE), &pcm[..])),
        SpeechItem::Started { .. }
        | SpeechItem::Paused { .. }
        | SpeechItem::Resumed { .. }
        | SpeechItem::Ended { .. } => None,
    });
    pieces.collect()
}

fn edges(items: &[SpeechItem<'_>]) -> Vec<SpeechItem<'static>> {
    let edge = |item: &&SpeechItem<'_>| matches!(item, SpeechItem::Started { .. } | SpeechItem::Ended { .. });
    let edges = items.iter().filter(edge);
    edges.cloned().map(SpeechItem::into_owned).collect()
}

/// The items with the audio between two edges in one piece.
fn joined(items: Vec<SpeechItem<'static>>) -> Vec<SpeechItem<'static>> {
    let mut joined: Vec<SpeechItem<'static>> = Vec::new();
    for item in items {
        match (joined.last_mut(), item) {
            (Some(SpeechItem::Audio { at, pcm }), SpeechItem::Audio { at: next, pcm: more })
                if next.as_samples(RATE) == at.as_samples(RATE) + pcm.len() as u64 =>
            {
                pcm.to_mut().extend_from_slice(&more);
            }
            (_, item) => joined.push(item),
        }
    }
    joined
}

fn window(n: u64) -> AudioTime {
    at(n * WINDOW as u64)
}

#[test]
fn an_utterance_is_started_given_with_its_padding_and_ended() {
    let input = windows(&[[0.0; 10].as_slice(), &[0.9; 4], &[0.1; 8]].concat());
    let items = collect(&mut detector(plain()), &input);

    let silence = Duration::from_millis(192);
    assert_eq!(edges(&items), [SpeechItem::Started { at: window(10) }, SpeechItem::Ended { at: window(14), silence }]);
    assert!(matches!(items[0], SpeechItem::Started { .. }));
    assert!(matches!(items.last(), Some(SpeechItem::Ended { .. })));

    let pieces = audio(&items);
    let (from, to) = (10 * WINDOW - 1_600, 20 * WINDOW);
    assert_eq!(pieces[0].0, from as u64);
    assert_eq!(pieces.iter().flat_map(|(_, pcm)| *pcm).copied().collect::<Vec<_>>(), input[from..to]);
}

#[test]
fn a_pause_is_told_once_before_it_is_known_whether_speech_ends() {
    let input = windows(&[[0.9; 3].as_slice(), &[0.1; 4], &[0.9; 2], &[0.1; 6]].concat());
    let items = collect(&mut detector(plain()), &input);
    let told: Vec<_> = items.iter().filter(|item| !matches!(item, SpeechItem::Audio { .. })).cloned().collect();
    let silence = Duration::from_millis(192);
    assert_eq!(
        told,
        [
            SpeechItem::Started { at: window(0) },
            SpeechItem::Paused { at: window(3) },
            SpeechItem::Resumed { at: window(7) },
            SpeechItem::Paused { at: window(9) },
            SpeechItem::Ended { at: window(9), silence },
        ]
    );
}

#[test]
fn the_padding_of_the_next_utterance_repeats_nothing() {
    let input = windows(&[[0.9; 3].as_slice(), &[0.1; 7], &[0.9; 3], &[0.1; 6]].concat());
    let config = SpeechConfig { prefix_padding_ms: 300, ..plain() };
    let items = collect(&mut detector(config), &input);
    // The first ends with window 8; the padding of the second would reach back to before it.
    let given: Vec<i16> = audio(&items).iter().flat_map(|(_, pcm)| *pcm).copied().collect();
    assert_eq!(given, input);
    assert_eq!(edges(&items).len(), 4);
}

#[test]
fn an_open_turn_is_given_in_its_pauses_too() {
    let mut detector = detector(plain());
    let input = windows(&[[0.9; 3].as_slice(), &[0.0; 30], &[0.9; 3], &[0.0; 30]].concat());
    let (turn, after) = input.split_at(50 * WINDOW);
    detector.set_turn_open(true);
    let mut items = collect(&mut detector, turn);
    detector.set_turn_open(false);
    items.extend(collect(&mut detector, after));
    let given: Vec<i16> = audio(&items).iter().flat_map(|(_, pcm)| *pcm).copied().collect();
    assert_eq!(given, turn);
}

#[test]
fn an_open_turn_is_given_frame_by_frame_and_waits_for_no_window() {
    let mut detector = detector(plain());
    let input = windows(&[[0.9; 3].as_slice(), &[0.0; 3]].concat());
    let mut given = 0;
    for (frames, frame) in input.chunks(320).enumerate() {
        detector.set_turn_open(frames > 4);
        given += audio(&collect(&mut detector, frame)).iter().map(|(_, pcm)| pcm.len()).sum::<usize>();
        // Two windows of speech open the turn with the fourth frame.
        let known = if frames < 3 { 0 } else { ((frames + 1) * 320).min(input.len()) };
        assert_eq!(given, known, "after frame {frames}");
    }
}

#[test]
fn a_stalled_microphone_ends_the_utterance() {
    let mut detector = detector(plain());
    let speech = windows(&[0.9; 4]);
    collect(&mut detector, &speech[..3 * WINDOW + 100]);
    let mut items = Vec::new();
    detector.insert_silence(4_800, |item| items.push(item.into_owned())).unwrap();
    // The window that is part speech still counts as such if it is loud enough; here it is not.
    let silence = Duration::from_millis(192);
    assert_eq!(edges(&items), [SpeechItem::Ended { at: window(3), silence }]);
    assert_eq!(detector.position(), at(3 * WINDOW as u64 + 100 + 4_800));
    assert_eq!((detector.is_speaking(), detector.probability()), (false, 0.0));
}

#[test]
fn a_microphone_that_was_late_goes_on_in_the_middle_of_the_word() {
    let mut detector = detector(plain());
    detector.set_turn_open(true);
    let input = windows(&[0.9; 8]);
    let (before, after) = input.split_at(4 * WINDOW + 100);
    let mut items = collect(&mut detector, before);
    for _ in 0..3 {
        detector.insert_silence(1_600, |item| items.push(item.into_owned())).unwrap();
    }
    items.extend(collect(&mut detector, after));
    detector.finish(|item| items.push(item.into_owned()));
    let pieces = audio(&items);
    let given: Vec<i16> = pieces.iter().flat_map(|(_, pcm)| *pcm).copied().collect();
    assert_eq!(given, input, "all of the word and nothing else");
    let resumed = 4 * WINDOW as u64 + 100 + 3 * 1_600;
    assert!(pieces.iter().any(|(position, _)| *position == resumed), "its time has passed all the same");
}

#[test]
fn finishing_gives_the_rest_and_ends() {
    let mut detector = detector(plain());
    let input = windows(&[0.9; 4]);
    let mut items = collect(&mut detector, &input[..3 * WINDOW + 77]);
    detector.finish(|item| items.push(item.into_owned()));
    let given: Vec<i16> = audio(&items).iter().flat_map(|(_, pcm)| *pcm).copied().collect();
    assert_eq!(given, input[..3 * WINDOW + 77]);
    let silence = detector.position().saturating_since(window(3));
    assert_eq!(items.last(), Some(&SpeechItem::Ended { at: window(3), silence }));
    // The stream may go on: positions count on, and windows begin anew.
    let items = collect(&mut detector, &input);
    assert_eq!(items[0], SpeechItem::Started { at: at(3 * WINDOW as u64 + 77) });
}

#[test]
fn an_error_of_the_vad_is_told_and_loses_no_audio() {
    let mut detector = detector(plain());
    let mut input = windows(&[[0.9; 4].as_slice(), &[0.0; 8]].concat());
    input[2 * WINDOW] = i16::MAX;
    let mut items = Vec::new();
    let error = detector.push(&input, |item| items.push(item.into_owned())).unwrap_err();
    assert_eq!(error.message(), "broken");
    let given: Vec<i16> = audio(&items).iter().flat_map(|(_, pcm)| *pcm).copied().collect();
    assert_eq!(given, input[..10 * WINDOW]);
}

#[test]
fn the_threshold_rises_with_the_room_and_while_the_agent_speaks() {
    let mut detector = detector(SpeechConfig::default());
    assert_eq!(detector.threshold(), 0.5);
    detector.set_agent_speaking(true);
    assert_eq!(detector.threshold(), 0.65);
    collect(&mut detector, &windows(&[0.6; 4]));
    assert!(!detector.is_speaking());
    detector.set_agent_speaking(false);
    // Ten seconds at an amplitude of 0.05, −26 dBFS.
    collect(&mut detector, &windows(&[0.05; 313]));
    assert!((detector.threshold() - 0.6).abs() < 1e-6, "{}", detector.threshold());
    assert!((-27.0..-25.0).contains(&detector.noise_dbfs()));
    collect(&mut detector, &windows(&[0.7; 2]));
    assert!(detector.is_speaking());
}

#[test]
fn a_reset_detector_is_as_good_as_new() {
    let input = windows(&[[0.0; 5].as_slice(), &[0.9; 4], &[0.1; 3]].concat());
    let mut detector = detector(SpeechConfig::default());
    let first = collect(&mut detector, &input);
    detector.reset();
    assert_eq!(detector.position(), AudioTime::ZERO);
    assert_eq!(collect(&mut detector, &input), first);
}

#[test]
fn settings_that_cannot_work_are_named() {
    let with = |config| SpeechDetector::new(Box::new(Amplitude { resets: 0 }), config).unwrap_err();
    let default = SpeechConfig::default;
    for (config, name) in [
        (SpeechConfig { threshold: 1.5, ..default() }, "threshold"),
        (SpeechConfig { threshold: f32::NAN, ..default() }, "threshold"),
        (SpeechConfig { exit_threshold: 0.6, ..default() }, "exit_threshold"),
        (SpeechConfig { prefix_padding_ms: 60_000, ..default() }, "prefix_padding_ms"),
    ] {
        let error = with(config);
        assert_eq!(error.kind(), &ErrorKind::InvalidConfig);
        assert!(error.message().contains(name), "{error}");
    }
}

#[test]
fn settings_are_read_with_their_defaults_and_unknown_ones_refused() {
    let config: SpeechConfig = serde_json::from_str(r#"{"min_silence_ms":320}"#).unwrap();
    assert_eq!(config, SpeechConfig { min_silence_ms: 320, ..SpeechConfig::default() });
    assert!(serde_json::from_str::<SpeechConfig>(r#"{"min_silence":320}"#).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn chunking_changes_nothing_and_audio_is_verbatim(
        runs in proptest::collection::vec((proptest::sample::select(vec![0.0_f32, 0.2, 0.4, 0.6, 0.9]), 1..9_usize), 1..25),
        cuts in proptest::collection::vec(1..2_000_usize, 1..80),
        offset in 0..WINDOW,
    ) {
        let probabilities: Vec<f32> = runs.iter().flat_map(|&(p, n)| std::iter::repeat_n(p, n)).collect();
        let input = windows(&probabilities).split_off(offset);
        let mut whole_detector = detector(SpeechConfig::default());
        let whole = collect(&mut whole_detector, &input);

        let mut pieces_detector = detector(SpeechConfig::default());
        let (mut pieces, mut rest, mut cuts) = (Vec::new(), &input[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (chunk, tail) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
            pieces.extend(collect(&mut pieces_detector, chunk));
            rest = tail;
        }
        prop_assert_eq!(joined(pieces), joined(whole.clone()));
        prop_assert_eq!(pieces_detector.position(), at(input.len() as u64));

        // Audio is a verbatim stretch of the input, only inside utterances, gapless there, never repeated.
        let (mut speaking, mut given, mut next) = (false, 0, None);
        for item in &whole {
            match item {
                SpeechItem::Started { at } => {
                    prop_assert!(!speaking);
                    prop_assert!(at.as_samples(RATE) <= input.len() as u64);
                    (speaking, next) = (true, None);
                }
                SpeechItem::Audio { at, pcm } => {
                    let from = at.as_samples(RATE) as usize;
                    prop_assert!(speaking && from >= given && next.is_none_or(|next| next == from));
                    prop_assert_eq!(&pcm[..], &input[from..from + pcm.len()]);
                    given = from + pcm.len();
                    next = Some(given);
                }
                SpeechItem::Resumed { .. } => prop_assert!(speaking),
                SpeechItem::Paused { at } => {
                    prop_assert!(speaking);
                    prop_assert!(at.as_samples(RATE) < given as u64, "the audio of the pause was given before it");
                }
                SpeechItem::Ended { at, silence } => {
                    prop_assert!(speaking);
                    let heard = self::at(given as u64).saturating_since(*at);
                    prop_assert_eq!(*silence, heard);
                    speaking = false;
                }
            }
        }
        prop_assert_eq!(speaking, whole_detector.is_speaking());
    }
}
