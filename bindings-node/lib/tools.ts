import { InvalidConfigError } from './errors.js'
import { jsonSchemaOf, validated, type JsonSchema, type OutputOf, type StandardSchema } from './schema.js'

/** Where a tool found what it says. */
export interface Source {
  title: string
  url: string
}

/** What a tool gives: text for the model to read, with sources for the client, or anything that is told as JSON. */
export type ToolResult = string | { text: string; sources?: Source[] } | unknown

/** What a call knows of its surroundings. */
export interface CallContext {
  /** Aborted when the result is no longer wanted. */
  readonly signal: AbortSignal
  /** The session's id. */
  readonly session: string
  /** The turn that is answered. */
  readonly turn: number
}

/**
 * Whether a call changes the world. `none`: it only looks, and a call whose answer is no longer wanted is dropped.
 * `pure`: it may also be called for an answer that may be discarded. `irreversible`: once begun, an interruption does not
 * stop it.
 */
export type SideEffect = 'none' | 'pure' | 'irreversible'

export interface ToolDefinition<Schema extends StandardSchema | JsonSchema = StandardSchema | JsonSchema> {
  /** 1 to 64 letters, digits, `_` and `-`. */
  name: string
  /** What it does and when to use it, told to the model. */
  description: string
  /** What its arguments are: a schema of zod or another library of Standard Schema, or JSON Schema. */
  parameters: Schema
  /** The JSON Schema of `parameters`, where its library cannot give it. */
  jsonSchema?: JsonSchema
  effect?: SideEffect
  /** How long a call may take, in ms; 10 s unless given. */
  deadlineMs?: number
  /** Does it. An error is told to the model: its message should say what the model could do better. */
  run(args: OutputOf<Schema>, context: CallContext): ToolResult | Promise<ToolResult>
}

/** A tool of an agent: what {@link tool} gives. */
export interface Tool {
  /** What the model is told of it and how it is to be run. */
  readonly spec: ToolSpec
  /** Calls it. */
  call(args: unknown, context: CallContext): Promise<{ text: string; sources: Source[] }>
}

/** A tool as the core is told of it. */
export interface ToolSpec {
  name: string
  description: string
  parameters: JsonSchema
  effect: SideEffect
  deadline_ms: number
}

const DEADLINE_MS = 10_000

function outputOf(result: unknown): { text: string; sources: Source[] } {
  if (typeof result === 'string') return { text: result, sources: [] }
  if (typeof result === 'object' && result !== null && typeof (result as { text?: unknown }).text === 'string') {
    const { text, sources } = result as { text: string; sources?: Source[] }
    return { text, sources: sources ?? [] }
  }
  return { text: JSON.stringify(result) ?? 'done', sources: [] }
}

/**
 * Makes a tool of a function: the model is told its schema, and which argument is wrong where they do not fit. JSON Schema
 * alone is not checked against.
 */
export function tool<const Schema extends StandardSchema | JsonSchema>(definition: ToolDefinition<Schema>): Tool {
  const { name, description, parameters, jsonSchema, effect, deadlineMs, run } = definition
  if (typeof run !== 'function') throw new InvalidConfigError(`tool "${name}": \`run\` is to be a function`, { stage: 'tool' })
  if (typeof parameters !== 'object' && typeof parameters !== 'function') {
    throw new InvalidConfigError(`tool "${name}": \`parameters\` is to be a schema`, { stage: 'tool' })
  }
  const spec: ToolSpec = {
    name,
    description,
    parameters: jsonSchema ?? jsonSchemaOf(parameters, name),
    effect: effect ?? 'none',
    deadline_ms: deadlineMs ?? DEADLINE_MS,
  }
  const call = async (args: unknown, context: CallContext) =>
    outputOf(await run.call(definition, (await validated(parameters, args)) as OutputOf<Schema>, context))
  return Object.freeze({ spec: Object.freeze(spec), call })
}
