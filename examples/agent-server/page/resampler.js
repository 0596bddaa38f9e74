// Sample-rate conversion of a stream by a windowed sinc, for any pair of rates.
// Runs inside the audio worklets; has no dependency on the browser.

const CROSSINGS = 32;   // zero crossings on each side of the kernel, at the lower rate
const PHASES = 256;     // rows of the table; linear interpolation between them errs by about -90 dB
const BETA = 7.86;      // Kaiser window, about 80 dB of stopband
const CUTOFF = 0.92;    // of the lower Nyquist: puts the end of the transition band on it

const kernels = new Map();

export class Resampler {
  /** Converts mono float samples from `from` Hz to `to` Hz. */
  constructor(from, to) {
    this.step = from / to;
    this.kernel = kernelFor(from, to);
    this.half = this.kernel.half;
    this.buffer = new Float32Array(4096);
    this.length = this.half;     // starts with silence, so the first sample has a past
    this.at = this.half;         // position in the buffer of the next output sample
    this.dropped = -this.half;   // samples of the stream that have left the buffer
  }

  /** Samples of the input that have been rendered so far. */
  get position() { return Math.max(0, Math.floor(this.dropped + this.at + 1e-6)); }

  /** Samples of the input still to be rendered. */
  get pending() { return Math.max(0, this.length - this.at); }

  /** Appends input: floats, or 16-bit integers with `scale` 1/32768. */
  push(samples, scale = 1) {
    this.#makeRoom(samples.length);
    for (let i = 0; i < samples.length; i++) this.buffer[this.length + i] = samples[i] * scale;
    this.length += samples.length;
  }

  /**
   * Fills `output` from `start` to `end` and returns how many samples it wrote.
   * Without `drain` it stops where the kernel would need input that has not come yet;
   * with it, missing input counts as silence and the last sample pushed is rendered.
   */
  render(output, start, end, drain) {
    const { buffer, half, step } = this;
    const { taps, table } = this.kernel;
    const limit = drain ? this.length : this.length - half;
    let written = start;
    while (written < end && this.at < limit) {
      const base = Math.floor(this.at);
      const phase = (this.at - base) * PHASES;
      const row = Math.floor(phase);
      const blend = phase - row;
      const first = base - half + 1;
      const stop = Math.min(taps, this.length - first);
      const low = row * taps;
      const high = low + taps;
      let sum = 0;
      for (let k = 0; k < stop; k++) {
        const a = table[low + k];
        sum += buffer[first + k] * (a + (table[high + k] - a) * blend);
      }
      output[written++] = sum;
      this.at += step;
    }
    // Rendering to the end must not run past it, or the next chunk would lose its first samples.
    if (drain && this.at > this.length) this.at = this.length;
    return written - start;
  }

  #makeRoom(count) {
    const keepFrom = Math.floor(this.at) - this.half;
    if (this.length + count > this.buffer.length && keepFrom > 0) {
      this.buffer.copyWithin(0, keepFrom, this.length);
      this.length -= keepFrom;
      this.at -= keepFrom;
      this.dropped += keepFrom;
    }
    if (this.length + count > this.buffer.length) {
      const larger = new Float32Array(2 * (this.length + count));
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
  }
}

/** The kernel's rows for one pair of rates: row p holds the taps for an output p/PHASES after a sample. */
function kernelFor(from, to) {
  const key = `${from}:${to}`;
  if (kernels.has(key)) return kernels.get(key);
  const same = from === to;
  const cutoff = same ? 1 : CUTOFF * Math.min(1, to / from);
  const half = same ? 1 : Math.ceil(CROSSINGS * Math.max(1, from / to));
  const taps = 2 * half;
  const table = new Float32Array((PHASES + 1) * taps);
  for (let row = 0; row <= PHASES; row++) {
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      const distance = k - half + 1 - row / PHASES;
      const value = cutoff * sinc(cutoff * distance) * kaiser(distance / half);
      table[row * taps + k] = value;
      sum += value;
    }
    // Unit gain at 0 Hz in every phase: otherwise a constant would come out with a ripple.
    for (let k = 0; k < taps; k++) table[row * taps + k] /= sum;
  }
  const kernel = { half, taps, table };
  if (kernels.size >= 8) kernels.clear();
  kernels.set(key, kernel);
  return kernel;
}

function sinc(x) {
  return Math.abs(x) < 1e-9 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x) {
  return Math.abs(x) > 1 ? 0 : besselI0(BETA * Math.sqrt(1 - x * x)) / besselI0(BETA);
}

function besselI0(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
