import { InvalidInputError } from './errors.js'

/** Mono audio: 16-bit samples, or floats in −1 … 1, or the bytes of 16-bit samples, little-endian. */
export type AudioChunk = Int16Array | Float32Array | Uint8Array

/** Where audio comes from: a chunk, or anything one can iterate over: generators, web streams, Node streams. */
export type AudioSource = AudioChunk | AsyncIterable<AudioChunk> | Iterable<AudioChunk> | ReadableStream<AudioChunk>

/** Whether this is one chunk and no source of chunks. @internal */
export function isChunk(source: unknown): source is AudioChunk {
  return source instanceof Int16Array || source instanceof Float32Array || source instanceof Uint8Array
}

/** A float as a 16-bit sample: −1 … 1 is −32768 … 32767, what is beyond is clipped, what is no number is silence. */
function sampleOf(value: number): number {
  const scaled = Math.round(value * 32_768)
  return scaled > 32_767 ? 32_767 : scaled < -32_768 ? -32_768 : scaled || 0
}

/** The 16-bit samples of floats. @internal */
export function samplesOf(floats: Float32Array): Int16Array {
  const samples = new Int16Array(floats.length)
  for (let index = 0; index < floats.length; index += 1) samples[index] = sampleOf(floats[index] as number)
  return samples
}

function bytesOf(view: Int16Array | Uint8Array): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

/** Cuts chunks of any kind into whole samples: a stream of bytes may be cut in the middle of one. @internal */
export class Samples {
  #half: number | undefined

  /** The bytes of whole samples. */
  bytes(chunk: unknown): Uint8Array {
    if (chunk instanceof Int16Array) return bytesOf(chunk)
    if (chunk instanceof Float32Array) return bytesOf(samplesOf(chunk))
    if (!(chunk instanceof Uint8Array)) {
      const what = chunk === null ? 'null' : typeof chunk === 'object' ? chunk.constructor?.name : typeof chunk
      throw new InvalidInputError(`audio is an Int16Array, a Float32Array or a Buffer, not ${what}`, { stage: 'audio' })
    }
    let bytes: Uint8Array = chunk
    if (this.#half !== undefined) {
      bytes = new Uint8Array(chunk.length + 1)
      bytes[0] = this.#half
      bytes.set(chunk, 1)
      this.#half = undefined
    }
    if (bytes.length % 2 === 1) {
      this.#half = bytes[bytes.length - 1]
      bytes = bytes.subarray(0, -1)
    }
    return bytes
  }

  /** Says so when the end was in the middle of a sample. */
  end(): void {
    if (this.#half !== undefined) {
      throw new InvalidInputError('the audio ends in the middle of a 16-bit sample', { stage: 'audio' })
    }
  }
}

/** The samples in bytes of 16-bit samples, copied where they are not aligned. @internal */
export function int16Of(bytes: Uint8Array): Int16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice()
  return new Int16Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength >> 1)
}
