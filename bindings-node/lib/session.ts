import { isChunk, Samples, type AudioSource } from './audio.js'
import { AudioOutput } from './audio_output.js'
import type { Thrown } from './bridge.js'
import { awaiting, calling, InvalidInputError } from './errors.js'
import type { MetricsEvent, SessionEvent } from './events.js'
import { toCore } from './names.js'
import type { NativeDelivery, NativeSession } from './native.js'
import type { Message } from './providers.js'
import { Reader } from './reader.js'

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

/** How a session stands. */
export interface SessionStatus {
  state: 'listening' | 'thinking' | 'speaking'
  turn: number
  metrics: Omit<MetricsEvent, 'type'> | null
  closed: boolean
}

/**
 * Events that may wait here for their reader while only the audio is read. Then the core is left to wait as well, and
 * ends a session of which nobody reads.
 */
const WAITING = 1_024

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
  readonly #reader: Reader
  readonly #native: NativeSession
  readonly #thrown: Thrown
  readonly #events: SessionEvent[] = []
  #audio: AudioOutput | undefined
  #eventsAreRead = false
  #closing: Promise<void> | undefined

  /** Sessions are opened by {@link Agent.session}. @internal */
  constructor(open: (wake: () => void) => NativeSession, thrown: Thrown, signal?: AbortSignal) {
    this.#thrown = thrown
    this.#reader = new Reader(open)
    this.#native = this.#reader.native
    this.#reader.heed(signal, () => void this.close())
  }

  /** Its name. */
  get id(): string {
    return this.#native.id
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
  get history(): Message[] {
    return JSON.parse(calling(() => this.#native.history())) as Message[]
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
      if (this.#native.isClosed || this.#closing !== undefined) return
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
    this.#eventsAreRead = true
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) yield event
      else if (!(await this.#more())) return
    }
  }

  /**
   * The audio alone, as a stream of the bytes of 16-bit samples, for a loudspeaker or a file. What an interruption voids
   * is dropped from it. The events no longer hold the audio then.
   */
  audio(): ReadableStream<Uint8Array> {
    this.#audio ??= new AudioOutput(() => this.#more())
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

  /** Deals out what is there, or waits until there may be something; false when nothing will come any more. */
  async #more(): Promise<boolean> {
    const items = this.#events.length < WAITING ? this.#reader.take() : []
    if (items === null) return false
    for (const item of items) this.#deal(this.#eventOf(item))
    if (items.length === 0) await this.#reader.woken()
    return true
  }

  #eventOf(item: string | NativeDelivery): SessionEvent {
    if (typeof item === 'string') return JSON.parse(item) as SessionEvent
    if (item.pcm !== undefined) return { type: 'audio', turn: item.turn as number, pcm: item.pcm }
    const event = JSON.parse(item.json as string) as SessionEvent
    return Object.assign(event, { cause: this.#thrown.get(item.thrown as number) })
  }

  #deal(event: SessionEvent): void {
    if (this.#audio !== undefined) {
      if (event.type === 'audio') return this.#audio.push(event.turn, event.pcm)
      if (event.type === 'clear') this.#audio.clear(event.turn)
      if (!this.#eventsAreRead) return
    }
    this.#events.push(event)
  }
}
