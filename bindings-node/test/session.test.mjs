// Sessions of agents whose language model is written in JavaScript.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Agent, InvalidConfigError, InvalidInputError, RateLimitedError, UnavailableError, tool } from 'voice-agent'

const echo = {
  async *generate({ messages }) {
    yield `You said ${messages.at(-1).text}.`
  },
}

/** The events up to the end of the reply to `text`; the session is closed then. */
async function answer(agent, text) {
  const session = await agent.session()
  const events = []
  let history
  await session.text(text)
  for await (const event of session) {
    events.push(event)
    if (event.type !== 'reply_end') continue
    history = session.history
    await session.close()
  }
  return { events, history, session }
}

test('a typed turn is answered, and the events end with a goodbye', async () => {
  const { events, history, session } = await answer(new Agent({ llm: echo, vad: 'none' }), 'hello')
  const words = events.filter(({ type }) => type === 'reply').map(({ text }) => text)
  assert.equal(words.join(''), 'You said hello.')
  assert.equal(events[0].type, 'ready')
  assert.deepEqual(events.at(-1), { type: 'bye', reason: 'end' })
  assert.equal(history.at(-1).text, 'You said hello.')
  assert.equal(session.status.closed, true)
})

test('what a provider throws is the cause of the event that tells of it', async () => {
  const thrown = new RateLimitedError('later', { retryAfterMs: 50 })
  const failing = {
    // eslint-disable-next-line require-yield
    async *generate() {
      throw thrown
    },
  }
  const session = await new Agent({ llm: failing, vad: 'none' }).session()
  await session.text('hello')
  for await (const event of session) {
    if (event.type !== 'error') continue
    assert.equal(event.cause, thrown)
    assert.equal(event.kind, 'rate_limited')
    break
  }
  await session.close()
})

test('an interruption reaches a generator that never ends', async () => {
  let ended
  const over = new Promise((resolve) => (ended = resolve))
  const endless = {
    async *generate(_request, { signal }) {
      yield 'One moment. '
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      ended(performance.now())
    },
  }
  const session = await new Agent({ llm: endless, vad: 'none' }).session()
  await session.text('hello')
  for await (const event of session) if (event.type === 'reply') break
  const asked = performance.now()
  await session.interrupt()
  assert.ok((await over) - asked < 250, 'the signal is aborted at once; benches/node measures it')
  await session.close()
})

test('a generator that ignores its signal holds nothing up', async () => {
  const deaf = {
    async *generate() {
      yield 'One moment. '
      await new Promise(() => {})
    },
  }
  const session = await new Agent({ llm: deaf, vad: 'none' }).session()
  await session.text('hello')
  for await (const event of session) if (event.type === 'reply') break
  await session.interrupt()
  for await (const event of session) if (event.type === 'reply_end') break
  await session.close()
})

test('closing twice is as good as once, and nothing is taken afterwards', async () => {
  const session = await new Agent({ llm: echo, vad: 'none' }).session()
  await Promise.all([session.close(), session.close()])
  await session.close()
  await assert.rejects(session.text('hello'), UnavailableError)
  await assert.rejects(session.feed(new Int16Array(320)), UnavailableError)
})

test('wrong values are named', async () => {
  assert.throws(() => new Agent({ llm: {} }), (error) => error instanceof InvalidConfigError && /generate/.test(error.message))
  assert.throws(() => new Agent({ endpointingMilis: 3 }), (error) => /endpointing_milis/.test(error.message))
  await assert.rejects(new Agent().session({ sampleRate: 3 }), (error) => error.code === 'invalid_config')
  const session = await new Agent({ llm: echo, vad: 'none' }).session()
  await assert.rejects(session.feed('audio'), InvalidInputError)
  await assert.rejects(session.text(3), InvalidInputError)
  await session.close()
})

test('a signal closes the session', async () => {
  const abort = new AbortController()
  const session = await new Agent({ llm: echo, vad: 'none' }).session({ signal: abort.signal })
  abort.abort()
  const types = []
  for await (const { type } of session) types.push(type)
  assert.equal(types.at(-1), 'bye')
})

test('a tool is called with its arguments', async () => {
  const weather = tool({
    name: 'weather',
    description: 'Tells the weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
    run: ({ city }) => `It rains in ${city}.`,
  })
  const llm = {
    async *generate({ messages }) {
      const last = messages.at(-1)
      if (last.role === 'tools') yield last.calls[0].result
      else yield { type: 'tool_call', id: '1', name: 'weather', arguments: { city: 'Oslo' } }
    },
  }
  const { events } = await answer(new Agent({ llm, tools: [weather], vad: 'none' }), 'How is it?')
  assert.equal(events.filter(({ type }) => type === 'reply').map(({ text }) => text).join(''), 'It rains in Oslo.')
})
