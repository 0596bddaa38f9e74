// Tools: the model is told the schema, and which argument is wrong where they do not fit. With GROQ_API_KEY the model is
// Groq's, without one it is a few lines that call the tool. zod is one way to write a schema; JSON Schema is another.
import { Agent, groq, tool, type LlmProvider } from 'voice-agent'
import { z } from 'zod'

const weather = tool({
  name: 'weather',
  description: 'Tells the weather of a city now.',
  parameters: z.object({ city: z.string().describe('Its name, in English.'), unit: z.enum(['C', 'F']).default('C') }),
  run: ({ city, unit }) => `It is ${unit === 'C' ? 21 : 70} degrees ${unit} in ${city}, and it rains.`,
})

/** Calls the tool once, and reads out what it gave. */
const standIn: LlmProvider = {
  async *generate({ messages }) {
    const newest = messages.at(-1)
    if (newest?.role === 'tools') yield newest.calls[0]?.result ?? ''
    else yield { type: 'tool_call', id: '1', name: 'weather', arguments: { city: 'Bern' } }
  },
}

const llm = process.env.GROQ_API_KEY ? groq.llm() : standIn
const agent = new Agent({ llm, tools: [weather], instructions: 'Be brief.' })
await using session = await agent.session()
await session.text('What is the weather in Bern?')
for await (const event of session) {
  if (event.type === 'tool') console.log(`(${event.name}: ${event.status})`)
  if (event.type === 'reply') console.log(event.text)
  if (event.type === 'reply_end') break
}
