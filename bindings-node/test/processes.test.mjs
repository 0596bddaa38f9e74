// Short processes: all of them end by themselves.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { names } from './programs/short.mjs'

const PROCESSES = 63
const AT_ONCE = 4
const program = fileURLToPath(new URL('./programs/short.mjs', import.meta.url))

test(`${PROCESSES} short processes exit with code 0, in time and in silence`, async () => {
  const queue = Array.from({ length: PROCESSES }, (_, index) => names[index % names.length])
  const run = async () => {
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, name], { timeout: 30_000 })
      assert.equal(stderr, '', name)
      assert.equal(stdout, name.startsWith('closes later') ? 'closed\n' : '', name)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
})
