// Opens and closes many sessions, with a model, a voice and a tool in JavaScript, and tells the memory before and after:
// node --expose-gc sessions.mjs WARM-UP SESSIONS
import { Agent, testing } from 'voice-agent'
import { tool } from 'voice-agent'

const [warmUp, sessions] = process.argv.slice(2).map(Number)

const agent = new Agent({
  stt: testing.fakeStt(),
  llm: {
    async *generate({ messages }) {
      if (messages.at(-1).role === 'user') yield { type: 'tool_call', id: 'a', name: 'now', arguments: {} }
      else yield 'Yes.'
    },
  },
  tts: {
    sampleRate: 16_000,
    async *synthesize(text) {
      for await (const item of text) if (item.type === 'text') yield new Int16Array(160)
    },
  },
  tools: [tool({ name: 'now', description: 'Tells the time.', parameters: { type: 'object' }, run: () => 'now' })],
})

async function once() {
  const session = await agent.session()
  await session.feed(new Int16Array(320))
  await session.text('Well?')
  for await (const { type } of session) if (type === 'reply_end') break
  await session.close()
}

async function many(count) {
  const line = async (share) => {
    for (let done = 0; done < share; done += 1) await once()
  }
  await Promise.all(Array.from({ length: 10 }, () => line(count / 10)))
  for (let turn = 0; turn < 5; turn += 1) {
    globalThis.gc()
    await new Promise(setImmediate)
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  return { rss, heapUsed, external, arrayBuffers }
}

const before = await many(warmUp)
const after = await many(sessions)
console.log(JSON.stringify({ before, after }))
