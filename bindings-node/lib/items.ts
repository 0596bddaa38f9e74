import { int16Of, Samples } from './audio.js'
import type { NativeItem } from './native.js'
import type { SttInput, SttOutput, TtsInput, TtsOutput } from './providers.js'

/** An item as it crosses to the core: JSON, empty for audio alone, and the bytes of audio. */
export type Crossing = readonly [json: string, audio?: Uint8Array]

/** What is no JSON becomes `null`, which the core refuses by name. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value) ?? 'null'
}

function isAudio(value: unknown): value is Int16Array | Float32Array | Uint8Array {
  return ArrayBuffer.isView(value)
}

/** Audio in whole samples, as bytes. */
function bytesOf(pcm: unknown): Uint8Array {
  const samples = new Samples()
  const bytes = samples.bytes(pcm)
  samples.end()
  return bytes
}

export function sttCrossing(item: SttOutput): Crossing {
  return [jsonOf(typeof item === 'string' ? { type: 'final', text: item } : item)]
}

export function ttsCrossing(item: TtsOutput): Crossing {
  if (isAudio(item)) return ['', bytesOf(item)]
  if (item?.type !== 'audio') return [jsonOf(item)]
  const { pcm, ...rest } = item
  return [jsonOf(rest), bytesOf(pcm)]
}

export function sttInput({ json, audio }: NativeItem): SttInput {
  const item = JSON.parse(json) as SttInput
  return item.type === 'audio' ? { ...item, pcm: int16Of(audio ?? new Uint8Array()) } : item
}

export function ttsInput({ json }: NativeItem): TtsInput {
  return JSON.parse(json) as TtsInput
}

/** The samples of a window; nothing when the detector is to forget. */
export function windowOf({ audio }: NativeItem): Float32Array | undefined {
  if (audio === undefined) return undefined
  const aligned = audio.byteOffset % 4 === 0 ? audio : audio.slice()
  return new Float32Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength >> 2)
}
