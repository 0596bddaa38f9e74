// Puts the native part where the package looks for it: node scripts/native.mjs [--release] [--built FILE] [--target TRIPLE]
//
// Without --built it is compiled first, with the workspace's own settings: the compiled dependencies of the tests serve
// it as well.
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nativeName } from './platform.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const workspace = resolve(here, '../..')
const { values } = parseArgs({
  options: { release: { type: 'boolean' }, built: { type: 'string' }, target: { type: 'string' } },
})

// An example needs the dependencies of tests: with one selected, cargo builds the library with the features that the
// tests have, and nothing is compiled twice.
const AS_IN_TESTS = ['--workspace', '--all-features', '--lib', '--example', 'simulate']
const FOR_RELEASE = ['--package', 'voice-agent-node', '--release']

function compiled() {
  const target = values.target ? ['--target', values.target] : []
  const selection = values.release || values.target ? FOR_RELEASE : AS_IN_TESTS
  execFileSync('cargo', ['build', '--locked', ...selection, ...target], { cwd: workspace, stdio: 'inherit' })
  const root = resolve(workspace, process.env.CARGO_TARGET_DIR ?? 'target')
  const folder = join(root, values.target ?? '.', selection === FOR_RELEASE ? 'release' : 'debug')
  const names = ['libvoice_agent_node.so', 'libvoice_agent_node.dylib', 'voice_agent_node.dll']
  return names.map((name) => join(folder, name)).find(existsSync)
}

const built = values.built ?? compiled()
if (!built) throw new Error('cargo built no library for Node')
const native = resolve(here, '../native')
mkdirSync(native, { recursive: true })
const place = join(native, nativeName(values.target))
// A running process may have loaded the old file: it keeps it, the new one takes its name.
copyFileSync(built, `${place}.new`)
renameSync(`${place}.new`, place)
console.log(`native part: ${place}`)
