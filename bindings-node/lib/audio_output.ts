/** The reply's audio as a stream: what was not read yet is dropped when its turn is cleared. @internal */
export class AudioOutput {
  readonly stream: ReadableStream<Uint8Array>
  readonly #chunks: Array<{ turn: number; pcm: Int16Array }> = []

  /** `fill` waits until there is something; false when there never will be. */
  constructor(fill: (output: AudioOutput) => Promise<boolean>) {
    this.stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          if (!(await fill(this)) && this.isEmpty()) return controller.close()
          const chunk = this.#chunks.shift()
          if (chunk !== undefined) controller.enqueue(new Uint8Array(chunk.pcm.buffer, chunk.pcm.byteOffset, chunk.pcm.byteLength))
        },
      },
      // Nothing is taken out before it is asked for: what waits inside the stream could not be cleared any more.
      { highWaterMark: 0 },
    )
  }

  isEmpty(): boolean {
    return this.#chunks.length === 0
  }

  push(turn: number, pcm: Int16Array): void {
    this.#chunks.push({ turn, pcm })
  }

  clear(turn: number): void {
    const kept = this.#chunks.filter((chunk) => chunk.turn !== turn)
    this.#chunks.splice(0, this.#chunks.length, ...kept)
  }
}
