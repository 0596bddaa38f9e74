import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Denoiser, InvalidInputError, Resampler, SileroVad, TurnDetector, report } from 'voice-agent'
import { repository } from './support/repository.mjs'
import { noise, samplesOf, silence } from './support/talk.mjs'

const recording = join(repository, 'voice-core/tests/fixtures/silero_speech.wav')

const floatsOf = (samples) => Float32Array.from(samples, (sample) => sample / 32_768)

/** A stage's output for a stream cut into pieces of these lengths. */
function inPieces(samples, length, each) {
  const out = []
  for (let at = 0; at < samples.length; at += length) out.push(...each(samples.subarray(at, at + length)))
  return out
}

test('Silero tells one probability for every 512 samples, however the stream is cut', () => {
  const stream = Int16Array.of(...noise(500, 3_000), ...silence(500))
  const whole = [...new SileroVad().process(stream)]
  assert.equal(whole.length, Math.floor(stream.length / 512))
  assert.ok(whole.every((probability) => probability >= 0 && probability <= 1))
  const detector = new SileroVad()
  assert.deepEqual(inPieces(stream, 333, (piece) => detector.process(piece)), whole)
  detector.reset()
  assert.deepEqual([...detector.process(floatsOf(stream))], whole)
})

test('Silero gives the probabilities of ONNX Runtime', () => {
  const lines = readFileSync(recording.replace('.wav', '.csv'), 'utf8').split('\n')
  const expected = lines.slice(0, lines.indexOf('reset')).filter((line) => /^\d/.test(line))
  assert.ok(expected.length > 50)
  const probabilities = new SileroVad().process(samplesOf(recording))
  expected.forEach((line, window) => {
    assert.ok(Math.abs(probabilities[window] - Number(line.split(',')[1])) < 1e-4, `window ${window}: ${line}`)
  })
})

test('Silero hears a voice', () => {
  const probabilities = new SileroVad().process(samplesOf(recording))
  const spoken = probabilities.filter((probability) => probability > 0.5).length
  assert.ok(spoken > probabilities.length / 3, `${spoken} of ${probabilities.length} windows`)
})

test('the denoiser gives what it takes, after its delay and quieter, whatever the kind of samples', () => {
  const stream = noise(1_000, 2_000)
  const denoiser = new Denoiser({ sampleRate: 16_000 })
  assert.equal(denoiser.delay, 192)
  const cleaned = [...inPieces(stream, 320, (piece) => denoiser.process(piece)), ...denoiser.flush()]
  assert.equal(cleaned.length, stream.length + denoiser.delay)
  const power = (samples) => samples.reduce((sum, sample) => sum + sample * sample, 0)
  assert.ok(power(cleaned.slice(8_000)) < power([...stream.slice(8_000)]) / 10)
  denoiser.reset()
  const floats = denoiser.process(floatsOf(stream))
  assert.ok(floats instanceof Float32Array)
  assert.deepEqual([...floats.slice(0, 1_000)].map((sample) => Math.round(sample * 32_768)), cleaned.slice(0, 1_000))
})

test('the resampler keeps the length of the stream in time, for both kinds of samples', () => {
  for (const [from, to] of [[16_000, 48_000], [48_000, 16_000], [44_100, 16_000], [16_000, 16_000]]) {
    const samples = noise(500).slice(0, from / 2)
    for (const stream of [samples, floatsOf(samples)]) {
      const resampler = new Resampler({ from, to })
      const out = [...inPieces(stream, 777, (piece) => resampler.process(piece)), ...resampler.flush()]
      assert.ok(out.length === Math.ceil((stream.length * to) / from) + resampler.delay, `${from} → ${to}: ${out.length}`)
    }
  }
  assert.ok(new Resampler({ from: 16_000, to: 48_000 }).delay > 0)
})

test('what makes no sense is refused', () => {
  assert.throws(() => new Resampler({ from: 1, to: 16_000 }), { code: 'invalid_config' })
  assert.throws(() => new Resampler({ from: 'a', to: 16_000 }), InvalidInputError)
  assert.throws(() => new Denoiser({ sampleRate: 5 }), { code: 'invalid_config' })
  for (const stage of [new SileroVad(), new Denoiser(), new Resampler({ from: 16_000, to: 8_000 })]) {
    for (const wrong of [[1, 2], null, 'a', new Uint8Array(4)]) assert.throws(() => stage.process(wrong), InvalidInputError)
  }
  assert.throws(() => new TurnDetector({ model: '/nowhere.onnx' }), { code: 'invalid_config' })
})

// Fetched by `make models`.
const models = join(repository, 'voice-core/models/downloaded')
const model = join(models, 'smart-turn-v3.2-cpu.onnx')
const library = join(models, 'libonnxruntime.so')

test('Smart Turn answers with a probability, on another thread', { skip: existsSync(model) && existsSync(library) ? false : 'no model' }, async () => {
  const detector = new TurnDetector({ model, library })
  let turned = 0
  const ticking = setInterval(() => (turned += 1), 1)
  const probability = await detector.endOfTurn(noise(3_000))
  clearInterval(ticking)
  assert.ok(probability >= 0 && probability <= 1)
  assert.ok(turned > 0, 'the event loop went on')
  await assert.rejects(detector.endOfTurn(new Int16Array()), InvalidInputError)
})

test('the report tells version, features and providers', () => {
  const { version, features, providers } = report()
  assert.match(version, /^\d+\.\d+\.\d+/)
  assert.equal(features.silero, true)
  assert.ok(providers.llm.includes('groq') && providers.tts.includes('cartesia') && providers.tool.includes('tavily'))
})
