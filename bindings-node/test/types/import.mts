// What a program in TypeScript that imports the package may write, and what it may not.
import { Agent, Error as AgentError, local, tool, type LlmProvider, type SessionEvent } from 'voice-agent'
import { z } from 'zod'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <Claim extends true>(): Claim | undefined => undefined

// Events are told apart by their type.
export function heard(event: SessionEvent): string | Int16Array {
  if (event.type === 'audio') return event.pcm
  if (event.type === 'reply_end') return event.heard
  // @ts-expect-error: a state has no text
  if (event.type === 'state') return event.text
  return ''
}

// The arguments of a tool are those of its schema.
tool({
  name: 'add',
  description: 'Adds.',
  parameters: z.object({ a: z.number(), b: z.number().optional() }),
  run: (given) => {
    holds<Equal<typeof given, { a: number; b?: number | undefined }>>()
    return given.a + (given.b ?? 0)
  },
})

// A provider of one's own is an object with the right generator.
const own: LlmProvider = {
  async *generate(request, { signal }) {
    holds<Equal<typeof signal, AbortSignal>>()
    yield request.instructions ?? ''
  },
}
new Agent({ llm: own })
new Agent({ llm: [local.llm(), 'groq:openai/gpt-oss-120b', own] })
// @ts-expect-error: a voice is no language model
new Agent({ llm: local.tts() })
// @ts-expect-error: there is no such setting
new Agent({ endpointingSeconds: 1 })

export function codeOf(error: unknown): string {
  return error instanceof AgentError ? error.code : ''
}
