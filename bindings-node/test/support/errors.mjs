import * as face from 'voice-agent'

/** The class of each kind of error. */
export const errors = {
  auth: face.AuthError,
  invalid_config: face.InvalidConfigError,
  invalid_input: face.InvalidInputError,
  rate_limited: face.RateLimitedError,
  unavailable: face.UnavailableError,
  timeout: face.TimeoutError,
  protocol: face.ProtocolError,
  unsupported: face.UnsupportedError,
  engine_missing: face.EngineMissingError,
  internal: face.InternalError,
}
