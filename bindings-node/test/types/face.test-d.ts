// Compiled, never run: what the types promise, and what they refuse.
import {
  Agent,
  AuthError,
  Error as BaseError,
  Resampler,
  SileroVad,
  VoiceAgentError,
  deepgram,
  fallback,
  groq,
  local,
  testing,
  tool,
  type LlmProvider,
  type Session,
  type SessionEvent,
  type SttProvider,
  type TtsProvider,
  type VadProvider,
} from 'voice-agent'
import { z } from 'zod'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function expectType<Expected>() {
  return <Given,>(_given: Given, ..._same: Equal<Given, Expected> extends true ? [] : [never]) => {}
}

const llm: LlmProvider = {
  async *generate(request, { signal, session, turn }) {
    expectType<AbortSignal>()(signal)
    expectType<string>()(session)
    expectType<number>()(turn)
    const last = request.messages.at(-1)
    if (last?.role === 'tools') yield last.calls.map(({ result }) => result).join()
    else yield { type: 'tool_call', id: '1', name: 'weather', arguments: { city: 'Graz' } }
  },
}

const stt: SttProvider = {
  async *transcribe(input) {
    for await (const item of input) {
      if (item.type === 'audio') expectType<Int16Array>()(item.pcm)
      else yield { type: 'final', turn: item.turn, attempt: item.attempt, text: 'hello' }
    }
  },
}

const tts: TtsProvider = {
  sampleRate: 24_000,
  async *synthesize(text) {
    for await (const item of text) if (item.type === 'text') yield new Int16Array(item.text.length)
  },
}

const vad: VadProvider = { sampleRate: 16_000, windowLength: 512, create: () => ({ probability: (window) => window[0] ?? 0 }) }

const weather = tool({
  name: 'weather',
  description: 'Tells the weather.',
  parameters: z.object({ city: z.string(), days: z.number().default(1) }),
  effect: 'pure',
  run: (args, { signal }) => {
    expectType<{ city: string; days: number }>()(args)
    expectType<AbortSignal>()(signal)
    return `${args.city}`
  },
})

const plain = tool({
  name: 'plain',
  description: 'Takes anything.',
  parameters: { type: 'object', properties: { query: { type: 'string' } } },
  run: (args) => {
    expectType<Record<string, unknown>>()(args)
    return { text: String(args['query']), sources: [{ title: 'a', url: 'b' }] }
  },
})

const agent = new Agent({
  instructions: 'Be brief.',
  endpointingMs: 500,
  stt: [stt, deepgram.stt({ model: 'nova-3', keyterms: ['Graz'] }), 'groq'],
  llm: [llm, groq.llm('openai/gpt-oss-120b')],
  tts: fallback([deepgram.tts(), local.tts('slt')]),
  tools: [weather, plain],
  vad,
  conversation: { interruption: { minWords: 2 }, memory: { olderTurns: 'drop' } },
})
new Agent({ tts, llm: testing.fakeLlm({ text: 'Yes.' }), stt: testing.fakeStt() })

export async function talk(signal: AbortSignal): Promise<void> {
  const session = await agent.session({ sampleRate: 16_000, signal })
  expectType<Session>()(session)
  void session.feed(new Float32Array(320))
  void session.feed(new ReadableStream<Uint8Array>())
  for await (const event of session) {
    expectType<SessionEvent>()(event)
    switch (event.type) {
      case 'audio':
        expectType<Int16Array>()(event.pcm)
        break
      case 'transcript':
        expectType<boolean>()(event.final)
        break
      case 'state':
        expectType<'listening' | 'thinking' | 'speaking'>()(event.state)
        break
      case 'error':
        expectType<unknown>()(event.cause)
        // @ts-expect-error: only audio has samples
        event.pcm
        break
    }
  }
  await using _closing = session
  const stream: ReadableStream<Uint8Array> = session.audio()
  void stream
}

// @ts-expect-error: a recogniser is no model
new Agent({ llm: deepgram.stt() })
// @ts-expect-error: there is no such setting
new Agent({ endpointing: 500 })
// @ts-expect-error: a voice has a rate
const silent: TtsProvider = { async *synthesize() {} }
// @ts-expect-error: text is a string
void agent.session().then((session) => session.text(5))
// @ts-expect-error: what is no effect
tool({ name: 'a', description: 'b', parameters: {}, effect: 'some', run: () => '' })

expectType<Float32Array>()(new SileroVad().process(new Int16Array(512)))
const resampled: Int16Array = new Resampler({ from: 16_000, to: 8_000 }).process(new Int16Array(512))
void resampled
const error: VoiceAgentError = new AuthError('a', { cause: silent })
expectType<boolean>()(error instanceof BaseError)
