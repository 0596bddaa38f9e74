// The suite that the core's own providers pass, for providers in JavaScript: cancelled and dropped at every item.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidConfigError, testing } from 'voice-agent'

const llm = {
  async *generate(_request, { signal }) {
    for (const word of ['one ', 'two ', 'three ']) {
      if (signal.aborted) return
      await new Promise(setImmediate)
      yield word
    }
  },
}

const stt = {
  async *transcribe(input) {
    for await (const item of input) {
      if (item.type === 'audio') yield { type: 'partial', text: 'hel' }
      else yield 'hello'
    }
  },
}

const tts = {
  sampleRate: 16_000,
  async *synthesize(input) {
    for await (const item of input) if (item.type === 'text') yield new Int16Array(item.text.length * 160)
  },
}

for (const [name, provider] of Object.entries({ llm, stt, tts })) {
  test(`a ${name} written in JavaScript conforms`, async () => {
    const report = await testing.conformance(provider)
    assert.deepEqual([report.conforms, report.breach], [true, null])
    assert.ok(report.items >= 1 && report.calls > report.items, JSON.stringify(report))
  })
}

test('one that is no provider is refused', async () => {
  await assert.rejects(testing.conformance({}), InvalidConfigError)
})

test('one that breaks the contract is found out', async () => {
  const silent = {
    async *synthesize(input) {
      for await (const item of input) if (item.type === 'text') return
      yield new Int16Array(1)
    },
    sampleRate: 16_000,
  }
  const report = await testing.conformance(silent)
  assert.equal(report.conforms, false)
  assert.match(report.breach, /\w/)
})
