// A client on a WebSocket, without the socket.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agentOf, saying } from './support/talk.mjs'

const frame = (frame) => JSON.stringify(frame)

async function frames(connection, type) {
  const got = []
  for await (const message of connection) {
    got.push(typeof message === 'string' ? JSON.parse(message) : message)
    if (got.at(-1).type === type) return got
  }
  return got
}

test('the first message may be a start, and the codec is that of the server', async () => {
  const connection = await agentOf({ llm: saying('Hello.') }).accept(frame({ type: 'start', output_rate: 24_000 }))
  const [ready] = await frames(connection, 'ready')
  assert.deepEqual([ready.output_rate, ready.providers.llm], [24_000, 'own'])
  await connection.receive(frame({ type: 'text', text: 'Hi.' }))
  const got = await frames(connection, 'reply_end')
  const bytes = got.filter((message) => message instanceof Uint8Array).reduce((sum, { length }) => sum + length, 0)
  assert.ok(bytes > 2_000 && bytes % 2 === 0)
  await connection.receive(frame({ type: 'end' }))
  assert.deepEqual((await frames(connection, 'bye')).at(-1), { type: 'bye', reason: 'end' })
  await connection.close()
})

test('another first message counts as well, and none is as good', async () => {
  const spoken = await agentOf({ llm: saying('Hello.') }).accept(frame({ type: 'text', text: 'Hi.' }))
  assert.equal((await frames(spoken, 'reply_end'))[0].type, 'ready')
  await spoken.close()
  const silent = await agentOf().accept()
  assert.equal((await frames(silent, 'ready')).length, 1)
  await silent.close()
})

test('what makes no sense is answered, and what breaks a rule is a close code', async () => {
  const connection = await agentOf().accept()
  for (const [message, code] of [
    ['{', 'bad_json'],
    [frame({ type: 'dance' }), 'unknown_type'],
    [frame({ type: 'text' }), 'bad_value'],
    [frame({ type: 'start' }), 'late_start'],
    [new Uint8Array(3), 'odd_length'],
  ]) {
    await connection.receive(message)
    assert.equal((await frames(connection, 'error')).at(-1).code, code)
  }
  await assert.rejects(connection.receive(new Uint8Array(2 ** 21)), { code: 'protocol', closeCode: 1009 })
  await connection.close()
})
