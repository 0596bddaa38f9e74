/** The reply's audio as a stream: what was not read yet is dropped when its turn is cleared. @internal */
export class AudioOutput {
  readonly stream: ReadableStream<Uint8Array>
  readonly #chunks: Array<{ turn: number; pcm: Int16Array }> = []

  /** `more` waits until there may be something; false when there never will be. */
  constructor(more: () => Promise<boolean>) {
    this.stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          while (this.#chunks.length === 0 && (await more()));
          const pcm = this.#chunks.shift()?.pcm
          if (pcm === undefined) controller.close()
          else controller.enqueue(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength))
        },
      },
      // Nothing is taken out before it is asked for: what waits inside the stream could not be cleared any more.
      { highWaterMark: 0 },
    )
  }

  push(turn: number, pcm: Int16Array): void {
    this.#chunks.push({ turn, pcm })
  }

  clear(turn: number): void {
    const kept = this.#chunks.filter((chunk) => chunk.turn !== turn)
    this.#chunks.splice(0, this.#chunks.length, ...kept)
  }
}
