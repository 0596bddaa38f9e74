// The examples, compiled for Node 20 and run as their first lines say, from a project that has but the package.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { repository } from './support/repository.mjs'

const examples = resolve(import.meta.dirname, '../out')
const skip = !existsSync(examples) && 'the examples are compiled by .ci/node'
const path = (name) => join(examples, `${name}.js`)

async function printed(name, ...rest) {
  const environment = { ...process.env, GROQ_API_KEY: '' }
  const { stdout } = await promisify(execFile)(process.execPath, [path(name), ...rest], { env: environment, timeout: 60_000 })
  return stdout
}

test('hello answers', { skip }, async () => {
  assert.match(await printed('hello', 'what is seven plus twelve'), /nineteen/i)
})

test('a language model of one’s own ends when it is interrupted', { skip }, async () => {
  const said = await printed('custom_llm')
  assert.match(said, /You said: count/)
  assert.match(said, /\(the generator has ended\)/)
  assert.match(said, /interrupted: true/)
})

test('a tool is called and its answer told', { skip }, async () => {
  assert.equal(
    await printed('tools'),
    '(weather: started)\n(weather: done)\nIt is 21 degrees C in Bern, and it rains.\n',
  )
})

test('speech is found in a file', { skip }, async () => {
  const said = await printed('vad_over_a_file', join(repository, 'voice-core/tests/fixtures/silero_speech.wav'))
  const spans = said.trimEnd().split('\n')
  assert.ok(spans.length >= 3, said)
  for (const span of spans) {
    const [from, to] = span.match(/^(\d+\.\d\d) s … (\d+\.\d\d) s$/).slice(1).map(Number)
    assert.ok(from < to, span)
  }
})

test('the server speaks the contract of /ws', { skip, timeout: 60_000 }, async (context) => {
  const { WebSocket } = await import('ws')
  const server = spawn(process.execPath, [path('server')], { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => server.kill())
  const [line] = await once(server.stdout, 'data')
  const port = /port: (\d+)/.exec(String(line))[1]
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  const frames = []
  socket.on('message', (data, binary) => !binary && frames.push(JSON.parse(String(data))))
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'start', input_rate: 16_000 }))
  socket.send('{"type":')
  socket.send(JSON.stringify({ type: 'text', text: 'what is seven plus twelve' }))
  const until = async (wanted) => {
    while (!frames.some(wanted)) await once(socket, 'message')
  }
  await until((frame) => frame.type === 'reply_end' && frame.turn === 1)
  socket.send(JSON.stringify({ type: 'end' }))
  const [code] = await once(socket, 'close')
  assert.equal(code, 1000)
  assert.equal(frames[0].type, 'ready')
  assert.ok(frames.some((frame) => frame.type === 'error' && frame.code === 'bad_json'))
  assert.match(frames.find((frame) => frame.type === 'reply_end' && frame.turn === 1).heard, /nineteen/i)
  assert.equal(frames.at(-1).type, 'bye')
})
