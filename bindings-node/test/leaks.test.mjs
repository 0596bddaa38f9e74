// A sample of sessions; the bench opens 10,000.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./programs/sessions.mjs', import.meta.url))

test('sessions leave nothing behind, on either side', () => {
  const told = execFileSync(process.execPath, ['--expose-gc', program, '300', '600'], { encoding: 'utf8', timeout: 120_000 })
  const { before, after } = JSON.parse(told)
  const grown = (what) => (after[what] - before[what]) / 600
  // A session that stayed would hold some kB of JavaScript and tens of kB beside it. The allocators grow to their working
  // size for some thousand sessions, which the bench waits for and this does not.
  assert.ok(grown('heapUsed') < 1_000, `${grown('heapUsed').toFixed(0)} bytes of JavaScript a session`)
  assert.ok(grown('external') < 200, `${grown('external').toFixed(0)} external bytes a session`)
  assert.ok(grown('rss') < 20_000, `${grown('rss').toFixed(0)} bytes of the process a session`)
})
