// Short programs, as people write them: each has to end by itself, with code 0.
import { Worker } from 'node:worker_threads'
import { Agent, testing } from 'voice-agent'
import { agentOf, noise, readTo, saying, silence } from '../support/talk.mjs'

const waiting = {
  async *generate() {
    yield 'I am here. And '
    await new Promise(() => {})
  },
}

const programs = {
  async 'asks and closes'() {
    const session = await agentOf({ llm: saying('Yes.') }).session()
    await session.text('Well?')
    await readTo(session, 'reply_end')
    await session.close()
  },
  async 'closes in the middle of a call'() {
    const session = await agentOf({ llm: waiting }).session()
    await session.text('Well?')
    await readTo(session, 'reply')
    await session.close()
  },
  async 'makes agents and opens nothing'() {
    for (let count = 0; count < 20; count += 1) agentOf({ llm: waiting })
  },
  async 'exits in the middle of everything'() {
    const session = await agentOf({ llm: waiting }).session()
    void session.feed(noise(1_000))
    await session.text('Well?')
    await readTo(session, 'reply')
    process.exit(0)
  },
  async 'is aborted by a signal while it feeds'() {
    const controller = new AbortController()
    const session = await agentOf().session({ signal: controller.signal })
    void session.feed(Int16Array.of(...noise(600), ...silence(1_200))).catch(() => {})
    await readTo(session, 'speech')
    controller.abort()
    await readTo(session, 'bye')
  },
  async 'ends a thread in the middle of its session'() {
    const worker = new Worker(new URL('./listener.mjs', import.meta.url))
    await new Promise((resolve) => worker.once('message', resolve))
    await worker.terminate()
  },
  async 'closes later, which an open session waits for'() {
    const session = await new Agent({ llm: testing.fakeLlm() }).session()
    setTimeout(async () => {
      await session.close()
      console.log('closed')
    }, 100).unref()
  },
}

export const names = Object.keys(programs)

if (process.argv[2] !== undefined) await programs[process.argv[2]]()
