// The types, as a program sees them that imports, and as one that requires.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import * as face from 'voice-agent'

const require = createRequire(import.meta.url)
const compiler = require.resolve('typescript/bin/tsc')
const source = join(import.meta.dirname, 'types/face.test-d.ts')

/** Compiles files of a folder of its own below this one, from where the package is found. */
function compile(name, files) {
  const folder = join(import.meta.dirname, `types/${name}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  try {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
    const options = ['--noEmit', '--strict', '--module', 'node16', '--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--types', 'node']
    execFileSync(process.execPath, [compiler, ...options, ...Object.keys(files)], { cwd: folder, encoding: 'utf8' })
    return ''
  } catch (error) {
    return error.stdout ?? String(error)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('the types hold for modules and for CommonJS', () => {
  const text = readFileSync(source, 'utf8')
  assert.equal(compile('both', { 'module.mts': text, 'common.cts': text }), '')
})

test('a program that uses the package wrongly does not compile', () => {
  const told = compile('wrong', { 'wrong.mts': "import { Agent } from 'voice-agent'\nnew Agent({ endpointingMs: 'long' })\n" })
  assert.match(told, /wrong\.mts\(2,13\).*not assignable to type 'number/)
})

test('every setting of the core has its type, and every type its setting', () => {
  const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
  const named = (value) =>
    Array.isArray(value) || typeof value !== 'object' || value === null
      ? value
      : Object.fromEntries(Object.entries(value).map(([name, field]) => [camel(name), named(field)]))
  const { conversation, ...settings } = named(face.defaults())
  // Set by the core itself.
  delete conversation.standbyLine
  const written = JSON.stringify({ ...settings, conversation: { ...conversation }, instructions: '', context: '' })
  const shorts = '"greeting" | "language" | "endpointingMs"'
  const program = `import type { AgentSettings } from 'voice-agent'
type Full<T> = T extends unknown[] ? T : T extends object ? { [K in keyof T]-?: Full<NonNullable<T[K]>> | (null extends T[K] ? null : never) } : T
const all: Full<Omit<AgentSettings, ${shorts}>> = ${written}
void all
`
  assert.equal(compile('settings', { 'settings.mts': program }), '')
})

test('require and import give the same classes', () => {
  const common = require('voice-agent')
  assert.deepEqual(Object.keys(common).sort(), Object.keys(face).filter((name) => name !== 'default').sort())
  assert.equal(common.Agent, face.Agent)
  assert.equal(common.Error, face.Error)
})
