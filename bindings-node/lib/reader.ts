import { calling } from './errors.js'
import type { NativeDelivery, NativeSession } from './native.js'

/** Items taken over the border at a time. */
const BATCH = 64

/**
 * An open session as its readers share it: they take what is there, and wait where there is nothing. Nothing is taken out
 * of the core before somebody asks, so that what an interruption voids is dropped there. @internal
 */
export class Reader {
  readonly native: NativeSession
  readonly #waiting = new Set<() => void>()
  #over = false

  constructor(open: (wake: () => void) => NativeSession) {
    this.native = calling(() => open(() => this.#wake()))
  }

  /** What is there; `null` when nothing ever will be. */
  take(): Array<string | NativeDelivery> | null {
    if (this.#over) return null
    const items = this.native.take(BATCH)
    if (items === null) this.#over = true
    // Who waits may find something where another reader has put it.
    if (items?.length !== 0) this.#wake()
    return items
  }

  /** Resolves when there may be something to take. */
  woken(): Promise<void> {
    if (this.#over) return Promise.resolve()
    return new Promise((resume) => this.#waiting.add(resume))
  }

  /** Closes the session when `signal` is aborted; `close` is called at most once. */
  heed(signal: AbortSignal | undefined, close: () => void): void {
    if (signal === undefined) return
    if (signal.aborted) return close()
    signal.addEventListener('abort', close, { once: true })
    void Promise.resolve(this.native.closed()).then(() => signal.removeEventListener('abort', close))
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resume of waiting) resume()
  }
}
