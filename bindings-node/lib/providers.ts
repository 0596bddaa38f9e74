import type { JsonSchema } from './schema.js'
import type { CallContext } from './tools.js'

/** A call to a tool, as the model made it. `arguments` are an object, or its JSON as text. */
export interface ToolCall {
  type: 'tool_call'
  id: string
  name: string
  arguments: Record<string, unknown> | string
}

/** One thing said or done, as the language model gets to see it. */
export type Message =
  | { role: 'user'; text: string }
  | { role: 'agent'; text: string }
  | { role: 'tools'; calls: Array<{ id: string; name: string; arguments: string; result: string }> }
  | { role: 'summary'; text: string }

/** What a call gives: the items of an async generator, or what an async function resolves to that gives them. */
export type Given<T> = AsyncIterable<T> | PromiseLike<AsyncIterable<T>>

/** What a language model is asked. */
export interface LlmRequest {
  instructions: string | null
  context: string | null
  /** The conversation: the user's newest words last, or after them what the tools gave. */
  messages: Message[]
  tools: Array<{ name: string; description: string; parameters: JsonSchema; effect: string; deadline_ms: number }>
  /** `summary`: the answer stands for older turns; one without a word means that there is no summary. */
  purpose: 'reply' | 'summary'
}

/** A language model. Its generator ends with the answer; `signal` is aborted when nobody wants the rest. */
export interface LlmProvider {
  readonly name?: string
  generate(
    request: LlmRequest,
    context: CallContext,
  ): Given<string | { type: 'text'; text: string } | ToolCall>
}

/** What goes into a recogniser: pieces of the user's turns, 16 kHz mono, and requests for a final transcript. */
export type SttInput =
  | { type: 'audio'; turn: number; at_ms: number; pcm: Int16Array }
  | { type: 'finalize'; turn: number; attempt: number }

/**
 * What comes out of one. A string is a final transcript. Without `turn` a partial is of the newest turn, and a final
 * answers the oldest request that has none; there is exactly one for each.
 */
export type SttOutput =
  | string
  | { type: 'partial'; turn?: number; text: string }
  | { type: 'final'; turn?: number; attempt?: number; text: string; unclear?: boolean }
  | { type: 'turn_estimate'; turn?: number; probability: number }

/** A recogniser, called once a session. */
export interface SttProvider {
  readonly name?: string
  transcribe(input: AsyncIterable<SttInput>, context: CallContext): Given<SttOutput>
}

/** What goes into a synthesiser: the sentences of one reply, and `flush` when no more comes for now. */
export type TtsInput = { type: 'text'; sentence: number; text: string } | { type: 'flush' }

/**
 * What comes out of one: audio, alone or with its sentence, timings of words, ends of sentences. Without `sentence` it is
 * the one taken last; ends may be left out.
 */
export type TtsOutput =
  | Int16Array
  | Float32Array
  | Uint8Array
  | { type: 'audio'; sentence?: number; pcm: Int16Array | Float32Array | Uint8Array }
  | { type: 'words'; sentence?: number; words: Array<{ word: string; start_ms: number; end_ms: number }> }
  | { type: 'sentence_end'; sentence?: number }

/** A synthesiser, called once a reply. */
export interface TtsProvider {
  readonly name?: string
  /** The rate of its audio, in Hz. */
  readonly sampleRate: number
  synthesize(text: AsyncIterable<TtsInput>, context: CallContext): Given<TtsOutput>
}

/**
 * A detector of speech, made anew for each session. It has the length of a window for each answer, which counts from the
 * next window on. One that takes longer is not waited for until it has caught up: its answers count later, and once it is
 * 2 s behind it misses windows, which is an `error` event.
 */
export interface VadProvider {
  readonly name?: string
  /** The rate it listens at, in Hz. */
  readonly sampleRate: number
  /** Samples of a window. */
  readonly windowLength: number
  /** Begins a stream. */
  create(): {
    /** The probability of speech, 0 … 1, in a window of samples in −1 … 1. */
    probability(window: Float32Array): number | Promise<number>
    /** Forgets the stream heard so far. */
    reset?(): void
  }
}

/** A provider that comes with the package: what one of the modules gives, with its settings. */
export interface Specified<Kind extends string = string> {
  readonly provider: string
  /** For the type checker alone: a recogniser is no language model. */
  readonly kind?: Kind
}

/** Settings that are handed on as they are: the core knows which there are (docs/providers.md), and names a wrong one. */
export interface Settings {
  [setting: string]: unknown
}

/** Settings that every service has. */
export interface ServiceSettings extends Settings {
  /** Instead of the one in the environment. */
  key?: string
  /** Where the service is found, if not at its own address. */
  baseUrl?: string
}

export interface ModelSettings extends ServiceSettings {
  model?: string
}

function specified<Kind extends string>(provider: string, settings: Settings | string | undefined, name: string): Specified<Kind> {
  const given = typeof settings === 'string' ? { [name]: settings } : settings
  return Object.freeze({ ...given, provider })
}

type Stt = Specified<'stt'>
type Llm = Specified<'llm'>
type Tts = Specified<'tts'>
type SpecifiedTool = Specified<'tool'>

/** Deepgram. Keys come from `DEEPGRAM_API_KEY` unless given. */
export const deepgram = {
  /** Live transcription; a model whose name begins with `flux` also says when a turn is over. */
  stt: (settings?: string | (ModelSettings & { language?: string })): Stt => specified('deepgram', settings, 'model'),
  /** A voice: `aura-2-thalia-en`, … */
  tts: (settings?: string | (ServiceSettings & { voice?: string; sampleRate?: number })): Tts =>
    specified('deepgram', settings, 'voice'),
}

/** Groq. Keys come from `GROQ_API_KEY` unless given. */
export const groq = {
  /** A language model, streamed, with tools. */
  llm: (settings?: string | ModelSettings): Llm => specified('groq', settings, 'model'),
  /** Transcription of whole utterances. */
  stt: (settings?: string | (ModelSettings & { language?: string })): Stt => specified('groq', settings, 'model'),
}

/** OpenAI, and every server that speaks its dialect by `baseUrl`. Keys come from `OPENAI_API_KEY` unless given. */
export const openai = {
  /** A language model, streamed, with tools. */
  llm: (settings?: string | ModelSettings): Llm => specified('openai', settings, 'model'),
  /** Transcription of whole utterances. */
  stt: (settings?: string | (ModelSettings & { language?: string })): Stt => specified('openai', settings, 'model'),
}

/** Cartesia. Keys come from `CARTESIA_API_KEY` unless given. */
export const cartesia = {
  /** A voice, by its id. */
  tts: (settings?: string | (ModelSettings & { voice?: string; language?: string; sampleRate?: number })): Tts =>
    specified('cartesia', settings, 'voice'),
}

/** Tavily: the web as tools of the model. Keys come from `TAVILY_API_KEY` unless given. */
export const tavily = {
  /** Web search, quoted as data, with its sources. */
  search: (settings?: ServiceSettings): SpecifiedTool => specified('tavily', settings, ''),
  /** The text of web pages. */
  extract: (settings?: ServiceSettings): SpecifiedTool => specified('tavily_extract', settings, ''),
}

/** The engines of this machine, which need no key and no network (docs/node.md says what to install). */
export const local = {
  /** PocketSphinx, with a language model of the demo's sentences and no others. */
  stt: (settings?: Settings): Stt => specified('local', settings, ''),
  /** The demo brain: answers by rules, no language model. */
  llm: (settings?: Settings): Llm => specified('local', settings, ''),
  /** flite: the voices `slt`, `awb`, `rms`, `kal16`. */
  tts: (settings?: string | (Settings & { voice?: string })): Tts => specified('local', settings, 'voice'),
}

/** Several providers of a stage, of which the next takes over when the first fails, with settings of the change. */
export function fallback<Kind extends 'stt' | 'llm' | 'tts'>(
  of: ReadonlyArray<Specified<Kind> | string>,
  settings?: Settings,
): Specified<Kind> {
  return Object.freeze({ ...settings, of, provider: 'fallback' })
}
