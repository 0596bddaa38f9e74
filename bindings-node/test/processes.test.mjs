// A process that is done exits by itself, with code 0, however its sessions ended.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const start = "import { Agent, testing } from 'voice-agent';"
const agent = "new Agent({ llm: testing.fakeLlm({ text: 'Hello there.' }), vad: 'none' })"
const script = {
  name: 'a greeting',
  stt: { turns: [{ finals: ['Hi.'] }] },
  llm: { first_ms: 20, says: { answers: [{ says: 'Hello.' }] } },
  tts: { first_ms: 20, says: {} },
  acts: [{ at_ms: 100, do: 'speech', for_ms: 400 }],
  until_ms: 5_000,
}

const PROGRAMS = {
  'an agent that was never used': `${agent};`,
  'a session that was closed': `
    const s = await ${agent}.session(); await s.text('hi');
    for await (const e of s) if (e.type === 'reply_end') break;
    await s.close();`,
  'a session that was read to its end': `
    const s = await ${agent}.session(); await s.text('hi');
    for await (const e of s) if (e.type === 'reply_end') void s.close();`,
  'a session whose signal was aborted': `
    const c = new AbortController(); const s = await ${agent}.session({ signal: c.signal }); c.abort();
    for await (const e of s);`,
  'a model in JavaScript that was cut short': `
    const llm = { async *generate(r, { signal }) {
      yield 'One. '; await new Promise((done) => signal.addEventListener('abort', done)); } };
    const s = await new Agent({ llm, vad: 'none' }).session(); await s.text('hi');
    for await (const e of s) if (e.type === 'reply') break;
    await s.close();`,
  'a conversation in simulated time': `await testing.runScript(${JSON.stringify(script)});`,
}

test('60 short processes exit by themselves', { timeout: 240_000 }, async () => {
  for (let round = 0; round < 10; round += 1) {
    const processes = Object.entries(PROGRAMS).map(async ([name, program]) => {
      const words = ['--input-type=module', '--eval', `${start} ${program} process.stdout.write('done');`]
      const { stdout, stderr } = await run(process.execPath, words, { cwd: import.meta.dirname, timeout: 60_000 })
      assert.deepEqual({ stdout, stderr }, { stdout: 'done', stderr: '' }, name)
    })
    await Promise.all(processes)
  }
})
