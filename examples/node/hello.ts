// The shortest agent: it needs no key, and answers what you type in the demo's words.
import { Agent, local } from 'voice-agent'

const agent = new Agent({ llm: local.llm() })
await using session = await agent.session()
await session.text(process.argv[2] ?? 'What time is it?')
for await (const event of session) {
  if (event.type === 'reply') process.stdout.write(event.text)
  if (event.type === 'reply_end') break
}
console.log()
