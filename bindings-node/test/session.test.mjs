import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { Agent, testing } from 'voice-agent'
import { agentOf, noise, readTo, saying, silence, types } from './support/talk.mjs'

test('a typed question is answered in text and audio, in the order of the contract', async () => {
  const session = await agentOf({ llm: saying('One. ', 'Two.') }).session({ outputRate: 24_000 })
  await session.text('Count.')
  const events = await readTo(session, 'reply_end')
  assert.equal(events[0].type, 'ready')
  assert.deepEqual([events[0].input_rate, events[0].output_rate, events[0].providers.llm], [16_000, 24_000, 'own'])
  const replies = events.filter(({ type }) => type === 'reply')
  assert.equal(replies.map(({ text }) => text).join(''), 'One. Two.')
  const audio = events.filter(({ type }) => type === 'audio')
  assert.ok(audio.every(({ pcm, turn }) => pcm instanceof Int16Array && turn === 1))
  const samples = audio.reduce((sum, { pcm }) => sum + pcm.length, 0)
  assert.ok(Math.abs(samples - 8 * 10 * 24) < 480, `${samples} samples of 8 characters of 10 ms`)
  assert.ok(events.findIndex(({ type }) => type === 'reply') < events.findIndex(({ type }) => type === 'audio'))
  assert.deepEqual(events.at(-1), { type: 'reply_end', turn: 1, interrupted: false, heard: 'One. Two.' })
  assert.deepEqual(session.history, [
    { role: 'user', text: 'Count.' },
    { role: 'agent', text: 'One. Two.' },
  ])
  assert.equal(session.metrics.turn, 1)
  assert.equal(session.status.turn, 1)
  await session.close()
})

test('spoken words are heard, whatever they are fed as', async () => {
  const speech = Int16Array.of(...noise(600), ...silence(1_200))
  const floats = Float32Array.from(speech, (sample) => sample / 32_768)
  const bytes = Buffer.from(speech.buffer)
  async function* pieces() {
    for (let at = 0; at < speech.length; at += 320) yield speech.subarray(at, at + 320)
  }
  const odd = () => [bytes.subarray(0, 1_001), bytes.subarray(1_001, 4_000), bytes.subarray(4_000)]
  const sources = {
    Int16Array: () => speech,
    Float32Array: () => floats,
    Buffer: () => bytes,
    'async iterable': pieces,
    'bytes cut in the middle of samples': odd,
    'web stream': () => ReadableStream.from(pieces()),
    'Node stream': () => Readable.from(odd(), { objectMode: false }),
  }
  const heard = await Promise.all(
    Object.values(sources).map(async (source) => {
      const session = await agentOf().session()
      const fed = session.feed(source())
      const events = await readTo(session, ({ type, final }) => type === 'transcript' && final)
      await fed
      await session.close()
      return events.filter(({ type }) => type === 'speech').map(({ started, at_ms }) => [started, at_ms])
    }),
  )
  assert.equal(heard[0].length, 2)
  for (const [index, name] of Object.keys(sources).entries()) assert.deepEqual(heard[index], heard[0], name)
})

test('an interrupted reply ends at once, and the history has what was heard', async () => {
  const long = Array.from({ length: 40 }, (_, index) => `Sentence number ${index}. `)
  const session = await agentOf({ llm: saying(...long) }).session()
  await session.text('Talk.')
  const before = await readTo(session, 'audio')
  await session.interrupt()
  const after = await readTo(session, 'reply_end')
  assert.equal(after.at(-1).interrupted, true)
  const cleared = after.findIndex(({ type }) => type === 'clear')
  assert.ok(cleared >= 0 && after.slice(cleared).every(({ type }) => type !== 'audio'), 'nothing of it follows')
  assert.ok(long.join('').startsWith(after.at(-1).heard))
  assert.equal(before.at(-1).turn, 1)
  await session.close()
})

test('speech over the reply stops it', async () => {
  const session = await agentOf({ llm: saying(...Array.from({ length: 60 }, () => 'And so on and on. ')) }).session()
  await session.text('Talk.')
  await readTo(session, 'audio')
  const fed = session.feed(Int16Array.of(...noise(1_500), ...silence(300)))
  const events = await readTo(session, 'reply_end')
  assert.equal(events.at(-1).interrupted, true)
  await Promise.all([fed, session.close()])
})

test('what is said and announced, what was played, and context that changes', async () => {
  const seen = []
  const llm = {
    async *generate({ instructions, context }) {
      seen.push([instructions, context])
      yield 'Yes.'
    },
  }
  const session = await agentOf({ llm, instructions: 'Be brief.', context: 'It rains.' }).session()
  await session.say('Good morning.')
  assert.equal((await readTo(session, 'reply_end')).at(-1).heard, 'Good morning.')
  await session.announce('The lift is out of order.')
  assert.equal((await readTo(session, 'reply_end')).at(-1).heard, 'The lift is out of order.')
  await session.text('One?')
  await readTo(session, 'reply_end')
  await session.setContext({ context: null, instructions: 'Be long.' })
  await session.text('Two?')
  const { turn } = (await readTo(session, 'audio')).at(-1)
  await session.played(turn, 100)
  assert.deepEqual(seen, [
    ['Be brief.', 'It rains.'],
    ['Be long.', null],
  ])
  await session.close()
})

test('streams out: the audio alone, and the events', async () => {
  const session = await agentOf({ llm: saying('Hello there, whoever you are.') }).session()
  const audio = session.audio().getReader()
  const events = session.events().getReader()
  await session.text('Hi.')
  let bytes = 0
  const reading = (async () => {
    for (let next = await audio.read(); !next.done; next = await audio.read()) bytes += next.value.length
  })()
  const told = []
  for (let next = await events.read(); !next.done; next = await events.read()) {
    told.push(next.value.type)
    if (next.value.type === 'reply_end') void session.close()
  }
  await reading
  assert.ok(told.includes('reply') && told.at(-1) === 'bye' && !told.includes('audio'))
  assert.equal(bytes, 29 * 10 * 16 * 2)
})

test('what an interruption voids is dropped from the stream of audio', async () => {
  const session = await agentOf({ llm: saying(...Array.from({ length: 40 }, () => 'And so on. ')) }).session()
  const audio = session.audio().getReader()
  await session.text('Talk.')
  await readTo(session, 'state')
  await audio.read()
  await session.interrupt()
  await readTo(session, 'reply_end')
  const closed = session.close()
  for (let next = await audio.read(); !next.done; next = await audio.read()) assert.fail('audio of a reply that was cleared')
  await closed
})

test('sessions end by close, by a signal and by disposal', async () => {
  const agent = agentOf()
  const controller = new AbortController()
  const aborted = await agent.session({ signal: controller.signal })
  controller.abort()
  assert.deepEqual((await readTo(aborted, 'bye')).at(-1), { type: 'bye', reason: 'end' })
  const stillborn = await agent.session({ signal: AbortSignal.abort() })
  assert.equal((await readTo(stillborn, 'bye')).at(-1).type, 'bye')
  const disposed = await agent.session()
  await disposed[Symbol.asyncDispose]()
  assert.equal(disposed.status.closed, true)
})

test('a reader that leaves its loop goes on where it stopped, and the end comes once', async () => {
  const session = await agentOf({ llm: saying('Yes.') }).session()
  await session.text('Well?')
  const first = await readTo(session, 'reply')
  const second = await readTo(session, 'reply_end')
  assert.deepEqual(types([...first, ...second]).filter((type) => type === 'ready').length, 1)
  await session.close()
  const last = await readTo(session, () => false)
  assert.equal(last.at(-1).type, 'bye')
  assert.deepEqual(await readTo(session, () => false), [])
})

test('an agent that speaks first, pauses for those who can, and takes its options by the core’s names', async () => {
  const agent = new Agent({
    llm: testing.fakeLlm(),
    greeting: 'Welcome.',
    endpointingMs: 300,
    conversation: { interruption: { protectGreeting: true }, memory: { olderTurns: 'drop' } },
  })
  assert.deepEqual(agent.providers, { stt: null, llm: 'fake', tts: null })
  const session = await agent.session({ id: 'my-call', pause: true, sampleRate: 8_000 })
  assert.equal(session.id, 'my-call')
  const events = await readTo(session, 'reply_end')
  assert.deepEqual(events.at(-1), { type: 'reply_end', turn: 0, interrupted: false, heard: 'Welcome.' })
  await session.close()
})

test('when the first of several providers fails the next one takes over', async () => {
  const broken = {
    name: 'broken',
    async *generate() {
      throw new Error('out of order')
    },
  }
  const session = await agentOf({ llm: [broken, saying('I am here.')] }).session()
  await session.text('Anybody?')
  const events = await readTo(session, 'reply_end')
  const failed = events.find(({ type }) => type === 'error')
  assert.deepEqual([failed.provider, failed.stage, failed.fatal], ['broken', 'llm', false])
  assert.equal(events.at(-1).heard, 'I am here.')
  await session.close()
})
