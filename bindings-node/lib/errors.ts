/** What can be done about an error: the same words as in the `kind` of an `error` event. */
export type ErrorCode =
  | 'auth'
  | 'invalid_config'
  | 'invalid_input'
  | 'rate_limited'
  | 'unavailable'
  | 'timeout'
  | 'protocol'
  | 'unsupported'
  | 'engine_missing'
  | 'internal'

/** The part of the pipeline an error comes from. */
export type Stage = 'audio' | 'echo' | 'denoise' | 'vad' | 'turn' | 'stt' | 'llm' | 'tts' | 'tool' | 'session'

/** What an error is made with. */
export interface ErrorDetails {
  stage?: Stage
  /** What caused it: for a provider written in JavaScript, the very object it threw. */
  cause?: unknown
  /** How long a service asked to be left alone, in ms. */
  retryAfterMs?: number
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['rate_limited', 'unavailable', 'timeout', 'protocol'])

/** The base of every error of this package. `code` says what can be done about it, `stage` where it happened. */
export class VoiceAgentError extends Error {
  readonly code: ErrorCode
  readonly stage: Stage
  readonly retryAfterMs: number | undefined

  constructor(message: string, code: ErrorCode = 'internal', details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.name = new.target.name
    this.code = code
    this.stage = details.stage ?? 'session'
    this.retryAfterMs = details.retryAfterMs
  }

  /** Whether the same call may succeed later or elsewhere. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code)
  }
}

/** The key is missing, wrong or not allowed: ask the operator. */
export class AuthError extends VoiceAgentError {
  constructor(message: string, details?: ErrorDetails) {
    super(message, 'auth', details)
  }
}

/** A setting cannot work; the message names it. */
export class InvalidConfigError extends VoiceAgentError {
  constructor(message: string, details?: ErrorDetails) {
    super(message, 'invalid_config', details)
  }
}

/** What was handed in cannot be used; the message names it. */
export class InvalidInputError extends VoiceAgentError {
  constructor(message: string, details?: ErrorDetails) {
    super(message, 'invalid_input', details)
  }
}

/** Too many requests; try again after `retryAfterMs`. */
export class RateLimitedError extends VoiceAgentError {
  constructor(message: string, details?: ErrorDetails) {
    super(message, 'rate_limited', details)
  }
}

/** The service or device cannot be reached now, or the session is over. */
export class UnavailableError extends VoiceAgentError {
  constructor(message: string, details?: ErrorDetails) {
    super(message, 'unavailable', details)
  }
}

/** A deadline passed. */
export class TimeoutError extends VoiceAgentError {
  constructor(message: string, details?: ErrorDetails) {
    super(message, 'timeout', details)
  }
}

/** The other side said something that makes no sense. */
export class ProtocolError extends VoiceAgentError {
  constructor(message: string, details?: ErrorDetails) {
    super(message, 'protocol', details)
  }
}

/** The engine or provider cannot do this at all. */
export class UnsupportedError extends VoiceAgentError {
  constructor(message: string, details?: ErrorDetails) {
    super(message, 'unsupported', details)
  }
}

/** A library or model is not installed; the message says what to install. */
export class EngineMissingError extends VoiceAgentError {
  constructor(message: string, details?: ErrorDetails) {
    super(message, 'engine_missing', details)
  }
}

/** A bug on our side. */
export class InternalError extends VoiceAgentError {
  constructor(message: string, details?: ErrorDetails) {
    super(message, 'internal', details)
  }
}

const KINDS: Readonly<Record<ErrorCode, new (message: string, details?: ErrorDetails) => VoiceAgentError>> = {
  auth: AuthError,
  invalid_config: InvalidConfigError,
  invalid_input: InvalidInputError,
  rate_limited: RateLimitedError,
  unavailable: UnavailableError,
  timeout: TimeoutError,
  protocol: ProtocolError,
  unsupported: UnsupportedError,
  engine_missing: EngineMissingError,
  internal: InternalError,
}

/** An error of the class that belongs to `code`. */
export function errorOf(code: ErrorCode, message: string, details?: ErrorDetails): VoiceAgentError {
  const Kind = KINDS[code] ?? InternalError
  return new Kind(message, details)
}

/** An error as it crosses the border, in both directions. @internal */
export interface PlainError {
  kind: ErrorCode
  stage?: Stage
  message: string
  retry_after_ms?: number | null
}

/**
 * What the native part threw, as one of our classes: it says what is wrong as JSON. Anything else it throws comes from
 * the conversion of an argument, or is a bug that was caught there.
 * @internal
 */
export function fromNative(thrown: unknown): VoiceAgentError {
  if (thrown instanceof VoiceAgentError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (!message.startsWith('{')) {
    const isBug = (thrown as { code?: unknown } | null)?.code === 'GenericFailure'
    return new (isBug ? InternalError : InvalidInputError)(message, { cause: thrown })
  }
  const plain = JSON.parse(message) as PlainError
  return errorOf(plain.kind, plain.message, { stage: plain.stage, retryAfterMs: plain.retry_after_ms ?? undefined })
}

/** What user code threw, as it is told to the core. @internal */
export function toPlain(thrown: unknown): PlainError {
  if (thrown instanceof VoiceAgentError) {
    return { kind: thrown.code, message: thrown.message, retry_after_ms: thrown.retryAfterMs ?? null }
  }
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return { kind: 'internal', message }
}

/** Calls into the native part, so that every error is one of ours. @internal */
export function calling<T>(call: () => T): T {
  try {
    return call()
  } catch (thrown) {
    throw fromNative(thrown)
  }
}

/** As {@link calling}, for what may give a promise. @internal */
export async function awaiting<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (thrown) {
    throw fromNative(thrown)
  }
}
