import { native } from './native.js'

/** What this build is and can do. */
export interface Report {
  /** The version of the core. */
  version: string
  features: { aec: boolean; ort: boolean; rnnoise: boolean; silero: boolean; testing: boolean }
  /** The providers that were built in, by stage. */
  providers: { stt: string[]; llm: string[]; tts: string[]; tool: string[] }
}

/** Version, features and providers of this build. */
export function report(): Report {
  return JSON.parse(native.report()) as Report
}

/** The settings of an agent that sets none, by the core's names. */
export function defaults(): Record<string, unknown> {
  return JSON.parse(native.defaults()) as Record<string, unknown>
}
