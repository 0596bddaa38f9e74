import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidConfigError, tool } from 'voice-agent'
import { z } from 'zod'
import { agentOf, readTo } from './support/talk.mjs'

/** A model that calls a tool with these arguments and then says what came of it. */
const calling = (name, args, seen = []) => ({
  async *generate(request) {
    seen.push(request.tools)
    const last = request.messages.at(-1)
    if (last.role === 'tools') yield last.calls.at(-1).result
    else yield { type: 'tool_call', id: 'one', name, arguments: args }
  },
})

async function answered(tools, llm) {
  const session = await agentOf({ tools, llm }).session()
  await session.text('Do it.')
  const events = await readTo(session, 'reply_end')
  await session.close()
  return { heard: events.at(-1).heard, told: events.filter(({ type }) => type === 'tool') }
}

const weather = (extra = {}) =>
  tool({
    name: 'weather',
    description: 'Tells the weather of a city.',
    parameters: z.object({ city: z.string().describe('A city, in English.'), days: z.number().int().default(1) }),
    run: ({ city, days }) => `In ${city} it rains for ${days} days.`,
    ...extra,
  })

test('the model is told the schema of zod, and the function gets what it made of the arguments', async () => {
  const seen = []
  const { heard, told } = await answered([weather()], calling('weather', { city: 'Graz' }, seen))
  assert.equal(heard, 'In Graz it rains for 1 days.')
  assert.deepEqual(told.map(({ status }) => status), ['started', 'done'])
  const [[{ parameters, description }]] = seen
  assert.equal(description, 'Tells the weather of a city.')
  assert.deepEqual(parameters.properties.city, { type: 'string', description: 'A city, in English.' })
  assert.deepEqual(parameters.required, ['city'])
})

test('arguments that do not fit are named to the model', async () => {
  const { heard, told } = await answered([weather()], calling('weather', { city: 5 }))
  assert.match(heard, /wrong arguments: `city`/)
  assert.equal(told.at(-1).status, 'failed')
  assert.equal(told.at(-1).cause.code, 'invalid_input')
})

test('JSON Schema will do, and sources go to the client', async () => {
  const search = tool({
    name: 'search',
    description: 'Searches.',
    parameters: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
    effect: 'pure',
    run: async ({ query }) => ({ text: `Found ${query}.`, sources: [{ title: 'A page', url: 'https://example.org' }] }),
  })
  const { heard, told } = await answered([search], calling('search', '{"query":"rain"}'))
  assert.equal(heard, 'Found rain.')
  assert.deepEqual(told.at(-1).sources, [{ title: 'A page', url: 'https://example.org' }])
})

test('any library of Standard Schema will do, with its JSON Schema beside it where it gives none', async () => {
  const even = {
    '~standard': {
      version: 1,
      vendor: 'mine',
      validate: (value) => (value.number % 2 === 0 ? { value } : { issues: [{ message: 'must be even', path: ['number'] }] }),
    },
  }
  const describing = { name: 'half', description: 'Halves.', parameters: even, run: ({ number }) => number / 2 }
  assert.throws(() => tool(describing), (error) => error instanceof InvalidConfigError && /mine gives no JSON Schema/.test(error.message))
  const half = tool({ ...describing, jsonSchema: { type: 'object', properties: { number: { type: 'integer' } } } })
  assert.equal((await answered([half], calling('half', { number: 8 }))).heard, '4')
  assert.match((await answered([half], calling('half', { number: 7 }))).heard, /`number`: must be even/)
})

test('what a tool throws is told to the model, and comes back in the event', async () => {
  const boom = new Error('no wind')
  const broken = weather({ run: () => Promise.reject(boom) })
  const { heard, told } = await answered([broken], calling('weather', { city: 'Graz' }))
  assert.match(heard, /no wind/)
  assert.equal(told.at(-1).cause, boom)
})

test('a tool that takes too long is cut off and told so', async () => {
  let aborted = false
  const slow = weather({
    deadlineMs: 50,
    run: (_args, { signal }) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
  })
  const { told } = await answered([slow], calling('weather', { city: 'Graz' }))
  assert.equal(told.at(-1).status, 'failed')
  assert.equal(aborted, true)
})

test('a wrong tool is refused where it is made', () => {
  assert.throws(() => tool({ name: 'a', description: 'b', parameters: {} }), /`run`/)
  assert.throws(() => tool({ name: 'a', description: 'b', run() {} }), /`parameters`/)
  assert.throws(() => agentOf({ tools: [weather({ name: 'no spaces please' })] }), /1 to 64 letters/)
  assert.throws(() => agentOf({ tools: [weather(), weather()] }), /another one of that name/)
})
