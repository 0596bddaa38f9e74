// The parts of the page that need no browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Resampler } from '../../page/resampler.js';
import { splitHeard } from '../../page/heard.js';
import { readTurn } from '../../page/waterfall.js';
import { serverUrl } from '../../page/session.js';
import { niceScale, runs, timeTicks } from '../../page/dashboard/scale.js';

const tone = (hertz, rate, seconds) =>
  Float32Array.from({ length: rate * seconds }, (_, i) => Math.sin(2 * Math.PI * hertz * i / rate));

function resample(from, to, input, block) {
  const resampler = new Resampler(from, to);
  const output = new Float32Array(Math.ceil(input.length * to / from) + 8);
  let length = 0;
  for (let i = 0; i < input.length; i += block) {
    resampler.push(input.subarray(i, i + block));
    length += resampler.render(output, length, output.length, false);
  }
  length += resampler.render(output, length, output.length, true);
  assert.equal(resampler.position, input.length);
  return output.subarray(0, length);
}

const decibels = (output, expected) => {
  let error = 0;
  let count = 0;
  for (let i = 1000; i < output.length - 1000; i++, count++) error += (output[i] - expected(i)) ** 2;
  return 10 * Math.log10(error / count / 0.5);
};

for (const [from, to] of [[48000, 16000], [44100, 16000], [16000, 16000], [96000, 16000], [16000, 48000], [24000, 44100], [8000, 48000]]) {
  test(`a tone survives ${from} to ${to} Hz, in blocks of any size`, () => {
    for (const block of [128, 441, 4000]) {
      const output = resample(from, to, tone(1000, from, 0.5), block);
      assert.ok(Math.abs(output.length - to / 2) <= 1);
      const error = decibels(output, i => Math.sin(2 * Math.PI * 1000 * i / to));
      assert.ok(error < -80, `error ${error.toFixed(0)} dB`);
    }
  });
}

test('what 16 kHz cannot carry is filtered out', () => {
  for (const [hertz, from] of [[8500, 48000], [15000, 48000], [9000, 44100]]) {
    const level = decibels(resample(from, 16000, tone(hertz, from, 0.5), 128), () => 0);
    assert.ok(level < -70, `${hertz} Hz leaves ${level.toFixed(0)} dB`);
  }
});

test('playing on after an underrun loses no sample', () => {
  const resampler = new Resampler(16000, 48000);
  const output = new Float32Array(4000);
  resampler.push(new Float32Array(320).fill(0.5));
  assert.ok(Math.abs(resampler.render(output, 0, 4000, true) - 960) <= 1);
  assert.equal(resampler.pending, 0);
  resampler.push(new Float32Array(320).fill(0.5));
  assert.ok(Math.abs(resampler.render(output, 0, 4000, true) - 960) <= 1);
  assert.equal(resampler.position, 640);
});

test('heard words are found in the text', () => {
  const text = 'Hello there, my friend. How are you?';
  assert.deepEqual(splitHeard(text, 'Hello there,'), { heard: 'Hello there,', unheard: ' my friend. How are you?' });
  assert.deepEqual(splitHeard(text, 'hello there my'), { heard: 'Hello there, my', unheard: ' friend. How are you?' });
  assert.deepEqual(splitHeard(text, ''), { heard: '', unheard: text });
  assert.deepEqual(splitHeard(text, undefined), { heard: '', unheard: text });
  assert.deepEqual(splitHeard(text, text), { heard: text, unheard: '' });
});

test('metrics with holes are read', () => {
  assert.deepEqual(readTurn({ turn: 1 }), { turn: 1, total: null, stages: [], took: [], speculative: false });
  const turn = readTurn({ turn: 2, total_ms: null, stt_ms: 120, path: [{ stage: 'vad', ms: 90 }, { stage: 'stt', ms: null }, { stage: 'llm', ms: 10 }] });
  assert.deepEqual(turn.stages, [{ stage: 'vad', ms: 90, start: 0 }, { stage: 'llm', ms: 10, start: 90 }]);
  assert.equal(turn.total, 100);
  assert.deepEqual(turn.took, [{ name: 'STT', figure: 'stt_ms', ms: 120 }]);
});

test('the server’s address comes from the page’s', () => {
  const at = (origin, search = '') => serverUrl({ origin, search });
  assert.equal(at('http://127.0.0.1:3000'), 'ws://127.0.0.1:3000/ws');
  assert.equal(at('https://example.com'), 'wss://example.com/ws');
  assert.equal(at('https://a.example', '?server=wss://b.example'), 'wss://b.example/ws');
  assert.equal(at('https://a.example', '?server=wss://b.example/voice'), 'wss://b.example/voice');
  assert.throws(() => at('https://a.example', '?server=javascript:alert(1)'));
  assert.throws(() => at('https://a.example', '?server=nonsense'));
});

test('axes have round numbers and few of them', () => {
  for (const [most, top, step] of [[0, 1, 1], [612, 800, 200], [0.7, 0.8, 0.2], [1_000, 1_000, 250], [99, 100, 25]]) {
    const scale = niceScale(most);
    assert.ok(Math.abs(scale.top - top) < 1e-9 && Math.abs(scale.step - step) < 1e-9, `${most}: ${JSON.stringify(scale)}`);
  }
  const minute = 60_000;
  assert.deepEqual(timeTicks(30_000, 5 * minute), [2, 4].map(n => n * minute));
  assert.deepEqual(timeTicks(0, 60 * minute), [0, 15, 30, 45, 60].map(n => n * minute));
});

test('a curve does not bridge what was not measured', () => {
  const at = seconds => [seconds * 1_000, 1, 2, 1];
  assert.deepEqual(runs([at(0), at(10), at(40), at(50)], 10_000).map(run => run.length), [2, 2]);
  assert.deepEqual(runs([], 10_000), []);
});
