import { Bridge, serveLlm, serveStt, serveTools, serveTts, type Serve } from './bridge.js'
import { awaiting, InvalidConfigError } from './errors.js'
import { native } from './native.js'
import type { LlmProvider, Specified, SttProvider, TtsProvider } from './providers.js'
import type { Tool } from './tools.js'

/** A recogniser that "hears" these texts, one a turn, `latencyMs` after it was asked. */
export function fakeStt(settings: { texts?: string[]; latencyMs?: number } = {}): Specified<'stt'> {
  return Object.freeze({ ...settings, provider: 'fake' })
}

/** A language model that answers `text`, in which `{}` stands for the user's words. */
export function fakeLlm(settings: { text?: string; firstTokenMs?: number; perTokenMs?: number } = {}): Specified<'llm'> {
  return Object.freeze({ ...settings, provider: 'fake' })
}

/** A synthesiser whose audio lasts as long as the text says. */
export function fakeTts(
  settings: { firstByteMs?: number; perCharacterMs?: number; sampleRate?: number; timed?: boolean } = {},
): Specified<'tts'> {
  return Object.freeze({ ...settings, provider: 'fake' })
}

/** The stages that are served in place of those a script describes, where it lists them under `foreign`. */
export interface ScriptStages {
  llm?: LlmProvider
  tts?: TtsProvider
  tools?: ReadonlyArray<Tool | { name: string; call: Tool['call'] }>
}

/** One line of a script's log: when, and what the client was told. */
export type LogLine = { ms: number; type: string } & Record<string, unknown>

/**
 * Runs a scripted conversation with the real agent on a simulated clock, which takes ms instead of minutes and gives the
 * same log every time. The clock stands still while a stage of yours works: how long it takes is up to the script.
 * docs/testing.md describes scripts. Gives the log, a line of JSON each.
 */
export async function runScript(script: string | object, stages: ScriptStages = {}): Promise<string[]> {
  const bridge = new Bridge()
  const number = (serve: Serve | undefined) => (serve === undefined ? undefined : bridge.add(serve))
  const served = {
    llm: number(stages.llm && serveLlm(stages.llm)),
    tts: number(stages.tts && serveTts(stages.tts)),
    tools: number(stages.tools && serveTools((name) => stages.tools?.find((tool) => nameOf(tool) === name)?.call)),
  }
  const json = typeof script === 'string' ? script : JSON.stringify(script)
  return awaiting(() => native.runScript(json, bridge.begin, served))
}

function nameOf(tool: Tool | { name: string }): string {
  return 'spec' in tool ? tool.spec.name : tool.name
}

/** What came of the suite. */
export interface ConformanceReport {
  /** Whether the provider keeps the contract. */
  conforms: boolean
  /** Items of a call that nobody disturbed. */
  items: number
  /** Calls made. */
  calls: number
  /** What it did that it must not. */
  breach: string | null
}

/**
 * Tries a provider of your own as the core tries its own: cancelled and dropped at every item, nothing may come after. The
 * real clock runs; `patienceMs` is how long one step may take.
 */
export async function conformance(
  provider: LlmProvider | SttProvider | TtsProvider,
  { patienceMs = 1_000 }: { patienceMs?: number } = {},
): Promise<ConformanceReport> {
  const bridge = new Bridge()
  const begin = (stage: string, serve: Serve, rate = 16_000) => {
    bridge.add(serve)
    return awaiting(() => native.conformance(stage, bridge.begin, patienceMs, rate))
  }
  const report = await (() => {
    if ('generate' in provider) return begin('llm', serveLlm(provider))
    if ('transcribe' in provider) return begin('stt', serveStt(provider))
    if ('synthesize' in provider) return begin('tts', serveTts(provider), provider.sampleRate)
    throw new InvalidConfigError('a provider has `generate`, `transcribe` or `synthesize`')
  })()
  return JSON.parse(report) as ConformanceReport
}
