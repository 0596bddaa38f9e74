import type { ErrorCode, Stage } from './errors.js'
import type { Source } from './tools.js'

/** The session is open; always the first event. */
export interface ReadyEvent {
  type: 'ready'
  session: string
  /** The token with which a lost connection is continued; empty where there is none. */
  resume: string
  input_rate: number
  output_rate: number
  providers: { stt: string; llm: string; tts: string }
}

/** The agent's state changed. */
export interface StateEvent {
  type: 'state'
  state: 'listening' | 'thinking' | 'speaking'
}

/** The user's speech began or ended, at so many ms of microphone audio. */
export interface SpeechEvent {
  type: 'speech'
  started: boolean
  at_ms: number
}

/** The user's words so far; exactly one final a spoken turn. */
export interface TranscriptEvent {
  type: 'transcript'
  turn: number
  text: string
  final: boolean
}

/** A piece of the agent's text; pieces of a turn join verbatim. */
export interface ReplyEvent {
  type: 'reply'
  turn: number
  text: string
}

/** A piece of the reply's audio: mono samples at the output rate. */
export interface AudioEvent {
  type: 'audio'
  turn: number
  pcm: Int16Array
}

/** Hold what is buffered of the turn; only for clients that said they can. */
export interface PauseEvent {
  type: 'pause'
  turn: number
}

/** Go on with what is buffered of the turn. */
export interface ResumeEvent {
  type: 'resume'
  turn: number
}

/** Drop all audio of the turn that was not played: no sample of it follows. */
export interface ClearEvent {
  type: 'clear'
  turn: number
}

/** The reply is over; `heard` is what of it was heard, as it stands in the history. */
export interface ReplyEndEvent {
  type: 'reply_end'
  turn: number
  interrupted: boolean
  heard: string
}

/** Where the time of a turn went; all times in ms, `null` where the turn had no such step. */
export interface MetricsEvent {
  type: 'metrics'
  turn: number
  vad_end_ms: number | null
  stt_ms: number | null
  llm_ttft_ms: number | null
  tts_ms: number | null
  total_ms: number | null
  speculative: boolean
  discarded?: number
  path: Array<{
    stage: 'vad' | 'endpointing' | 'stt' | 'floor' | 'llm' | 'sentence' | 'tts' | 'send'
    ms: number
    ahead_ms?: number
  }>
  providers?: { stt: string | null; llm: string | null; tts: string | null }
}

/** A tool call began or ended. */
export interface ToolEvent {
  type: 'tool'
  turn: number
  id: string
  name: string
  status: 'started' | 'done' | 'failed'
  sources: Source[]
  /** What the tool threw when it failed, the very object. */
  cause?: unknown
}

/** Something went wrong; the session lives on unless `fatal`. */
export interface ErrorEvent {
  type: 'error'
  code: 'bad_json' | 'unknown_type' | 'bad_value' | 'late_start' | 'odd_length' | 'overrun' | 'provider' | 'engine_missing' | 'draining'
  message: string
  fatal: boolean
  stage?: Stage
  kind?: ErrorCode
  provider?: string
  /** What a provider or tool written in JavaScript threw, the very object. */
  cause?: unknown
}

/** The session is over; nothing follows. */
export interface ByeEvent {
  type: 'bye'
  reason: 'end' | 'deleted' | 'drain' | 'idle' | 'limit'
}

/** What a session tells: the frames of `/ws` with the same fields, and the audio with its turn. */
export type SessionEvent =
  | ReadyEvent
  | StateEvent
  | SpeechEvent
  | TranscriptEvent
  | ReplyEvent
  | AudioEvent
  | PauseEvent
  | ResumeEvent
  | ClearEvent
  | ReplyEndEvent
  | MetricsEvent
  | ToolEvent
  | ErrorEvent
  | ByeEvent
