use super::*;
use proptest::prelude::*;
use std::f64::consts::TAU;

const SIMPLE: [u32; 4] = [8_000, 16_000, 24_000, 48_000];
const ODD: [(u32, u32); 6] =
    [(44_100, 16_000), (44_101, 16_000), (16_000, 44_100), (22_050, 48_000), (48_000, 11_025), (12_000, 16_000)];

fn simple_pairs() -> impl Iterator<Item = (u32, u32)> {
    SIMPLE.iter().flat_map(|&from| SIMPLE.iter().map(move |&to| (from, to))).filter(|(from, to)| from != to)
}

fn all_pairs() -> impl Iterator<Item = (u32, u32)> {
    simple_pairs().chain(ODD)
}

fn sine(hz: f64, rate: u32, samples: usize) -> Vec<f32> {
    (0..samples).map(|n| (0.5 * (TAU * hz * n as f64 / f64::from(rate)).sin()) as f32).collect()
}

/// Noise in −0.5 … 0.5, the same every time.
fn noise(samples: usize) -> Vec<f32> {
    let mut state = 0x2545_f491_u32;
    (0..samples)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32 - 0.5
        })
        .collect()
}

fn resample(from: u32, to: u32, input: &[f32]) -> Vec<f32> {
    let mut output = Vec::new();
    Resampler::new(from, to).unwrap().process(input, &mut output).unwrap();
    output
}

/// Power at one frequency relative to a 0.5 sine, in dB, over the settled middle of `signal`.
fn gain_db(signal: &[f32], rate: u32, hz: f64) -> f64 {
    let middle = &signal[signal.len() / 4..signal.len() * 3 / 4];
    let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
    for (n, &sample) in middle.iter().enumerate() {
        let window = 0.5 - 0.5 * (TAU * n as f64 / middle.len() as f64).cos();
        let angle = TAU * hz * n as f64 / f64::from(rate);
        re += window * f64::from(sample) * angle.cos();
        im += window * f64::from(sample) * angle.sin();
        weight += window;
    }
    20.0 * (2.0 * re.hypot(im) / weight / 0.5).max(1e-9).log10()
}

#[test]
fn the_pass_band_is_flat_and_its_edge_where_documented() {
    for (from, to) in simple_pairs() {
        let nyquist = f64::from(from.min(to)) / 2.0;
        for (share, lowest) in [(0.05, -0.01), (0.5, -0.01), (0.75, -0.01), (0.85, -0.2), (0.875, -0.6)] {
            let hz = share * nyquist;
            let gain = gain_db(&resample(from, to, &sine(hz, from, from as usize / 4)), to, hz);
            assert!((lowest..0.01).contains(&gain), "{from} → {to}: {gain:.3} dB at {hz} Hz");
        }
    }
}

#[test]
fn images_and_aliases_are_rejected_by_80_db() {
    for (from, to) in simple_pairs() {
        let lower = f64::from(from.min(to));
        // Upsampling repeats the spectrum about multiples of the input rate; downsampling folds what lies above the
        // new Nyquist frequency. From 112.5 % of the lower Nyquist frequency on neither may be heard.
        for share in [0.563, 0.6, 0.75, 0.9, 0.98] {
            let (heard, ghost) =
                if from < to { ((1.0 - share) * lower, share * lower) } else { (share * lower, (1.0 - share) * lower) };
            if heard >= f64::from(from) / 2.0 {
                continue;
            }
            let gain = gain_db(&resample(from, to, &sine(heard, from, from as usize / 4)), to, ghost);
            assert!(gain < -80.0, "{from} → {to}: {heard} Hz leaves {gain:.1} dB at {ghost} Hz");
        }
    }
}

#[test]
fn the_declared_delay_is_where_the_cross_correlation_peaks() {
    for (from, to) in all_pairs() {
        // A burst of three sines, so that the correlation has one clear peak.
        let burst = |rate: u32, shift: f64| -> Vec<f32> {
            (0..rate as usize / 4)
                .map(|n| {
                    let t = (n as f64 - shift) / f64::from(rate) - 0.1;
                    let envelope = (-t * t * 2e4).exp();
                    let tones: f64 = [310.0, 870.0, 1_930.0].iter().map(|hz| (TAU * hz * t).cos()).sum();
                    (0.2 * envelope * tones) as f32
                })
                .collect()
        };
        let mut resampler = Resampler::new(from, to).unwrap();
        let declared = resampler.delay_samples();
        let mut output = Vec::new();
        resampler.process(&burst(from, 0.0), &mut output).unwrap();
        resampler.flush(&mut output).unwrap();
        let correlation = |lag: usize| -> f64 {
            burst(to, lag as f64).iter().zip(&output).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let measured = (0..declared + 40).max_by(|&a, &b| correlation(a).total_cmp(&correlation(b))).unwrap();
        // The delay is a whole number of input samples, hence a fraction of output samples.
        let tolerance = usize::from(ODD.contains(&(from, to)));
        assert!(measured.abs_diff(declared) <= tolerance, "{from} → {to}: {measured}, declared {declared}");
    }
}

#[test]
fn sixteen_and_forty_eight_kilohertz_are_a_millisecond_apart() {
    assert_eq!(Resampler::new(16_000, 48_000).unwrap().delay_samples(), 48);
    assert_eq!(Resampler::new(48_000, 16_000).unwrap().delay_samples(), 16);
    assert_eq!(Resampler::new(16_000, 24_000).unwrap().delay_samples(), 24);
    assert_eq!(Resampler::new(16_000, 16_000).unwrap().delay_samples(), 0);
}

#[test]
fn power_is_conserved() {
    let power = |signal: &[f32]| signal.iter().map(|s| f64::from(s * s)).sum::<f64>() / signal.len() as f64;
    for (from, to) in all_pairs() {
        let input = sine(1_000.0, from, from as usize);
        let output = resample(from, to, &input);
        let settled = &output[output.len() / 10..];
        let change = 10.0 * (power(settled) / power(&input)).log10();
        assert!(change.abs() < 0.02, "{from} → {to}: {change:.4} dB");
    }
}

#[test]
fn a_constant_stays_constant() {
    for (from, to) in simple_pairs() {
        let mut output = resample(from, to, &vec![0.25; from as usize / 10]);
        let settled = output.split_off(2 * 16 * to.div_ceil(from) as usize + 64);
        assert!(settled.iter().all(|sample| (sample / 0.25 - 1.0).abs() < 1e-4), "{from} → {to}");
    }
}

#[test]
fn flushing_gives_the_exact_length_and_starts_afresh() {
    for (from, to) in all_pairs().chain([(16_000, 16_000)]) {
        let mut resampler = Resampler::new(from, to).unwrap();
        let input = noise(1_237);
        let mut first = Vec::new();
        resampler.process(&input, &mut first).unwrap();
        resampler.flush(&mut first).unwrap();
        let expected = (1_237 * to as usize).div_ceil(from as usize) + resampler.delay_samples();
        assert_eq!(first.len(), expected, "{from} → {to}");
        let mut second = Vec::new();
        resampler.process(&input, &mut second).unwrap();
        resampler.flush(&mut second).unwrap();
        assert_eq!(first, second, "{from} → {to}");
    }
}

#[test]
fn loud_integers_saturate_and_equal_rates_pass_through() {
    let square: Vec<i16> = (0..480).map(|n| if n / 8 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let mut output = Vec::new();
    Resampler::new(16_000, 48_000).unwrap().process_i16(&square, &mut output).unwrap();
    assert_eq!((output.iter().max(), output.iter().min()), (Some(&i16::MAX), Some(&i16::MIN)));
    output.clear();
    Resampler::new(48_000, 48_000).unwrap().process_i16(&square, &mut output).unwrap();
    assert_eq!(output, square);
}

#[test]
fn impossible_rates_are_named() {
    for (from, to, name) in [(0, 16_000, "0 Hz"), (16_000, 400_000, "400000 Hz")] {
        let error = Resampler::new(from, to).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidConfig);
        assert!(error.message().contains(name), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn chunking_never_changes_the_output(
        pair in proptest::sample::select(all_pairs().collect::<Vec<_>>()),
        cuts in proptest::collection::vec(0..1_500_usize, 1..12),
    ) {
        let input = noise(cuts.iter().sum());
        let mut whole = resample(pair.0, pair.1, &input);
        let mut resampler = Resampler::new(pair.0, pair.1).unwrap();
        let (mut pieces, mut rest) = (Vec::new(), &input[..]);
        for cut in cuts {
            let (chunk, tail) = rest.split_at(cut);
            resampler.process(chunk, &mut pieces).unwrap();
            rest = tail;
        }
        prop_assert_eq!(&pieces, &whole);

        let integers: Vec<i16> = input.iter().map(|&sample| pcm::to_i16(sample)).collect();
        let (mut once, mut twice) = (Vec::new(), Vec::new());
        Resampler::new(pair.0, pair.1).unwrap().process_i16(&integers, &mut once).unwrap();
        resampler.reset();
        let (head, tail) = integers.split_at(integers.len() / 3);
        resampler.process_i16(head, &mut twice).unwrap();
        resampler.process_i16(tail, &mut twice).unwrap();
        prop_assert_eq!(once, twice);
        whole.clear();
    }
}
