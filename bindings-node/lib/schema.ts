import { InvalidConfigError, InvalidInputError } from './errors.js'

/** A JSON Schema, as models are told it. */
export type JsonSchema = { readonly [key: string]: unknown }

interface Issue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

type Validated<Output> = { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly Issue[] }

/** A schema of any library that keeps to Standard Schema: zod 4, valibot, arktype, … */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown, ...more: never[]) => Validated<Output> | Promise<Validated<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema's values are after validation. */
export type OutputOf<Schema> = Schema extends StandardSchema
  ? NonNullable<Schema['~standard']['types']>['output']
  : Record<string, unknown>

interface Describing {
  toJSONSchema?: (options?: object) => unknown
  '~standard': { jsonSchema?: { input?: (options: object) => unknown } }
}

export function isStandard(schema: unknown): schema is StandardSchema {
  // Some libraries make their schemas functions.
  const holder = typeof schema === 'object' || typeof schema === 'function' ? schema : null
  return holder !== null && typeof (holder as Partial<StandardSchema>)['~standard']?.validate === 'function'
}

/** The JSON Schema of a schema: what it is, or what its library says it is. */
export function jsonSchemaOf(schema: StandardSchema | JsonSchema, tool: string): JsonSchema {
  if (!isStandard(schema)) return schema as JsonSchema
  const describing = schema as unknown as Describing
  const described =
    describing.toJSONSchema?.({ io: 'input' }) ??
    describing['~standard'].jsonSchema?.input?.({ target: 'draft-2020-12' })
  if (typeof described !== 'object' || described === null) {
    const vendor = schema['~standard'].vendor
    throw new InvalidConfigError(
      `tool "${tool}": ${vendor} gives no JSON Schema of its schemas; give one as \`jsonSchema\` beside it`,
      { stage: 'tool' },
    )
  }
  const { $schema: _, ...rest } = described as Record<string, unknown>
  return rest
}

function placeOf(issue: Issue): string {
  const keys = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part))
  return keys.map((key, at) => (typeof key === 'number' ? `[${key}]` : (at > 0 ? '.' : '') + String(key))).join('')
}

/** The arguments, validated; what does not fit is named, so that the model can do better. */
export async function validated(schema: unknown, value: unknown): Promise<unknown> {
  if (!isStandard(schema)) return value
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return result.value
  const words = result.issues.map((issue) => {
    const place = placeOf(issue)
    return place === '' ? issue.message : `\`${place}\`: ${issue.message}`
  })
  throw new InvalidInputError(`wrong arguments: ${words.join('; ')}`, { stage: 'tool' })
}
