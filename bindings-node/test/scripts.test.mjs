// The conversations of all languages, byte for byte.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { InvalidInputError, testing } from 'voice-agent'
import { repository } from './support/repository.mjs'
import { ScriptedLlm, stages } from './support/says.mjs'

const read = (name) => readFileSync(join(repository, 'voice-core/tests/scripted', name), 'utf8')
const scripts = JSON.parse(read('conversations.json'))

/** The committed log of each conversation. */
const logs = new Map()
for (const line of read('conversations.log').trimEnd().split('\n')) {
  if (line.startsWith('# ')) logs.set(line.slice(2), [])
  else [...logs.values()].at(-1).push(line)
}

test('every conversation gives the same log as in Rust', async () => {
  let writtenHere = 0
  for (const script of scripts) {
    const served = stages(script)
    if (served.llm && served.tts && served.tools) writtenHere += 1
    assert.deepEqual(await testing.runScript(script, served), logs.get(script.name), script.name)
  }
  assert.ok(writtenHere >= 50, `${writtenHere} conversations have model, voice and tools in JavaScript`)
  assert.ok(scripts.length >= 200 && logs.size === scripts.length)
})

test('a stage that takes its time does not move the simulated clock', async () => {
  const script = scripts.find(({ foreign = [] }) => foreign.includes('llm'))
  class Slow extends ScriptedLlm {
    async *generate(request) {
      await pause(50)
      yield* super.generate(request)
    }
  }
  const served = { ...stages(script), llm: new Slow(script.llm.says) }
  assert.deepEqual(await testing.runScript(script, served), logs.get(script.name))
})

test('a script that makes no sense names the field', async () => {
  await assert.rejects(testing.runScript({ name: 'a', acts: [] }), (error) => {
    assert.ok(error instanceof InvalidInputError)
    assert.match(error.message, /until_ms/)
    return true
  })
})
