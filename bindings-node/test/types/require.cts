// The same package for a program that requires it.
import voice = require('voice-agent')

export async function run(): Promise<number> {
  const agent = new voice.Agent({ llm: voice.local.llm() })
  const session = await agent.session({ sampleRate: 24_000 })
  for await (const event of session) {
    if (event.type === 'bye') return 0
  }
  await session.close()
  // @ts-expect-error: a turn is a number
  await session.played('1', 2)
  return 1
}
