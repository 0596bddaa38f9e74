// Listens to a reply of 4 s as a loudspeaker does, which begins with its first frame: a frame that comes after the moment
// it is due is late.
import { parentPort } from 'node:worker_threads'
import { agentOf, saying } from '../support/talk.mjs'

const session = await agentOf({ llm: saying('0123456789. '.repeat(40)) }).session()
await session.text('Talk.')
let begun
let samples = 0
let late = 0
let frames = 0
for await (const event of session) {
  if (event.type === 'reply_end') break
  if (event.type !== 'audio') continue
  const now = performance.now()
  begun ??= now
  if (frames === 0) parentPort.postMessage('speaking')
  if (now > begun + samples / 16) late += frames === 0 ? 0 : 1
  samples += event.pcm.length
  frames += 1
}
await session.close()
parentPort.postMessage({ frames, late, seconds: samples / 16_000 })
