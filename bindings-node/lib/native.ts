import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineMissingError } from './errors.js'

/** What the native part exports. @internal */
export interface Native {
  NativeSilero: new () => NativeSilero
  NativeDenoiser: new (rate: number) => NativeDenoiser
  NativeResampler: new (from: number, to: number) => NativeResampler
  NativeTurnDetector: new (model: string, library?: string) => NativeTurnDetector
  NativeAgent: new (parts: string, begin: Begin, turnDetector?: NativeTurnDetector) => NativeAgent
  runScript(script: string, begin: Begin, served: { llm?: number; tts?: number; tools?: number }): Promise<string[]>
  conformance(stage: string, begin: Begin, patienceMs: number, sampleRate: number): Promise<string>
  report(): string
  defaults(): string
}

/** Begins a call to a provider written in JavaScript. @internal */
export type Begin = (call: NativeCall) => void

/** What is given at once where it can be. */
type Settled<T> = T | Promise<T>

/** @internal */
export interface NativeAgent {
  providers(): string
  open(options: string, wake: () => void): NativeSession
  accept(options: string, first: string | Uint8Array | undefined, wake: () => void): NativeSession
}

/** Audio, or an error together with what was thrown. @internal */
export interface NativeDelivery {
  json?: string
  turn?: number
  pcm?: Int16Array
  thrown?: number
}

/** @internal */
export interface NativeSession {
  readonly id: string
  readonly isClosed: boolean
  take(most: number): Array<string | NativeDelivery> | null
  feed(pcm: Uint8Array): Settled<void>
  receive(message: string | Uint8Array): Settled<number>
  text(text: string): Settled<void>
  say(text: string, guarded: boolean): Settled<void>
  interrupt(): Settled<void>
  played(turn: number, samples: number): Settled<void>
  setContext(change: string): Settled<void>
  history(): string
  status(): string
  close(): Settled<void>
  closed(): Settled<void>
}

/** @internal */
export interface NativeItem {
  json: string
  audio?: Uint8Array
}

/** @internal */
export interface NativeCall {
  readonly provider: number
  readonly turn: number
  readonly session: string
  readonly request: string
  next(): Settled<NativeItem | null>
  send(json: string, audio?: Uint8Array): Settled<boolean>
  finish(failure?: { kind: string; message: string; retryAfterMs?: number; thrown: number }): void
  cancelled(): Settled<boolean>
}

/** @internal */
export interface NativeTurnDetector {
  endOfTurn(samples: Int16Array): Settled<number>
}

/** @internal */
export interface NativeSilero {
  pushFloats(samples: Float32Array): Float32Array
  pushIntegers(samples: Int16Array): Float32Array
  reset(): void
}

/** @internal */
export interface NativeDenoiser {
  readonly delay: number
  push(samples: Int16Array): Int16Array
  flush(): Int16Array
  reset(): void
}

/** @internal */
export interface NativeResampler {
  readonly delay: number
  pushFloats(samples: Float32Array): Float32Array
  pushIntegers(samples: Int16Array): Int16Array
  flushFloats(): Float32Array
  flushIntegers(): Int16Array
}

function platform(): string {
  if (process.platform !== 'linux') return `${process.platform}-${process.arch}`
  // The report names the C library where it is glibc.
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  return `linux-${process.arch}-${report?.header?.glibcVersionRuntime ? 'gnu' : 'musl'}`
}

function load(): Native {
  const name = platform()
  const beside = join(__dirname, '..', 'native', `voice-agent.${name}.node`)
  // Published, each platform's part is a package of its own, of which npm installs the one that fits.
  const file = existsSync(beside) ? beside : `voice-agent-${name}`
  try {
    return require(file) as Native
  } catch (cause) {
    throw new EngineMissingError(
      `voice-agent has no native part for ${name} here: install the package voice-agent-${name}, or build it (docs/node.md)`,
      { cause },
    )
  }
}

/** @internal */
export const native: Native = load()
