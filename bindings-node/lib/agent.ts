import { Bridge, serveLlm, serveStt, serveTools, serveTts, serveVad, type Serve } from './bridge.js'
import { ClientConnection } from './connection.js'
import { calling, InvalidConfigError, type Stage } from './errors.js'
import { toCore } from './names.js'
import { native, type NativeAgent } from './native.js'
import type { LlmProvider, Specified, SttProvider, TtsProvider, VadProvider } from './providers.js'
import { Session, type SessionOptions } from './session.js'
import type { AgentSettings } from './settings.js'
import { TurnDetector } from './stages.js'
import type { Tool } from './tools.js'

/** Somebody who serves a stage: a module's provider, its name (`groq:openai/gpt-oss-120b`), or one of your own. */
export type Server<Own, Kind extends string> = Own | Specified<Kind> | string

/** One, or several of which the next takes over, inside the turn, when the first fails. */
export type Servers<Own, Kind extends string> = Server<Own, Kind> | ReadonlyArray<Server<Own, Kind>>

/**
 * An agent's parts and settings. Every part is optional: without speech to text it takes typed turns, without text to
 * speech it answers in text, without a detector of speech it does not listen.
 */
export interface AgentOptions extends AgentSettings {
  stt?: Servers<SttProvider, 'stt'>
  llm?: Servers<LlmProvider, 'llm'>
  tts?: Servers<TtsProvider, 'tts'>
  tools?: ReadonlyArray<Tool | Specified<'tool'>>
  /** What hears speech: Silero unless said otherwise. */
  vad?: 'silero' | 'energy' | 'none' | VadProvider
  /** Whether the recogniser hears denoised audio; false unless given. */
  denoise?: boolean
  /** Whether the echo can be taken out for sessions that ask for it; true unless given. */
  echoCancellation?: boolean
  /** A model that tells the end of a turn; without it silence and words do. */
  turnDetector?: TurnDetector
}

const METHODS = { stt: 'transcribe', llm: 'generate', tts: 'synthesize', tool: 'call' } as const

function has(value: unknown, method: string): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[method] === 'function'
}

function nameOf(provider: { name?: unknown }): string {
  if (typeof provider.name === 'string') return provider.name
  const maker = provider.constructor?.name
  return maker === undefined || maker === '' || maker === 'Object' ? 'javascript' : maker
}

/** A field of a provider that says a number. */
function count(provider: object, field: string, stage: Stage): number {
  const value = (provider as Record<string, unknown>)[field]
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value < 2 ** 31) return value
  throw new InvalidConfigError(`\`${field}\` of \`${stage}\`: a whole number above 0, not ${String(value)}`, { stage })
}

/** Parts as the core is given them. */
class Parts {
  readonly bridge = new Bridge()

  several<Own extends object>(stage: keyof typeof METHODS, given: unknown, serve: (own: Own) => Serve, facts: (own: Own) => object): unknown[] {
    if (given === undefined || given === null) return []
    const all: unknown[] = Array.isArray(given) ? given : [given]
    return all.map((one) => this.#one(stage, one, serve, facts))
  }

  #one<Own extends object>(stage: keyof typeof METHODS, one: unknown, serve: (own: Own) => Serve, facts: (own: Own) => object): unknown {
    const method = METHODS[stage]
    if (has(one, method)) {
      const own = one as Own
      return { foreign: this.bridge.add(serve(own)), name: nameOf(own), ...facts(own) }
    }
    if (typeof one === 'string' || has(one, 'provider') || typeof (one as Specified | null)?.provider === 'string') {
      return toCore(typeof one === 'object' ? { ...one } : one)
    }
    const what = one === null ? 'null' : typeof one
    throw new InvalidConfigError(
      `\`${stage === 'tool' ? 'tools' : stage}\`: a provider of the package, its name, or an object with \`${method}\`, not ${what}`,
      { stage: stage as Stage },
    )
  }

  vad(vad: AgentOptions['vad']): unknown {
    if (vad === undefined || typeof vad === 'string') return null
    if (!has(vad, 'create')) {
      const message = `\`vad\`: 'silero', 'energy', 'none' or an object with \`create\`, not ${vad === null ? 'null' : typeof vad}`
      throw new InvalidConfigError(message, { stage: 'vad' })
    }
    const facts = { sample_rate: count(vad, 'sampleRate', 'vad'), window_len: count(vad, 'windowLength', 'vad') }
    return { foreign: this.bridge.add(serveVad(vad)), name: nameOf(vad), ...facts }
  }
}

/** An agent: providers and settings, shared by all its sessions. It does not keep the process alive; its sessions do. */
export class Agent {
  readonly #native: NativeAgent
  readonly #bridge: Bridge

  constructor(options: AgentOptions = {}) {
    const { stt, llm, tts, tools, vad, denoise, echoCancellation, turnDetector, ...settings } = options
    const parts = new Parts()
    const nothing = () => ({})
    const plain = {
      config: toCore(settings),
      ears: toCore({ vad: typeof vad === 'string' ? vad : vad && 'none', denoise, echoCancellation }),
      stt: parts.several<SttProvider>('stt', stt, serveStt, nothing),
      llm: parts.several<LlmProvider>('llm', llm, serveLlm, nothing),
      tts: parts.several<TtsProvider>('tts', tts, serveTts, (own) => ({ sample_rate: count(own, 'sampleRate', 'tts') })),
      tools: parts.several<Tool>('tool', tools, (own) => serveTools(() => own.call), (own) => ({ name: own.spec.name, description: own.spec })),
      vad: parts.vad(vad),
    }
    if (turnDetector !== undefined && !(turnDetector instanceof TurnDetector)) {
      throw new InvalidConfigError('`turnDetector` is to be a TurnDetector', { stage: 'turn' })
    }
    this.#bridge = parts.bridge
    this.#native = calling(() => new native.NativeAgent(JSON.stringify(plain), parts.bridge.begin, turnDetector?.native))
  }

  /** The names of its providers; `null` where a stage is missing. */
  get providers(): { stt: string | null; llm: string | null; tts: string | null } {
    return JSON.parse(this.#native.providers()) as { stt: string | null; llm: string | null; tts: string | null }
  }

  /** Opens a session. */
  async session(options: SessionOptions = {}): Promise<Session> {
    const { signal, ...asked } = options
    const plain = plainOf(asked)
    return new Session((wake) => this.#native.open(plain, wake), this.#bridge.thrown, signal)
  }

  /**
   * Opens a session for a client on a WebSocket, which speaks the `/ws` contract: `first` is its first message, or
   * nothing when none came for 250 ms.
   */
  async accept(first?: string | Uint8Array, options: SessionOptions = {}): Promise<ClientConnection> {
    const { signal, ...asked } = options
    const plain = plainOf(asked)
    return new ClientConnection((wake) => this.#native.accept(plain, first, wake), signal)
  }
}

/** The options of a session as the core names them. */
function plainOf({ sampleRate, ...asked }: Omit<SessionOptions, 'signal'>): string {
  return JSON.stringify(toCore({ inputRate: sampleRate, outputRate: sampleRate, ...asked }))
}
