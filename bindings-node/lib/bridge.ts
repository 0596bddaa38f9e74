import { awaiting, calling, InvalidInputError, toPlain, UnavailableError } from './errors.js'
import { jsonOf, sttCrossing, sttInput, ttsCrossing, ttsInput, windowOf, type Crossing } from './items.js'
import type { NativeCall, NativeItem } from './native.js'
import type { Given, LlmProvider, LlmRequest, SttProvider, TtsProvider, VadProvider } from './providers.js'
import type { CallContext } from './tools.js'

/** What a provider written in JavaScript gives in a call, as it crosses the border. */
export type Serve = (call: NativeCall, context: CallContext) => AsyncIterable<Crossing>

/** Thrown objects that are kept for the error that tells of them. The oldest go first. */
const KEPT = 256

/** What user code threw, under numbers that the core carries along. */
export class Thrown {
  readonly #kept = new Map<number, unknown>()
  #next = 0

  keep(thrown: unknown): number {
    const number = this.#next
    this.#next = (number + 1) % 2 ** 31
    this.#kept.set(number, thrown)
    const oldest = this.#kept.keys().next()
    if (this.#kept.size > KEPT && !oldest.done) this.#kept.delete(oldest.value)
    return number
  }

  get(number: number): unknown {
    return this.#kept.get(number)
  }
}

/** The providers of one agent that are written in JavaScript, and where their calls begin. */
export class Bridge {
  readonly thrown = new Thrown()
  readonly #serves: Serve[] = []

  /** Takes a provider; gives its number. */
  add(serve: Serve): number {
    return this.#serves.push(serve) - 1
  }

  /** What the core calls. */
  readonly begin = (call: NativeCall): void => {
    const serve = this.#serves[call.provider]
    if (serve !== undefined) void new Serving(call, this.thrown).run(serve)
  }
}

const OVER = Symbol('over')

/** One call: iterates the user's generator, and lets go of it as soon as nobody wants more. */
class Serving {
  readonly #call: NativeCall
  readonly #thrown: Thrown
  readonly #controller = new AbortController()
  #stop: (over: typeof OVER) => void = () => {}

  constructor(call: NativeCall, thrown: Thrown) {
    this.#call = call
    this.#thrown = thrown
    void Promise.resolve(call.cancelled()).then((cancelled) => {
      if (!cancelled) return
      this.#stop(OVER)
      this.#controller.abort(new UnavailableError('nobody wants the rest of this call'))
    })
  }

  async run(serve: Serve): Promise<void> {
    const call = this.#call
    let items: AsyncIterator<Crossing> | undefined
    try {
      const { session, turn } = call
      items = serve(call, { signal: this.#controller.signal, session, turn })[Symbol.asyncIterator]()
      await this.#carry(items)
      call.finish()
    } catch (thrown) {
      const { kind, message, retry_after_ms } = toPlain(thrown)
      call.finish({ kind, message, retryAfterMs: retry_after_ms ?? undefined, thrown: this.#thrown.keep(thrown) })
    }
    // A generator that stands still is not waited for, and what it still throws is about a call that is over.
    if (this.#controller.signal.aborted) items?.return?.()?.then(undefined, () => {})
  }

  async #carry(items: AsyncIterator<Crossing>): Promise<void> {
    for (;;) {
      const next = await this.#unlessOver(() => items.next())
      if (next === OVER || next.done) return
      const [json, audio] = next.value
      const sent = calling(() => this.#call.send(json, audio))
      const taken = typeof sent === 'boolean' ? sent : await awaiting(() => sent)
      if (!taken) return void items.return?.()?.then(undefined, () => {})
    }
  }

  /**
   * What is begun and awaited, unless the call is over first: then it is not begun, since nobody would hear of its failure.
   * A promise that many race with would keep all of them.
   */
  #unlessOver<T>(begin: () => Promise<T>): Promise<T | typeof OVER> {
    if (this.#controller.signal.aborted) return Promise.resolve(OVER)
    return new Promise((resolve, reject) => {
      this.#stop = resolve
      begin().then(resolve, reject)
    })
  }
}

/** What goes into a call. */
async function* inputs<T>(call: NativeCall, read: (item: NativeItem) => T): AsyncGenerator<T, void, undefined> {
  for (;;) {
    const item = await call.next()
    if (item === null) return
    yield read(item)
  }
}

/** What a provider gives: an async generator, or what an async function resolves to, whose rejection is the call's. */
async function* each<T>(given: Given<T>, crossing: (item: T) => Crossing): AsyncGenerator<Crossing, void, undefined> {
  const items = await given
  if (typeof items !== 'object' || items === null || !(Symbol.asyncIterator in items || Symbol.iterator in items)) {
    throw new InvalidInputError(`a provider gives an async generator, not ${items === null ? 'null' : typeof items}`)
  }
  for await (const item of items) yield crossing(item)
}

export function serveLlm(provider: LlmProvider): Serve {
  return (call, context) =>
    each(provider.generate(JSON.parse(call.request) as LlmRequest, context), (item) => [jsonOf(item)])
}

export function serveStt(provider: SttProvider): Serve {
  return (call, context) => each(provider.transcribe(inputs(call, sttInput), context), sttCrossing)
}

export function serveTts(provider: TtsProvider): Serve {
  return (call, context) => each(provider.synthesize(inputs(call, ttsInput), context), ttsCrossing)
}

/** What runs a tool. */
export type Run = (args: unknown, context: CallContext) => Promise<{ text: string; sources: unknown[] }>

/** Serves one tool, or several by name. */
export function serveTools(find: (name: string) => Run | undefined): Serve {
  return async function* (call, context) {
    const request = JSON.parse(call.request) as { name: string; arguments: unknown }
    const run = find(request.name)
    if (run === undefined) throw new UnavailableError(`there is no tool "${request.name}"`, { stage: 'tool' })
    yield [jsonOf(await run(request.arguments, context))]
  }
}

export function serveVad(provider: VadProvider): Serve {
  return async function* (call) {
    const detector = provider.create()
    for await (const window of inputs(call, windowOf)) {
      if (window === undefined) detector.reset?.()
      else yield [jsonOf(await detector.probability(window))]
    }
  }
}
