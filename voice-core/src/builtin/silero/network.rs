//! The network: spectrum, four convolutions, one recurrent cell, one output.
#![allow(clippy::needless_range_loop, reason = "counted loops without closures compile best")]

use super::activation::{sigmoid, tanh};
use super::convolution::{Packed, Shape, convolve};
use super::onnx::{Tensors, not_silero};
use super::simd::Simd;
use super::spectrum::{BINS, FRAME, FRAMES, SPAN, Spectrum};
use super::state::{CONTEXT, State, UNITS};
use super::{Result, WINDOW, heard};

// The kernels have three taps and one frame of padding on each side, with strides 1, 2, 2 and 1, so that four frames
// become four, two, one and one. Where only one frame is left, the taps over the padding are not kept.
const FIRST: Shape = Shape {
    outputs: 128,
    channels: BINS,
    taps: 3,
    stride: 1,
    padding: 1,
    channel_step: FRAMES,
    frame_step: 1,
    rectified: true,
};
const SECOND: Shape =
    Shape { outputs: 64, channels: FIRST.outputs, stride: 2, channel_step: 1, frame_step: FIRST.outputs, ..FIRST };
const THIRD: Shape = Shape { channels: SECOND.outputs, taps: 2, padding: 0, frame_step: SECOND.outputs, ..SECOND };
const FOURTH: Shape = Shape { outputs: UNITS, channels: THIRD.outputs, taps: 1, ..THIRD };
/// Input and past output of the cell, side by side.
const RECURRENT: Shape = Shape { outputs: 4 * UNITS, channels: 2 * UNITS, rectified: false, ..FOURTH };

/// The weights, packed for one instruction set.
pub(super) struct Network {
    spectrum: Spectrum,
    first: Packed,
    second: Packed,
    third: Packed,
    fourth: Packed,
    recurrent: Packed,
    decoder: [f32; UNITS],
    decoder_bias: f32,
}

/// Outputs computed at a time by the first, second and third convolution, and by the matrix products.
pub(super) type Panels = [usize; 4];

impl Network {
    pub(super) fn new(tensors: &Tensors, panels: Panels) -> Result<Self> {
        let encoder = |layer: usize, shape: Shape, panel: usize, first_tap: usize| {
            let name = format!("encoder.{layer}.reparam_conv");
            let dims = [shape.outputs as u64, shape.channels as u64, 3];
            let weight = tensors.get(&format!("{name}.weight"), &dims)?;
            let bias = tensors.get(&format!("{name}.bias"), &dims[..1])?;
            let at = |output, channel, tap| weight[(output * shape.channels + channel) * 3 + first_tap + tap];
            Result::Ok(Packed::new(shape, panel, bias, at))
        };
        let decoder = tensors.get("decoder.2.weight", &[1, UNITS as u64, 1])?;
        Ok(Self {
            spectrum: Spectrum::new(analysis_window(tensors)?),
            first: encoder(0, FIRST, panels[0], 0)?,
            second: encoder(1, SECOND, panels[1], 0)?,
            third: encoder(2, THIRD, panels[2], 1)?,
            fourth: encoder(3, FOURTH, panels[3], 1)?,
            recurrent: recurrent(tensors, panels[3])?,
            decoder: std::array::from_fn(|unit| decoder[unit]),
            decoder_bias: tensors.get("decoder.2.bias", &[1])?[0],
        })
    }
}

fn recurrent(tensors: &Tensors, panel: usize) -> Result<Packed> {
    let dims = [4 * UNITS as u64, UNITS as u64];
    let of_input = tensors.get("rnn.weight_ih", &dims)?;
    let of_hidden = tensors.get("rnn.weight_hh", &dims)?;
    let mut bias = tensors.get("rnn.bias_ih", &dims[..1])?;
    for (bias, hidden) in bias.iter_mut().zip(tensors.get("rnn.bias_hh", &dims[..1])?) {
        *bias += hidden;
    }
    Ok(Packed::new(RECURRENT, panel, bias, |output, channel, _| match channel.checked_sub(UNITS) {
        None => of_input[output * UNITS + channel],
        Some(channel) => of_hidden[output * UNITS + channel],
    }))
}

/// The model stores its transform as a matrix: the first row is the window, all rows must be the windowed transform.
fn analysis_window(tensors: &Tensors) -> Result<[f32; FRAME]> {
    let basis = tensors.get("stft.forward_basis_buffer", &[2 * BINS as u64, 1, FRAME as u64])?;
    let (rows, _) = basis.as_chunks::<FRAME>();
    let window = rows[0];
    let turn: [f64; FRAME] = std::array::from_fn(|n| std::f64::consts::TAU * n as f64 / FRAME as f64);
    let (cos, sin) = (turn.map(f64::cos), turn.map(f64::sin));
    for bin in 0..BINS {
        for (n, weight) in window.iter().enumerate() {
            let at = bin * n % FRAME;
            let re = f64::from(rows[bin][n]) - f64::from(*weight) * cos[at];
            let im = f64::from(rows[BINS + bin][n]) + f64::from(*weight) * sin[at];
            if re.abs() > 1e-5 || im.abs() > 1e-5 {
                return Err(not_silero("its filter bank is not a windowed Fourier transform"));
            }
        }
    }
    Ok(window)
}

/// The probability that the stream holds speech in this window. Each of the `const`s is a panel's number of vectors.
#[inline(always)]
pub(super) fn forward<
    S: Simd<N>,
    const N: usize,
    const FIRST_PANEL: usize,
    const SECOND_PANEL: usize,
    const THIRD_PANEL: usize,
    const MATRIX_PANEL: usize,
>(
    simd: S,
    network: &Network,
    state: &mut State,
    window: &[f32; WINDOW],
) -> f32 {
    let bins = network.spectrum.magnitudes(&with_context(&mut state.context, window));
    let bins = bins.as_flattened();
    let mut first = [0.0; 4 * FIRST.outputs];
    convolve::<S, N, FIRST_PANEL, 3, 4, 4>(simd, FIRST, &network.first, bins, &mut first);
    let mut second = [0.0; 2 * SECOND.outputs];
    convolve::<S, N, SECOND_PANEL, 3, 4, 2>(simd, SECOND, &network.second, &first, &mut second);
    let mut third = [0.0; THIRD.outputs];
    convolve::<S, N, THIRD_PANEL, 2, 2, 1>(simd, THIRD, &network.third, &second, &mut third);
    let mut cell_input = [0.0; RECURRENT.channels];
    convolve::<S, N, MATRIX_PANEL, 1, 1, 1>(simd, FOURTH, &network.fourth, &third, &mut cell_input);
    cell_input[UNITS..].copy_from_slice(&state.hidden);
    let mut gates = [0.0; RECURRENT.outputs];
    convolve::<S, N, MATRIX_PANEL, 1, 1, 1>(simd, RECURRENT, &network.recurrent, &cell_input, &mut gates);
    update_cell(simd, &gates, state);
    decode(simd, network, &state.hidden)
}

/// Puts the stream's last samples before the window and mirrors its end, so that four frames fit.
#[inline(always)]
fn with_context(context: &mut [f32; CONTEXT], window: &[f32; WINDOW]) -> [f32; SPAN] {
    let mut audio = [0.0; SPAN];
    audio[..CONTEXT].copy_from_slice(context);
    for at in 0..WINDOW {
        audio[CONTEXT + at] = heard(window[at]);
    }
    let end = CONTEXT + WINDOW;
    context.copy_from_slice(&audio[end - CONTEXT..end]);
    for mirrored in 0..SPAN - end {
        audio[end + mirrored] = audio[end - 2 - mirrored];
    }
    audio
}

/// The LSTM cell; its gates stand in the order input, forget, cell, output.
#[inline(always)]
fn update_cell<S: Simd<N>, const N: usize>(simd: S, gates: &[f32; 4 * UNITS], state: &mut State) {
    let (gates, _) = gates.as_chunks::<N>();
    let (cells, _) = state.cell.as_chunks_mut::<N>();
    let (hidden, _) = state.hidden.as_chunks_mut::<N>();
    let gate = UNITS / N;
    for at in 0..gate {
        let input = sigmoid(simd, simd.load(&gates[at]));
        let forget = sigmoid(simd, simd.load(&gates[gate + at]));
        let candidate = tanh(simd, simd.load(&gates[2 * gate + at]));
        let output = sigmoid(simd, simd.load(&gates[3 * gate + at]));
        let cell = simd.mul_add(input, candidate, simd.mul(forget, simd.load(&cells[at])));
        simd.store(cell, &mut cells[at]);
        simd.store(simd.mul(output, tanh(simd, cell)), &mut hidden[at]);
    }
}

#[inline(always)]
fn decode<S: Simd<N>, const N: usize>(simd: S, network: &Network, hidden: &[f32; UNITS]) -> f32 {
    let mut sums = simd.splat(0.0);
    let (hidden, weights) = (hidden.as_chunks::<N>().0, network.decoder.as_chunks::<N>().0);
    for at in 0..UNITS / N {
        let positive = simd.max(simd.load(&hidden[at]), simd.splat(0.0));
        sums = simd.mul_add(positive, simd.load(&weights[at]), sums);
    }
    let mut lanes = [0.0; N];
    simd.store(sums, &mut lanes);
    let logit = lanes.iter().sum::<f32>() + network.decoder_bias;
    simd.store(sigmoid(simd, simd.splat(logit)), &mut lanes);
    lanes[0]
}
