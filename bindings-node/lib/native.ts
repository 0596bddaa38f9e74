import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineMissingError } from './errors.js'

/** What the native part exports. @internal */
export interface Native {
  NativeSilero: new () => NativeSilero
  NativeDenoiser: new (rate: number) => NativeDenoiser
  NativeResampler: new (from: number, to: number) => NativeResampler
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
