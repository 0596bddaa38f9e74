// Wrong use, and failures in the user's own code: a clear error of one's own language, never a hang.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import * as face from 'voice-agent'
import { agentOf, readTo, saying } from './support/talk.mjs'

const { Agent, AuthError, InvalidInputError, UnavailableError, VoiceAgentError } = face

test('every error is of one base, with a code, a stage and a cause', () => {
  const cause = new Error('below')
  const error = new AuthError('no key', { stage: 'llm', cause })
  assert.ok(error instanceof VoiceAgentError && error instanceof Error && error instanceof face.Error)
  assert.deepEqual([error.name, error.code, error.stage, error.cause, error.retryable], ['AuthError', 'auth', 'llm', cause, false])
  assert.equal(new face.RateLimitedError('later', { retryAfterMs: 100 }).retryAfterMs, 100)
  assert.equal(new face.TimeoutError('late').retryable, true)
})

test('wrong types are named', async () => {
  const session = await agentOf().session()
  for (const wrong of [
    () => session.text(5),
    () => session.text('  '),
    () => session.say(null),
    () => session.announce(undefined),
    () => session.played('1', 2),
    () => session.played(1, -2),
    () => session.played(1.5, 2),
    () => session.setContext({ instrctions: 'a' }),
    () => session.setContext({ context: 5 }),
    () => session.feed(5),
    () => session.feed(null),
    () => session.feed('audio'),
    () => session.feed([[1, 2, 3]]),
    () => session.feed(new Uint8Array(3)),
    () => session.feed(new Float64Array(3)),
  ]) {
    await assert.rejects(wrong, (error) => error instanceof InvalidInputError && error.message.length > 10, String(wrong))
  }
  await assert.rejects(agentOf().session({ inputRate: 1 }), { code: 'invalid_config' })
  await assert.rejects(agentOf().session({ rate: 16_000 }), /unknown field `rate`/)
  await assert.rejects(agentOf().session({ inputRate: 'fast' }), /`input_rate`/)
  assert.throws(() => new Agent({ instrctions: 'a' }), /unknown field `instrctions`/)
  assert.throws(() => new Agent({ tools: [{}] }), /`tools`/)
  for (const vad of [{}, 3, true, null]) assert.throws(() => new Agent({ vad }), /`vad`.*`create`/)
  const create = () => ({ probability: () => 0 })
  assert.throws(() => new Agent({ vad: { create, windowLength: 512 } }), /`sampleRate` of `vad`/)
  assert.throws(() => new Agent({ vad: { create, sampleRate: 16_000, windowLength: 0 } }), /`windowLength` of `vad`/)
  assert.throws(() => new Agent({ tts: { async *synthesize() {}, sampleRate: '16k' } }), /`sampleRate` of `tts`/)
  assert.throws(() => new Agent({ endpointingMs: Number.NaN }), /`endpointingMs`: a number, not NaN/)
  assert.throws(() => new Agent({ vad: 'loud' }), /`vad`/)
  await session.close()
})

test('a closed session says so, and closing it again does nothing', async () => {
  const session = await agentOf().session()
  await Promise.all([session.close(), session.close()])
  await session.close()
  for (const late of [
    () => session.text('Hello?'),
    () => session.say('Hello?'),
    () => session.interrupt(),
    () => session.played(1, 2),
    () => session.setContext({}),
    () => session.feed(new Int16Array(320)),
  ]) {
    await assert.rejects(late, (error) => error instanceof UnavailableError && /over/.test(error.message), String(late))
  }
  assert.equal(session.status.closed, true)
  assert.deepEqual(session.history, [])
})

test('a source of audio goes on no longer than its session', async () => {
  const session = await agentOf().session()
  let given = 0
  let ended = false
  async function* microphone() {
    try {
      for (;;) {
        given += 1
        yield new Int16Array(320)
      }
    } finally {
      ended = true
    }
  }
  const fed = session.feed(microphone())
  await readTo(session, 'ready')
  await session.close()
  await fed.catch((error) => assert.ok(error instanceof UnavailableError))
  assert.ok(ended && given < 1_000)
})

test('what the source of audio throws is thrown by feed', async () => {
  const session = await agentOf().session()
  const unplugged = new RangeError('unplugged')
  async function* microphone() {
    yield new Int16Array(320)
    throw unplugged
  }
  await assert.rejects(session.feed(microphone()), (error) => error === unplugged)
  await session.close()
})

test('what a provider throws comes back in the event, the very object, and the session lives on', async () => {
  const boom = new RangeError('boom')
  const sync = {
    generate() {
      throw boom
    },
  }
  const rejecting = { generate: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(boom) }) }) }
  const late = {
    async *generate() {
      yield 'I think '
      throw boom
    },
  }
  const asynchronous = {
    async generate() {
      throw boom
    },
  }
  for (const [name, llm] of Object.entries({ sync, rejecting, late, asynchronous })) {
    const session = await agentOf({ llm }).session()
    await session.text('Well?')
    const failed = (await readTo(session, 'error')).at(-1)
    assert.equal(failed.cause, boom, name)
    assert.deepEqual([failed.stage, failed.kind, failed.message], ['llm', 'internal', 'RangeError: boom'], name)
    await readTo(session, 'reply_end')
    await session.close()
  }
  for (const what of [undefined, null, 'a word', 5]) {
    const session = await agentOf({ llm: { generate: () => what } }).session()
    await session.text('Well?')
    assert.match((await readTo(session, 'error')).at(-1).message, /a provider gives an async generator, not /)
    await session.close()
  }
})

test('a provider may be an async function that gives what gives its items', async () => {
  const session = await agentOf({ llm: { generate: async () => saying('Later.').generate() } }).session()
  await session.text('Well?')
  assert.equal((await readTo(session, 'reply_end')).at(-1).heard, 'Later.')
  await session.close()
})

test('an error of one of our kinds keeps its kind', async () => {
  const llm = {
    async *generate() {
      throw new AuthError('the key is wrong')
    },
  }
  const session = await agentOf({ llm }).session()
  await session.text('Well?')
  const failed = (await readTo(session, 'error')).at(-1)
  assert.deepEqual([failed.kind, failed.message], ['auth', 'the key is wrong'])
  await session.close()
})

test('what is thrown after nobody wants the call any more is lost on purpose, without a warning', async () => {
  const warnings = []
  const note = (reason) => warnings.push(reason)
  process.on('unhandledRejection', note)
  const stubborn = {
    async *generate(_request, { signal }) {
      yield 'I '
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  }
  const session = await agentOf({ llm: stubborn }).session()
  await session.text('Well?')
  await readTo(session, 'state')
  await session.interrupt()
  await readTo(session, 'reply_end')
  await session.close()
  await new Promise(setImmediate)
  process.off('unhandledRejection', note)
  assert.deepEqual(warnings, [])
})

test('a detector that throws is told once, and the session goes on', async () => {
  const boom = new Error('deaf')
  const vad = { sampleRate: 16_000, windowLength: 512, create: () => ({ probability: () => Promise.reject(boom) }) }
  const session = await agentOf({ vad, llm: saying('Yes.') }).session()
  let told = false
  async function* microphone() {
    while (!told) {
      yield new Int16Array(512)
      await pause(5)
    }
  }
  const fed = session.feed(microphone())
  const failed = (await readTo(session, 'error')).at(-1)
  assert.deepEqual([failed.stage, failed.message], ['vad', 'Error: deaf'])
  told = true
  await fed
  await session.text('Are you there?')
  assert.equal((await readTo(session, 'reply_end')).at(-1).heard, 'Yes.')
  await session.close()
})
