import { awaiting, ProtocolError } from './errors.js'
import type { NativeSession } from './native.js'
import { Reader } from './reader.js'

/**
 * A session of a client on a WebSocket: `for await` gives the messages to send, `receive` takes those that came, and the
 * codec of the `/ws` contract is the core's own.
 */
export class ClientConnection implements AsyncIterable<string | Uint8Array>, AsyncDisposable {
  readonly #reader: Reader
  #closing: Promise<void> | undefined

  /** @internal */
  constructor(open: (wake: () => void) => NativeSession, signal?: AbortSignal) {
    this.#reader = new Reader(open)
    this.#reader.heed(signal, () => void this.close())
  }

  /** The session's id. */
  get id(): string {
    return this.#reader.native.id
  }

  /** What was said so far, how the session stands: as of a {@link Session}. */
  get status(): unknown {
    return JSON.parse(this.#reader.native.status())
  }

  /**
   * Takes a message of the client's: text, or the bytes of a binary one. What makes no sense is answered with an error
   * frame. Waits while the session is ahead of real time. Throws a {@link ProtocolError} with `closeCode` when the client
   * broke a rule that ends its connection.
   */
  async receive(message: string | Uint8Array): Promise<void> {
    const closeCode = await awaiting(() => this.#reader.native.receive(message))
    if (closeCode === 0) return
    throw Object.assign(new ProtocolError(`the client broke a rule: close code ${closeCode}`), { closeCode })
  }

  /** The messages to send, in order: text frames as strings, audio as bytes. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string | Uint8Array, void, undefined> {
    for (;;) {
      const items = this.#reader.take()
      if (items === null) return
      for (const item of items) {
        if (typeof item === 'string') yield item
        else if (item.pcm !== undefined) yield new Uint8Array(item.pcm.buffer, item.pcm.byteOffset, item.pcm.byteLength)
        else if (item.json !== undefined) yield item.json
      }
      if (items.length === 0) await this.#reader.woken()
    }
  }

  /** Ends the session, and waits until all its work has ended. */
  close(): Promise<void> {
    this.#closing ??= awaiting(async () => await this.#reader.native.close())
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
