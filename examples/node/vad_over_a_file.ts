// Where somebody speaks in a file of 16-bit mono samples at 16 kHz (WAV). Silero alone, without an agent.
import { readFileSync } from 'node:fs'
import { SileroVad } from 'voice-agent'

const WINDOW_MS = 32
const path = process.argv[2]
if (path === undefined) throw new Error('usage: vad_over_a_file speech.wav')

const file = readFileSync(path)
let at = 12
while (file.toString('latin1', at, at + 4) !== 'data') at += 8 + file.readUInt32LE(at + 4)
const samples = new Int16Array(Uint8Array.from(file.subarray(at + 8, at + 8 + file.readUInt32LE(at + 4))).buffer)

const speech = Array.from(new SileroVad().process(samples), (probability) => probability > 0.5)
speech.forEach((speaks, window) => {
  if (speaks && !speech[window - 1]) process.stdout.write(`${((window * WINDOW_MS) / 1_000).toFixed(2)} s … `)
  if (speaks && !speech[window + 1]) console.log(`${(((window + 1) * WINDOW_MS) / 1_000).toFixed(2)} s`)
})
