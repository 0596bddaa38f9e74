import { samplesOf } from './audio.js'
import { awaiting, calling, InvalidInputError } from './errors.js'
import { native, type NativeDenoiser, type NativeResampler, type NativeSilero, type NativeTurnDetector } from './native.js'

/** Mono samples: 16-bit, or floats in −1 … 1. What comes out is of the same kind. */
export type Samples = Int16Array | Float32Array

function wrong(what: unknown): InvalidInputError {
  const given = what === null ? 'null' : typeof what === 'object' ? what.constructor?.name : typeof what
  return new InvalidInputError(`samples are an Int16Array or a Float32Array, not ${given}`, { stage: 'audio' })
}

function floatsOf(samples: Int16Array): Float32Array {
  return Float32Array.from(samples, (sample) => sample / 32_768)
}

/**
 * Silero VAD for one stream of 16 kHz, in windows of 512 samples (32 ms). About 20 µs a window, on the calling thread.
 */
export class SileroVad {
  /** The rate it listens at, in Hz. */
  static readonly sampleRate = 16_000
  /** Samples of a window. */
  static readonly windowLength = 512

  readonly #silero: NativeSilero = calling(() => new native.NativeSilero())

  /**
   * The probability of speech, 0 … 1, in each window that these samples complete. Chunks may have any length: what is
   * left of them waits for the next.
   */
  process(samples: Samples): Float32Array {
    if (samples instanceof Int16Array) return calling(() => this.#silero.pushIntegers(samples))
    if (samples instanceof Float32Array) return calling(() => this.#silero.pushFloats(samples))
    throw wrong(samples)
  }

  /** Forgets the stream heard so far. */
  reset(): void {
    calling(() => this.#silero.reset())
  }
}

/** RNNoise noise suppression for one stream of any rate. */
export class Denoiser {
  readonly #denoiser: NativeDenoiser

  /** For a stream of `sampleRate` Hz, 16 kHz unless given. */
  constructor({ sampleRate = 16_000 }: { sampleRate?: number } = {}) {
    this.#denoiser = calling(() => new native.NativeDenoiser(sampleRate))
  }

  /** Samples by which the output lags the input: 192 (12 ms) at 16 kHz. */
  get delay(): number {
    return this.#denoiser.delay
  }

  /** What these samples determine of the cleaned stream. */
  process<S extends Samples>(samples: S): S {
    if (samples instanceof Int16Array) return calling(() => this.#denoiser.push(samples)) as S
    if (samples instanceof Float32Array) return floatsOf(calling(() => this.#denoiser.push(samplesOf(samples)))) as S
    throw wrong(samples)
  }

  /** What the delay held back, as 16-bit samples; the stream begins anew. */
  flush(): Int16Array {
    return calling(() => this.#denoiser.flush())
  }

  /** Forgets the stream heard so far. */
  reset(): void {
    calling(() => this.#denoiser.reset())
  }
}

/** Sample rate conversion of one stream. The output depends on the samples alone, never on how they were cut. */
export class Resampler {
  readonly #resampler: NativeResampler
  #floats = false

  /** From one rate to another, both 4 to 192 kHz, in Hz. */
  constructor({ from, to }: { from: number; to: number }) {
    for (const [name, rate] of Object.entries({ from, to })) {
      if (typeof rate !== 'number') throw new InvalidInputError(`\`${name}\` is a rate in Hz, not ${String(rate)}`, { stage: 'audio' })
    }
    this.#resampler = calling(() => new native.NativeResampler(from, to))
  }

  /** Output samples by which the output lags the input. */
  get delay(): number {
    return this.#resampler.delay
  }

  /** What these samples determine of the output. */
  process<S extends Samples>(samples: S): S {
    this.#floats = samples instanceof Float32Array
    if (samples instanceof Int16Array) return calling(() => this.#resampler.pushIntegers(samples)) as S
    if (samples instanceof Float32Array) return calling(() => this.#resampler.pushFloats(samples)) as S
    throw wrong(samples)
  }

  /** What the delay held back, of the kind that went in last; the stream begins anew. */
  flush(): Samples {
    return calling(() => (this.#floats ? this.#resampler.flushFloats() : this.#resampler.flushIntegers()))
  }
}

/**
 * Semantic turn detection by Smart Turn v3, for all sessions of a process. Model and library are no part of the package:
 * docs/node.md says where they come from.
 */
export class TurnDetector {
  /** @internal */
  readonly native: NativeTurnDetector

  /** `model`: the path of the model; `library`: that of ONNX Runtime, if not in `ORT_DYLIB_PATH`. */
  constructor({ model, library }: { model: string; library?: string }) {
    this.native = calling(() => new native.NativeTurnDetector(model, library))
  }

  /**
   * The probability, 0 … 1, that whoever said this has finished: 16 kHz, the last 8 s count, with about 200 ms of silence
   * at the end. It takes tens of ms of another thread.
   */
  async endOfTurn(samples: Samples): Promise<number> {
    if (!(samples instanceof Int16Array || samples instanceof Float32Array)) throw wrong(samples)
    const integers = samples instanceof Int16Array ? samples : samplesOf(samples)
    return awaiting(() => this.native.endOfTurn(integers))
  }
}
