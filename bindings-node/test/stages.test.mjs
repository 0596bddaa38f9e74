// The stages alone: samples in, samples or probabilities out.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Denoiser, InvalidInputError, Resampler, SileroVad } from 'voice-agent'
import { repository } from './support/repository.mjs'
import { spoken } from './support/speech.mjs'

const fixtures = join(repository, 'voice-core/tests/fixtures')

function samplesOf(file) {
  let at = 12
  while (file.toString('latin1', at, at + 4) !== 'data') at += 8 + file.readUInt32LE(at + 4)
  return new Int16Array(Uint8Array.from(file.subarray(at + 8, at + 8 + file.readUInt32LE(at + 4))).buffer)
}

test('Silero gives the probabilities of ONNX Runtime', () => {
  const samples = samplesOf(readFileSync(join(fixtures, 'silero_speech.wav')))
  const lines = readFileSync(join(fixtures, 'silero_speech.csv'), 'utf8').split('\n')
  const until = lines.indexOf('reset')
  const expected = lines.slice(0, until < 0 ? undefined : until).filter((line) => /^\d/.test(line))
  const probabilities = new SileroVad().process(samples)
  expected.forEach((line, window) => {
    assert.ok(Math.abs(probabilities[window] - Number(line.split(',')[1])) < 1e-4, `window ${window}: ${line}`)
  })
  assert.ok(expected.length > 50)
})

test('floats and integers, whole or in pieces, are the same to it', () => {
  const samples = spoken(1_000)
  const whole = new SileroVad().process(samples)
  const vad = new SileroVad()
  const pieces = []
  for (let at = 0; at < samples.length; at += 700) pieces.push(...vad.process(samples.subarray(at, at + 700)))
  assert.deepEqual(pieces, [...whole])
  const floats = Float32Array.from(samples, (sample) => sample / 32_768)
  assert.deepEqual([...new SileroVad().process(floats)], [...whole])
})

test('resampling keeps the length and the type', () => {
  for (const samples of [spoken(1_000), Float32Array.from(spoken(1_000), (sample) => sample / 32_768)]) {
    const resampler = new Resampler({ from: 16_000, to: 48_000 })
    const [some, rest] = [resampler.process(samples), resampler.flush()]
    assert.equal(some.constructor, samples.constructor)
    assert.ok(Math.abs(some.length + rest.length - 48_000) <= 48, `${some.length} + ${rest.length}`)
  }
})

test('the denoiser takes noise out', () => {
  const denoiser = new Denoiser({ sampleRate: 16_000 })
  const noise = spoken(4_000).map((sample) => sample / 16)
  const energy = (samples) => samples.reduce((sum, sample) => sum + sample * sample, 0)
  const clean = denoiser.process(noise)
  assert.ok(Math.abs(clean.length + denoiser.flush().length - noise.length) <= 960)
  const [before, after] = [noise, clean].map((samples) => energy(samples.subarray(48_000, 60_000)))
  assert.ok(after < before / 2, `${after} of ${before}`)
})

test('what are no samples is refused', () => {
  for (const wrong of [null, 'audio', [1, 2], new Uint8Array(4)]) {
    assert.throws(() => new SileroVad().process(wrong), InvalidInputError)
    assert.throws(() => new Resampler({ from: 16_000, to: 8_000 }).process(wrong), InvalidInputError)
  }
  assert.throws(() => new Resampler({ from: 0, to: 8_000 }), (error) => error.code === 'invalid_config')
})
