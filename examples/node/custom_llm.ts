// A language model of your own: any async generator will do. This one counts, and stops at once when it is interrupted.
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, type LlmProvider } from 'voice-agent'

const counting: LlmProvider = {
  name: 'counting',
  async *generate(request, { signal }) {
    const newest = request.messages.at(-1)
    yield `You said: ${newest?.role === 'user' ? newest.text : 'nothing'} `
    try {
      for (let number = 1; number < 1_000; number += 1) {
        await pause(20, undefined, { signal })
        yield `${number}. `
      }
    } finally {
      console.log('(the generator has ended)')
    }
  },
}

const agent = new Agent({ llm: counting })
await using session = await agent.session()
await session.text('count')
for await (const event of session) {
  if (event.type === 'reply') {
    console.log(event.text)
    if (event.text.includes('5')) await session.interrupt()
  }
  if (event.type === 'reply_end') {
    console.log(`interrupted: ${event.interrupted}`)
    break
  }
}
