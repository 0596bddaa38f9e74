// The entry for `import`: it hands on what `require` gives, so that a program that does both has one of each class.
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeFileSync } from 'node:fs'

const dist = resolve(dirname(fileURLToPath(import.meta.url)), '../dist')
const names = Object.keys(createRequire(import.meta.url)(resolve(dist, 'index.js')))
const exported = names.filter((name) => name !== '__esModule')

const lines = [
  "import face from './index.js'",
  ...exported.map((name) => (name === 'Error' ? '' : `export const ${name} = face.${name}`)).filter(Boolean),
  'export { VoiceAgentError as Error }',
]
writeFileSync(resolve(dist, 'index.mjs'), `${lines.join('\n')}\n`)
writeFileSync(resolve(dist, 'index.d.mts'), "export * from './index.js'\n")
