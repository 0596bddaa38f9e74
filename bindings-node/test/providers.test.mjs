// A spoken turn of which every part is written in JavaScript, and what happens when parts fail.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Agent, InvalidConfigError, TurnDetector, testing, tool } from 'voice-agent'
import { spoken } from './support/speech.mjs'

/** Loud is speech. */
const vad = {
  sampleRate: 16_000,
  windowLength: 512,
  create: () => ({ probability: (window) => (Math.max(...window) > 0.05 ? 0.99 : 0.01) }),
}

const stt = {
  async *transcribe(input, { signal }) {
    let heard = 0
    for await (const item of input) {
      assert.equal(signal.aborted, false)
      if (item.type === 'audio') heard += item.pcm.length
      else yield `I spoke for ${heard > 8_000 ? 'long' : 'a moment'}`
    }
  },
}

const llm = {
  async *generate({ messages }) {
    yield `You say: ${messages.at(-1).text}.`
  },
}

const tts = {
  sampleRate: 24_000,
  async *synthesize(input) {
    for await (const item of input) if (item.type === 'text') yield new Float32Array(2_400).fill(0.5)
  },
}

/** In real time: a detector in JavaScript is not waited for, so audio that comes all at once would pass before its word. */
async function* microphone() {
  const sound = spoken(900)
  for (let at = 0; at < 40_000; at += 320) {
    yield at < sound.length ? sound.subarray(at, at + 320) : new Int16Array(320)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Closes the session when an event is wanted; all events up to it. */
async function until(session, wanted) {
  const seen = []
  for await (const event of session) {
    seen.push(event)
    if (wanted(event)) break
  }
  await session.close()
  return seen
}

test('a spoken turn is heard, answered and spoken by JavaScript', { timeout: 30_000 }, async () => {
  const session = await new Agent({ stt, llm, tts, vad }).session()
  void session.feed(microphone())
  const seen = await until(session, ({ type }) => type === 'reply_end')
  const final = seen.find((event) => event.type === 'transcript' && event.final)
  assert.equal(final.text, 'I spoke for long')
  assert.equal(seen.at(-1).heard, 'You say: I spoke for long.')
  const samples = seen.filter(({ type }) => type === 'audio').reduce((sum, { pcm }) => sum + pcm.length, 0)
  assert.ok(Math.abs(samples - 1_600) <= 48, `${samples} samples at 16 kHz of 2,400 at 24 kHz`)
})

test('a tool that throws, or whose promise is rejected, is told to the model and to the program', async () => {
  const thrown = new RangeError('there is no such city')
  for (const run of [() => Promise.reject(thrown), () => { throw thrown }]) {
    const look = tool({ name: 'look', description: 'Looks.', parameters: { type: 'object' }, run })
    const calling = {
      async *generate({ messages }) {
        const newest = messages.at(-1)
        if (newest.role === 'tools') yield `It says ${newest.calls[0].result}`
        else yield { type: 'tool_call', id: '1', name: 'look', arguments: {} }
      },
    }
    const session = await new Agent({ llm: calling, tools: [look], vad: 'none' }).session()
    await session.text('look')
    const seen = await until(session, ({ type }) => type === 'reply_end')
    assert.equal(seen.find((event) => event.type === 'tool' && event.status === 'failed').cause, thrown)
    assert.match(seen.at(-1).heard, /there is no such city/)
  }
})

test('an item that makes no sense is thrown where it was given', async () => {
  let refused
  const wrong = {
    async *generate() {
      try {
        yield { type: 'text', txt: 'oops' }
      } catch (error) {
        refused = error
      }
      yield 'Never mind.'
    },
  }
  const session = await new Agent({ llm: wrong, vad: 'none' }).session()
  await session.text('go')
  const seen = await until(session, ({ type }) => type === 'reply_end' || type === 'error')
  const told = refused ?? seen.find(({ type }) => type === 'error')
  assert.match(told.message, /txt|text/)
})

test('a model that is not there is named', () => {
  assert.throws(
    () => new TurnDetector({ model: '/nowhere/turn.onnx' }),
    (error) => error instanceof InvalidConfigError && /nowhere/.test(error.message),
  )
})

test('sessions that are closed leave nothing that holds what they used', { timeout: 60_000 }, async () => {
  const held = []
  for (let index = 0; index < 50; index += 1) {
    const agent = new Agent({ llm: { async *generate() { yield 'Yes.' } }, tts: testing.fakeTts(), vad: 'none' })
    const session = await agent.session()
    await session.text('go')
    await until(session, ({ type }) => type === 'reply')
    held.push(new WeakRef(agent), new WeakRef(session))
  }
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  for (let round = 0; round < 20; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    collect()
  }
  const alive = held.filter((one) => one.deref() !== undefined).length
  assert.ok(alive <= 4, `${alive} of ${held.length} are still held`)
})
