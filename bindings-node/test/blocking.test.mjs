// JavaScript that blocks its event loop for 2 s: the core decides on time, and nothing is lost or late.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { agentOf, noise, readTo, silence } from './support/talk.mjs'

const BLOCK_MS = 2_000

/** Blocks this thread, as a careless callback would. */
function block() {
  const until = performance.now() + BLOCK_MS
  while (performance.now() < until);
}

test('a callback that blocks for 2 s delays no decision, and an interruption during it is heard', async () => {
  const sentences = Array.from({ length: 40 }, (_, index) => `This is sentence number ${index}. `)
  let asked = 0
  let session
  let atTheEndOfTheBlock
  const careless = {
    async *generate() {
      asked += 1
      if (asked > 1) return void (yield 'Here I am again.')
      yield* sentences
      await speaking
      // The user speaks over the reply, and the callback blocks before anybody could tell it.
      void session.feed(Int16Array.of(...noise(600), ...silence(1_000)))
      block()
      atTheEndOfTheBlock = { history: session.history, status: session.status }
    },
  }
  let spoken
  const speaking = new Promise((resolve) => (spoken = resolve))
  session = await agentOf({ llm: careless }).session()
  await session.text('Talk.')
  const before = await readTo(session, 'audio')
  spoken()
  const events = [...before, ...(await readTo(session, ({ type, turn }) => type === 'reply_end' && turn === 2))]
  await session.close()

  // Decided while no JavaScript could run: the reply was cut, and what was said is the newest turn.
  assert.equal(atTheEndOfTheBlock.status.turn, 2)
  assert.equal(atTheEndOfTheBlock.history.at(-1).text, 'Hello there.')
  // Nothing was lost: both replies have their ends, the words are there, each once.
  const ends = events.filter(({ type }) => type === 'reply_end')
  assert.deepEqual(ends.map(({ turn, interrupted }) => [turn, interrupted]), [[1, true], [2, false]])
  assert.equal(ends[1].heard, 'Here I am again.')
  const finals = events.filter(({ type, final }) => type === 'transcript' && final)
  assert.deepEqual(finals.map(({ text }) => text), ['Talk.', 'Hello there.'])
  // Nothing was late: no audio of a reply after it was voided, and all of the other one.
  const cleared = events.findIndex(({ type, turn }) => type === 'clear' && turn === 1)
  const late = events.slice(cleared).filter(({ type, turn }) => type === 'audio' && turn === 1)
  assert.deepEqual([cleared > 0, late.length], [true, 0])
  const samples = events.filter(({ type, turn }) => type === 'audio' && turn === 2).reduce((sum, { pcm }) => sum + pcm.length, 0)
  assert.equal(samples, 'Here I am again.'.length * 160)
})

test('a session of another thread goes on in time: no frame of its audio is late', async () => {
  const worker = new Worker(new URL('./programs/listener.mjs', import.meta.url))
  const [message] = await once(worker, 'message')
  assert.equal(message, 'speaking')
  block()
  const [{ frames, late, seconds }] = await once(worker, 'message')
  assert.ok(seconds > 2.5, `${seconds} s of audio`)
  assert.deepEqual({ frames: frames > 20, late }, { frames: true, late: 0 })
  await worker.terminate()
})
