// A test of one's own agent in simulated time. A conversation of 12 s takes some ms, and gives the same log every time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testing, type LlmProvider } from 'voice-agent'

/** What is to be tested. */
const mine: LlmProvider = {
  async *generate({ messages }) {
    const newest = messages.at(-1)
    yield `I heard ${messages.length} messages. `
    yield `The last was: ${newest?.role === 'user' ? newest.text : ''}`
  },
}

test('an interruption is answered', async () => {
  const script = {
    name: 'an interruption',
    foreign: ['llm'],
    stt: { turns: [{ finals: ['Tell me a story.'] }, { finals: ['Stop, another one.'] }] },
    llm: { first_ms: 200, piece_ms: 20, says: { answers: [] } },
    tts: { first_ms: 50, says: {} },
    acts: [
      { at_ms: 500, do: 'speech', for_ms: 900 },
      { at_ms: 4_000, do: 'speech', for_ms: 1_200 },
    ],
    until_ms: 12_000,
  }
  const log = (await testing.runScript(script, { llm: mine })).map((line) => JSON.parse(line) as testing.LogLine)
  const [first, second] = log.filter((line) => line.type === 'reply_end')
  assert.ok(first?.interrupted)
  assert.ok(second && !second.interrupted)
  assert.match(String(second.heard), /^I heard 3 messages\./)
})
