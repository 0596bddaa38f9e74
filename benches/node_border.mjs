// What the border between Node and the core costs: CPU an event, microphone audio in, cancelling, memory of many sessions,
// Silero.
//
//     .ci/node bench
//
// builds the native part for release and runs this: node --expose-gc --max-semi-space-size=1 benches/node_border.mjs
// [SESSIONS]. The young generation of V8 is held small, since it grows by 16 MiB at a time and would hide what sessions leave.
// Fails when a goal is missed.
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, SileroVad, testing } from '../bindings-node/dist/index.mjs'

const sessions = Number(process.argv[2] ?? 10_000)
const goals = []

function report(what, value, goal, unit, more = '') {
  goals.push(value <= goal)
  const verdict = value <= goal ? '' : 'MISSED  '
  console.log(`${what.padEnd(44)} ${value.toFixed(2).padStart(9)} ${unit.padEnd(9)} goal ≤ ${goal}  ${verdict}${more}`)
}

const median = (figures) => [...figures].sort((a, b) => a - b)[figures.length >> 1]
const microseconds = () => process.cpuUsage().user + process.cpuUsage().system

/** A model that says this. */
const saying = (text) => ({
  async *generate() {
    yield text
  },
})

/** CPU of the whole process for each event: the core's part, the border, the object. */
async function costOfEvents() {
  const agent = new Agent({ llm: saying('Yes. '.repeat(1_000)), vad: 'none' })
  const figures = []
  for (let round = 0; round < 21; round += 1) {
    const begun = microseconds()
    const session = await agent.session()
    await session.text('talk')
    let count = 0
    for await (const event of session) {
      count += 1
      if (event.type === 'reply_end') break
    }
    await session.close()
    figures.push((microseconds() - begun) / count)
  }
  report('an event out, in a burst', median(figures), 10, 'µs CPU', `best ${Math.min(...figures).toFixed(2)}`)
}

/** The share of a core for 20 ms frames in real time, without a detector; the pacing alone is measured and taken off. */
async function costOfFrames() {
  const session = await new Agent({ llm: saying('Yes.'), vad: 'none' }).session()
  const frame = new Int16Array(320)
  const second = async (feed) => {
    const begun = microseconds()
    let due = performance.now()
    for (let index = 0; index < 50; index += 1) {
      await feed(frame)
      due += 20
      await pause(Math.max(0, due - performance.now()))
    }
    return microseconds() - begun
  }
  const figures = []
  for (let round = 0; round < 5; round += 1) {
    const pacing = await second(async () => {})
    figures.push(((await second((pcm) => session.feed(pcm))) - pacing) / 10_000)
  }
  await session.close()
  report('20 ms frames in, real time', median(figures), 1, '% of core', `most ${Math.max(...figures).toFixed(2)}`)
}

/** From `interrupt()` to the abort of the model's signal. */
async function cancelling() {
  const figures = []
  let [began, ended] = [() => {}, () => {}]
  const endless = {
    async *generate(_request, { signal }) {
      yield 'Well'
      began()
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      ended(performance.now())
    },
  }
  const agent = new Agent({ llm: endless, vad: 'none' })
  for (let round = 0; round < 200; round += 1) {
    const [begun, over] = [new Promise((done) => (began = done)), new Promise((done) => (ended = done))]
    const session = await agent.session()
    await session.text('talk')
    await begun
    const asked = performance.now()
    await session.interrupt()
    figures.push((await over) - asked)
    await session.close()
  }
  figures.sort((a, b) => a - b)
  const more = `median ${figures[100].toFixed(2)}, longest ${figures.at(-1).toFixed(2)}`
  report("interrupt() to the model's signal, p99", figures[197], 10, 'ms', more)
}

/** Growth of resident memory over the second half of many sessions: in the first, buffers find their size. */
async function manySessions() {
  const agent = new Agent({ llm: saying('Yes.'), tts: testing.fakeTts({ perCharacterMs: 0 }), vad: 'none' })
  const one = async () => {
    const session = await agent.session()
    await session.text('talk')
    for await (const event of session) if (event.type === 'reply_end') break
    await session.close()
  }
  const resident = () => {
    globalThis.gc?.()
    return process.memoryUsage.rss() / (1 << 20)
  }
  const several = async (count) => {
    for (let done = 0; done < count; done += 20) await Promise.all(Array.from({ length: 20 }, one))
  }
  await several(sessions / 2)
  const before = resident()
  await several(sessions / 2)
  report(`${sessions} sessions, growth in the second half`, resident() - before, 4, 'MiB')
}

/** A window of 32 ms a call. */
function silero() {
  const [vad, window, figures] = [new SileroVad(), new Float32Array(512).fill(0.01), []]
  for (let round = 0; round < 3_000; round += 1) {
    const begun = performance.now()
    vad.process(window)
    figures.push((performance.now() - begun) * 1_000)
  }
  report('Silero, a window a call', median(figures), 25, 'µs')
}

await costOfEvents()
await costOfFrames()
await cancelling()
await manySessions()
silero()
process.exitCode = goals.every(Boolean) ? 0 : 1
