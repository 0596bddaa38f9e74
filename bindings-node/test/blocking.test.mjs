// A callback that blocks the event loop for 2 s: the core decides on time meanwhile, and nothing is lost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Agent, testing } from 'voice-agent'
import { spoken } from './support/speech.mjs'

const BLOCKED_MS = 2_000
const PER_CHARACTER_MS = 30

function block() {
  for (const until = performance.now() + BLOCKED_MS; performance.now() < until; );
}

test('a barge-in while the event loop is blocked is heard when it is said', async () => {
  const agent = new Agent({
    stt: testing.fakeStt({ texts: ['wait, stop'], latencyMs: 10 }),
    llm: testing.fakeLlm({ text: 'One two three four five six seven eight nine ten. '.repeat(8) }),
    tts: testing.fakeTts({ perCharacterMs: PER_CHARACTER_MS }),
    vad: 'energy',
  })
  const session = await agent.session()
  await session.text('count')
  let heard
  for await (const event of session) {
    if (event.type === 'audio' && event.turn === 1 && heard === undefined) {
      heard = ''
      await session.feed(spoken(900))
      block()
    }
    if (event.type === 'reply_end' && event.turn === 1) {
      assert.ok(event.interrupted)
      heard = event.heard
      break
    }
  }
  await session.close()
  // What was heard ends where the reply was held: while the loop was blocked, not after it.
  assert.ok(heard.length * PER_CHARACTER_MS < BLOCKED_MS / 2, heard)
})

test('no audio is lost while the event loop is blocked', async () => {
  const text = 'This takes a while to say. '.repeat(5).trim()
  const agent = new Agent({ llm: testing.fakeLlm({ text }), tts: testing.fakeTts({ perCharacterMs: PER_CHARACTER_MS }), vad: 'none' })
  const session = await agent.session()
  await session.text('say it')
  let [samples, blocked, end] = [0, false, undefined]
  for await (const event of session) {
    if (event.type === 'audio') {
      samples += event.pcm.length
      if (!blocked) block()
      blocked = true
    }
    if (event.type === 'reply_end') {
      end = event
      break
    }
  }
  await session.close()
  assert.equal(end.heard, text)
  const seconds = samples / 16_000
  const expected = (text.length * PER_CHARACTER_MS) / 1_000
  assert.ok(Math.abs(seconds - expected) < 0.2, `${seconds} s instead of ${expected}`)
})
