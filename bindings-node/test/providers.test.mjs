import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, InvalidConfigError, RateLimitedError, cartesia, deepgram, fallback, groq, local, openai, tavily, testing } from 'voice-agent'
import { agentOf, noise, readTo, saying, silence } from './support/talk.mjs'

const llm = {
  async *generate() {
    for (const word of ['one ', 'two ', 'three ', 'four']) {
      await pause(1)
      yield word
    }
  },
}

const tts = {
  sampleRate: 24_000,
  async *synthesize(text) {
    for await (const item of text) {
      if (item.type !== 'text') continue
      for (let piece = 0; piece < 3; piece += 1) {
        await pause(1)
        yield new Int16Array(2_400)
      }
    }
  },
}

const stt = {
  async *transcribe(input) {
    for await (const item of input) yield item.type === 'finalize' ? 'hello' : { type: 'partial', text: 'hel' }
  },
}

for (const [stage, provider] of Object.entries({ llm, tts, stt })) {
  test(`a provider of ${stage} written in JavaScript passes the suite: cancelled and dropped at every item`, async () => {
    const report = await testing.conformance(provider)
    assert.equal(report.breach, null)
    assert.ok(report.conforms && report.items > 1 && report.calls > report.items, JSON.stringify(report))
  })
}

test('one that gives two answers to a question does not pass', async () => {
  const eager = {
    async *transcribe(input) {
      for await (const { type, turn, attempt } of input) {
        if (type !== 'finalize') continue
        yield { type: 'final', turn, attempt, text: 'a' }
        yield { type: 'final', turn, attempt, text: 'b' }
      }
    },
  }
  const report = await testing.conformance(eager)
  assert.equal(report.conforms, false)
  assert.match(report.breach, /nobody has asked for|was asked for/)
})

test('one that leaves out what it was given does not pass, and what is no provider is refused', async () => {
  const silent = {
    sampleRate: 16_000,
    async *synthesize(input) {
      for await (const item of input) if (item.type === 'text') return
      yield new Int16Array(1)
    },
  }
  const report = await testing.conformance(silent)
  assert.equal(report.conforms, false)
  assert.match(report.breach, /\w/)
  await assert.rejects(testing.conformance({}), InvalidConfigError)
})

test('one that fails does not pass', async () => {
  const broken = {
    async *generate() {
      throw new RateLimitedError('too much')
    },
  }
  assert.match((await testing.conformance(broken)).breach, /failed: llm: too much/)
})

test('recogniser, model, voice and detector of one’s own serve a spoken turn', async () => {
  const asked = []
  const detector = {
    sampleRate: 16_000,
    windowLength: 512,
    create: () => ({ probability: (window) => (window.some((sample) => Math.abs(sample) > 0.1) ? 1 : 0) }),
  }
  const own = {
    async *generate(request) {
      asked.push(request)
      yield 'You are welcome.'
    },
  }
  const session = await agentOf({ stt, llm: own, tts, vad: detector }).session()
  const fed = session.feed(Int16Array.of(...noise(700), ...silence(1_800)))
  const events = await readTo(session, 'reply_end')
  await fed
  const finals = events.filter(({ type, final }) => type === 'transcript' && final)
  assert.deepEqual(finals.map(({ text }) => text), ['hello'])
  assert.equal(events.at(-1).heard, 'You are welcome.')
  assert.ok(events.some(({ type, pcm }) => type === 'audio' && pcm.length > 0))
  assert.deepEqual(asked.at(-1).messages, [{ role: 'user', text: 'hello' }])
  await session.close()
})

test('a call that nobody wants any more is told within 10 ms, in the signal and in the generator', async () => {
  const delays = []
  let [begun, told] = [() => {}, () => {}]
  const endless = {
    async *generate(_request, { signal }) {
      yield 'And '
      const waiting = new Promise((resolve) => signal.addEventListener('abort', () => resolve(performance.now())))
      begun()
      delays.push((await waiting) - cancelledAt)
      told()
    },
  }
  let cancelledAt
  const session = await agentOf({ llm: endless }).session()
  for (let turn = 0; turn < 20; turn += 1) {
    const started = new Promise((resolve) => (begun = resolve))
    const over = new Promise((resolve) => (told = resolve))
    await session.text('Go on.')
    await started
    cancelledAt = performance.now()
    await session.interrupt()
    await Promise.all([readTo(session, 'reply_end'), over])
  }
  await session.close()
  assert.equal(delays.length, 20)
  const median = delays.toSorted((a, b) => a - b)[10]
  assert.ok(median <= 10, `${median.toFixed(2)} ms`)
})

test('the generator is closed, and its finally block runs', async () => {
  let closed
  const ended = new Promise((resolve) => (closed = resolve))
  const careful = {
    async *generate() {
      try {
        for (;;) {
          await pause(1)
          yield 'more '
        }
      } finally {
        closed()
      }
    },
  }
  const session = await agentOf({ llm: careful, tts: undefined }).session()
  await session.text('Go on.')
  await readTo(session, 'reply')
  await session.interrupt()
  await ended
  await session.close()
})

test('a generator that stands still for ever holds nothing up', async () => {
  const still = {
    async *generate() {
      await new Promise(() => {})
      yield 'never'
    },
  }
  const session = await agentOf({ llm: still, conversation: { llmTimeoutMs: 150 } }).session()
  await session.text('Well?')
  const events = await readTo(session, 'reply_end')
  assert.equal(events.find(({ type }) => type === 'error').kind, 'timeout')
  await session.close()
})

test('a generator that never ends waits for the core, and does not starve the event loop', async () => {
  let given = 0
  const flood = {
    async *generate() {
      for (;;) {
        given += 1
        yield 'word '
      }
    },
  }
  const session = await agentOf({ llm: flood }).session()
  await session.text('Go on.')
  await readTo(session, 'audio')
  const reached = given
  await pause(50)
  assert.ok(given < 100_000, `${reached}, then ${given} words for a voice that speaks 100 characters a second`)
  await session.close()
})

test('the providers of the package are settings, which the core reads', () => {
  for (const [parts, told] of [
    [{ llm: groq.llm({ key: 'k', modle: 'a' }) }, /groq: .*unknown field `modle`/],
    [{ stt: deepgram.stt({ key: 'k', keepAliveMs: 'long' }) }, /deepgram: .*`keep_alive_ms`/],
    [{ tts: 'nobody' }, /"nobody" is no provider of tts/],
    [{ llm: {} }, /`llm`: a provider of the package, its name, or an object with `generate`/],
    [{ tts: { synthesize() {} } }, /`sampleRate`/],
  ]) {
    assert.throws(
      () => new Agent(parts),
      (error) => error instanceof InvalidConfigError && told.test(error.message),
      String(told),
    )
  }
  const all = new Agent({
    stt: [deepgram.stt({ key: 'k', model: 'flux-general-en' }), groq.stt({ key: 'k' })],
    llm: fallback([groq.llm({ key: 'k', model: 'm' }), openai.llm({ baseUrl: 'http://127.0.0.1:1', model: 'm' })], { failures: 2 }),
    tts: [cartesia.tts({ key: 'k', voice: 'v' }), deepgram.tts({ key: 'k' })],
    tools: [tavily.search({ key: 'k', maxResults: 3 }), tavily.extract({ key: 'k' })],
  })
  assert.ok(all.providers.stt.startsWith('deepgram'))
  assert.equal(new Agent({ llm: local.llm() }).providers.llm, 'local')
})

test('a key that is missing is an error of its kind', { skip: process.env.GROQ_API_KEY ? 'there is a key' : false }, () => {
  assert.throws(() => new Agent({ llm: groq.llm('openai/gpt-oss-120b') }), { code: 'auth' })
})

test('saying nothing is no answer, and something else than text is refused by name', async () => {
  const session = await agentOf({ llm: saying(5) }).session()
  await session.text('Well?')
  const failed = (await readTo(session, 'error')).at(-1)
  assert.match(failed.message, /an item of the host/)
  assert.equal(failed.cause.code, 'invalid_input')
  await session.close()
})
