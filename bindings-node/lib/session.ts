import { isChunk, Samples, type AudioSource } from './audio.js'
import { AudioOutput } from './audio_output.js'
import { awaiting, calling, InvalidInputError } from './errors.js'
import type { MetricsEvent, SessionEvent } from './events.js'
import type { NativeSession } from './native.js'
import { toCore } from './names.js'
import type { Source } from './tools.js'

/** How a session begins. */
export interface SessionOptions {
  /** The rate of both directions, in Hz; 16 kHz unless given. */
  sampleRate?: number
  /** The rate of the microphone audio, where it differs. */
  inputRate?: number
  /** The rate of the reply's audio, where it differs. */
  outputRate?: number
  /** Instead of the agent's instructions. */
  instructions?: string
  /** Instead of the agent's context. */
  context?: string
  /** The client can hold what it has buffered: `pause` and `resume` are told. */
  pause?: boolean
  /** The session is to take the agent's voice out of the microphone audio: the client does not. */
  echoCancellation?: boolean
  /** Its name; random unless given. */
  id?: string
  /** Closes the session when aborted. */
  signal?: AbortSignal
}

/** One thing said or done, as it stands in the history. */
export type Message =
  | { role: 'user'; text: string }
  | { role: 'agent'; text: string }
  | { role: 'tools'; calls: Array<{ id: string; name: string; arguments: string; result: string }> }
  | { role: 'summary'; text: string }

/** How a session stands. */
export interface SessionStatus {
  state: 'listening' | 'thinking' | 'speaking'
  turn: number
  metrics: Omit<MetricsEvent, 'type'> | null
  closed: boolean
}

/** Events taken over the border at a time. */
const BATCH = 64
/**
 * Events that may wait here for their reader while only the audio is read. Then the core is left to wait as well, and
 * ends a session of which nobody reads.
 */
const WAITING = 1_024

type Resume = () => void

function textOf(text: unknown, name: string): string {
  if (typeof text === 'string' && text.trim() !== '') return text
  const what = typeof text === 'string' ? 'a blank one' : text === null ? 'null' : typeof text
  throw new InvalidInputError(`\`${name}\` is to be a string with words in it, not ${what}`)
}

function countOf(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new InvalidInputError(`\`${name}\` is to be a whole number from 0 on, not ${String(value)}`)
}

/**
 * An open session: `for await` gives its events, audio included. It stays open, and keeps the process alive, until it is
 * closed, as a socket does: leaving a loop does not close it.
 */
export class Session implements AsyncIterable<SessionEvent>, AsyncDisposable {
  readonly #native: NativeSession
  readonly #causes: Map<number, unknown>
  readonly #events: SessionEvent[] = []
  readonly #waiting = new Set<Resume>()
  #audio: AudioOutput | undefined
  #read = false
  #over = false
  #closing: Promise<void> | undefined
  #detach: () => void = () => {}

  /** Sessions are opened by {@link Agent.session}. @internal */
  constructor(open: (wake: () => void) => NativeSession, causes: Map<number, unknown>, signal?: AbortSignal) {
    this.#causes = causes
    this.#native = calling(() => open(() => this.#wake()))
    if (signal !== undefined) this.#heed(signal)
    void this.#native.closed()?.then(() => this.#detach())
  }

  /** Its name. */
  get id(): string {
    return this.#native.id
  }

  /** The providers that serve it; `none` where a stage is missing. */
  get providers(): { stt: string; llm: string; tts: string } {
    return JSON.parse(calling(() => this.#native.providers())) as { stt: string; llm: string; tts: string }
  }

  /** How it stands now. */
  get status(): SessionStatus {
    return JSON.parse(calling(() => this.#native.status())) as SessionStatus
  }

  /** The latencies of the last turn that was answered. */
  get metrics(): SessionStatus['metrics'] {
    return this.status.metrics
  }

  /** What was said and done so far, as the language model gets to see it. */
  async history(): Promise<Message[]> {
    return JSON.parse(await awaiting(() => this.#native.history())) as Message[]
  }

  /**
   * Feeds microphone audio: a chunk, or a source of chunks until it ends. Resolves when all of it was taken: the session
   * takes no more than 2 s ahead of real time. Returns when the session ends before the source does.
   */
  async feed(source: AudioSource): Promise<void> {
    const samples = new Samples()
    if (isChunk(source)) {
      await this.#feed(samples.bytes(source))
      return samples.end()
    }
    if (source === null || typeof source !== 'object' || !(Symbol.asyncIterator in source || Symbol.iterator in source)) {
      throw new InvalidInputError('`feed` takes audio, or something to iterate over that gives it', { stage: 'audio' })
    }
    for await (const chunk of source as AsyncIterable<unknown>) {
      const bytes = samples.bytes(chunk)
      if (this.status.closed || this.#closing !== undefined) return
      await this.#feed(bytes)
    }
    samples.end()
  }

  #feed(bytes: Uint8Array): void | Promise<void> {
    const taken = calling(() => this.#native.feed(bytes))
    return taken === undefined ? undefined : awaiting(() => taken)
  }

  /** A typed user turn. */
  async text(text: string): Promise<void> {
    await awaiting(() => this.#native.text(textOf(text, 'text')))
  }

  /** Says this when the floor is free. */
  async say(text: string): Promise<void> {
    await awaiting(() => this.#native.say(textOf(text, 'text'), false))
  }

  /** As `say`, protected: only a stop word stops it, what else is said is answered afterwards. */
  async announce(text: string): Promise<void> {
    await awaiting(() => this.#native.say(textOf(text, 'text'), true))
  }

  /** Stops the reply. */
  async interrupt(): Promise<void> {
    await awaiting(() => this.#native.interrupt())
  }

  /** So many samples of the turn came out of the loudspeaker so far, at the output rate. */
  async played(turn: number, samples: number): Promise<void> {
    await awaiting(() => this.#native.played(countOf(turn, 'turn'), countOf(samples, 'samples')))
  }

  /** New instructions or context, from the next prompt on; `null` clears, what is not given stays. */
  async setContext(change: { instructions?: string | null; context?: string | null }): Promise<void> {
    await awaiting(() => this.#native.setContext(JSON.stringify(toCore(change))))
  }

  /** The events, each once; a second reader goes on where the first one stopped. */
  async *[Symbol.asyncIterator](): AsyncGenerator<SessionEvent, void, undefined> {
    this.#read = true
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) {
        yield event
        continue
      }
      if (!this.#pull()) return
      if (this.#events.length === 0) await this.#woken()
    }
  }

  /**
   * The audio alone, as a stream of the bytes of 16-bit samples, for a loudspeaker or a file. What an interruption voids
   * is dropped from it. The events no longer hold the audio then.
   */
  audio(): ReadableStream<Uint8Array> {
    this.#audio ??= new AudioOutput(async (output) => {
      while (output.isEmpty()) {
        if (!this.#pull()) return false
        if (output.isEmpty()) await this.#woken()
      }
      return true
    })
    return this.#audio.stream
  }

  /** The events as a web stream. */
  events(): ReadableStream<SessionEvent> {
    const events = this[Symbol.asyncIterator]()
    return new ReadableStream<SessionEvent>(
      {
        async pull(controller) {
          const { done, value } = await events.next()
          if (done) controller.close()
          else controller.enqueue(value)
        },
      },
      { highWaterMark: 0 },
    )
  }

  /** Ends the session, and waits until all its work has ended. Doing it again does nothing. */
  close(): Promise<void> {
    this.#closing ??= awaiting(async () => await this.#native.close())
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Takes what is there; false when the session is over and all was read. */
  #pull(): boolean {
    if (this.#over) return false
    if (this.#read && this.#events.length >= WAITING) return true
    const items = this.#native.take(BATCH)
    if (items === null) {
      this.#over = true
      this.#audio?.end()
      for (const resume of this.#waiting) resume()
      this.#waiting.clear()
      return this.#events.length > 0
    }
    for (const item of items) this.#deal(typeof item === 'string' ? this.#parse(item) : { type: 'audio', ...item })
    return true
  }

  #parse(json: string): SessionEvent {
    const event = JSON.parse(json) as SessionEvent & { token?: number }
    if (event.token !== undefined && event.type === 'error') {
      event.cause = this.#causes.get(event.token)
      this.#causes.delete(event.token)
      delete event.token
    }
    return event
  }

  #deal(event: SessionEvent): void {
    if (this.#audio !== undefined) {
      if (event.type === 'audio') return this.#audio.push(event.turn, event.pcm)
      if (event.type === 'clear') this.#audio.clear(event.turn)
      if (!this.#read) return
    }
    this.#events.push(event)
  }

  #woken(): Promise<void> {
    if (this.#over) return Promise.resolve()
    return new Promise((resume) => this.#waiting.add(resume))
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resume of waiting) resume()
  }

  #heed(signal: AbortSignal): void {
    const close = () => void this.close()
    if (signal.aborted) return close()
    signal.addEventListener('abort', close, { once: true })
    this.#detach = () => signal.removeEventListener('abort', close)
  }
}

export type { Source }
