import { InvalidConfigError } from './errors.js'

/** Fields whose content belongs to somebody else and is handed on as it is. */
const FOREIGN: ReadonlySet<string> = new Set(['headers', 'body', 'parameters'])

/** `endpointingMs` → `endpointing_ms`: the core's name of an option. */
function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/**
 * Options as the core names them. What is `undefined` counts as not given. An option needs no code of its own here: the
 * core knows which there are, and names the one that it does not know.
 * @internal
 */
export function toCore(value: unknown, name = 'options'): unknown {
  if (Array.isArray(value)) return value.map((one) => toCore(one, name))
  // As JSON it would be `null`, which counts as not given.
  if (typeof value === 'number' && !Number.isFinite(value)) throw new InvalidConfigError(`\`${name}\`: a number, not ${value}`)
  if (!isPlain(value)) return value
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(entries.map(([name, field]) => [snake(name), FOREIGN.has(name) ? field : toCore(field, name)]))
}
