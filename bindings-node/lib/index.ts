export {
  AuthError,
  EngineMissingError,
  InternalError,
  InvalidConfigError,
  InvalidInputError,
  ProtocolError,
  RateLimitedError,
  TimeoutError,
  UnavailableError,
  UnsupportedError,
  VoiceAgentError,
  VoiceAgentError as Error,
  type ErrorCode,
  type ErrorDetails,
  type Stage,
} from './errors.js'
export { Agent, type AgentOptions, type Server, type Servers } from './agent.js'
export type { AudioChunk, AudioSource } from './audio.js'
export { ClientConnection } from './connection.js'
export type * from './events.js'
export {
  cartesia,
  deepgram,
  fallback,
  groq,
  local,
  openai,
  tavily,
  type Given,
  type LlmProvider,
  type LlmRequest,
  type Message,
  type Specified,
  type SttInput,
  type SttOutput,
  type SttProvider,
  type ToolCall,
  type TtsInput,
  type TtsOutput,
  type TtsProvider,
  type VadProvider,
} from './providers.js'
export { defaults, report, type Report } from './report.js'
export type { JsonSchema, StandardSchema } from './schema.js'
export { Session, type SessionOptions, type SessionStatus } from './session.js'
export type * from './settings.js'
export { Denoiser, Resampler, SileroVad, TurnDetector, type Samples } from './stages.js'
export * as testing from './testing.js'
export { tool, type CallContext, type SideEffect, type Source, type Tool, type ToolDefinition, type ToolResult } from './tools.js'
