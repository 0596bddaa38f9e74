// What most tests of sessions need.
import { readFileSync } from 'node:fs'
import { Agent, testing } from 'voice-agent'

/** A model that answers every question with these pieces. */
export const saying = (...pieces) => ({
  name: 'own',
  async *generate() {
    yield* pieces
  },
})

/** An agent that hears by loudness and answers at once. */
export const agentOf = (parts = {}) =>
  new Agent({
    stt: testing.fakeStt({ texts: ['Hello there.'], latencyMs: 5 }),
    llm: testing.fakeLlm({ firstTokenMs: 1, perTokenMs: 0 }),
    tts: testing.fakeTts({ firstByteMs: 1, perCharacterMs: 10 }),
    vad: 'energy',
    ...parts,
  })

/** Reads up to and with the first event that `wanted` likes; gives all of them. */
export async function readTo(session, wanted) {
  const events = []
  for await (const event of session) {
    events.push(event)
    if (typeof wanted === 'string' ? event.type === wanted : wanted(event)) return events
  }
  return events
}

/** Events without audio, as words. */
export const types = (events) => events.filter(({ type }) => type !== 'audio').map(({ type }) => type)

/** A voice, or what an energy detector takes for one, at 16 kHz: so many ms of it, the same every time. */
export function noise(ms, loudness = 8_000) {
  let seed = 1
  return Int16Array.from({ length: ms * 16 }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return ((seed / 2 ** 30 - 1) * loudness) | 0
  })
}

export const silence = (ms) => new Int16Array(ms * 16)

/** The samples of a WAV file of 16-bit mono: the chunks before them are passed over. */
export function samplesOf(path) {
  const file = readFileSync(path)
  let at = 12
  while (file.toString('latin1', at, at + 4) !== 'data') at += 8 + file.readUInt32LE(at + 4)
  const bytes = Uint8Array.prototype.slice.call(file, at + 8, at + 8 + file.readUInt32LE(at + 4))
  return new Int16Array(bytes.buffer)
}
