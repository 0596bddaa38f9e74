// The playback worklet, run sample by sample without a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';

const RATE = 16000;   // the context's rate too, so that samples can be compared one to one
const BLOCK = 128;

let Playback;
globalThis.sampleRate = RATE;
globalThis.AudioWorkletProcessor = class {
  constructor() { this.port = { sent: [], postMessage(message) { this.sent.push(message); } }; }
};
globalThis.registerProcessor = (name, processor) => { Playback = processor; };
await import('../../page/playback-worklet.js');

function player() {
  const worklet = new Playback();
  return {
    reports: worklet.port.sent,
    tell: message => worklet.port.onmessage({ data: message }),
    say(turn, samples) {
      this.tell({ type: 'turn', turn, rate: RATE });
      this.tell({ type: 'audio', pcm: Int16Array.from(samples).buffer });
    },
    run(blocks) {
      const heard = [];
      for (let i = 0; i < blocks; i++) {
        const output = new Float32Array(BLOCK);
        worklet.process([], [[output]]);
        heard.push(...output);
      }
      return heard;
    },
  };
}

const ramp = length => Array.from({ length }, (_, i) => 1 + i);
const levels = heard => heard.map(sample => Math.round(sample * 32768));

test('it plays every sample once and says how many', () => {
  const speaker = player();
  speaker.say(1, ramp(5000));
  assert.deepEqual(levels(speaker.run(50)).slice(0, 5000), ramp(5000));
  assert.deepEqual(speaker.reports.at(-1), { type: 'played', turn: 1, samples: 5000, why: 'drained' });
  const counts = speaker.reports.map(report => report.samples);
  assert.deepEqual(counts, [...counts].sort((a, b) => a - b));
  assert.ok(counts.length >= 3, 'reports come while it plays');
});

test('a pause holds the queue, and playing goes on at the next sample', () => {
  const speaker = player();
  speaker.say(1, Array(8000).fill(16384));
  const before = speaker.run(10);
  speaker.tell({ type: 'pause' });
  const pausing = speaker.run(20);
  assert.ok(pausing.slice(BLOCK * 2).every(sample => sample === 0), 'silent within two blocks');
  speaker.tell({ type: 'resume' });
  const rest = speaker.run(80);
  assert.equal([...before, ...pausing, ...rest].filter(sample => sample > 0).length, 8000 - 1, 'all but the one sample at zero gain');
  assert.equal(speaker.reports.at(-1).samples, 8000);
  const steps = [...before, ...pausing].slice(1).map((sample, i) => Math.abs(sample - [...before, ...pausing][i]));
  assert.ok(Math.max(...steps) < 0.01, 'no click');
});

test('clear fades out within 10 ms, reports once, and leaves a later turn alone', () => {
  const speaker = player();
  speaker.say(1, Array(8000).fill(16384));
  speaker.run(10);
  speaker.tell({ type: 'clear', turn: 1 });
  speaker.say(2, ramp(1000));
  const heard = levels(speaker.run(20));
  const loud = heard.findLastIndex(level => level > 1000) + 1;
  assert.ok(loud > 0 && loud <= 0.01 * RATE, `sounding for ${loud} samples more`);
  const cleared = speaker.reports.filter(report => report.why === 'cleared');
  assert.equal(cleared.length, 1);
  assert.equal(cleared[0].turn, 1);
  assert.equal(cleared[0].samples, 10 * BLOCK + 160, 'the fade was heard');
  assert.deepEqual(heard.filter(Boolean).slice(-1000), ramp(1000));
});

test('clear while paused, or of a turn that never sounded, is answered at once', () => {
  const speaker = player();
  speaker.say(1, Array(8000).fill(16384));
  speaker.run(10);
  speaker.tell({ type: 'pause' });
  speaker.run(10);
  speaker.tell({ type: 'clear', turn: 1 });
  assert.equal(speaker.reports.at(-1).why, 'cleared');
  speaker.tell({ type: 'turn', turn: 2, rate: RATE });
  speaker.tell({ type: 'clear', turn: 2 });
  assert.deepEqual(speaker.reports.at(-1), { type: 'played', turn: 2, samples: 0, why: 'cleared' });
  speaker.say(3, ramp(100));
  assert.deepEqual(levels(speaker.run(1)).slice(0, 100), ramp(100), 'the next turn is not held');
});

test('turns follow each other without a gap', () => {
  const speaker = player();
  speaker.say(1, ramp(200));
  speaker.say(2, ramp(300));
  assert.deepEqual(levels(speaker.run(4)).slice(0, 500), [...ramp(200), ...ramp(300)]);
  assert.deepEqual(speaker.reports.map(({ turn, samples }) => [turn, samples]), [[1, 200], [2, 300]]);
});

test('turned down, it plays on without a click and loses no sample', () => {
  const speaker = player();
  speaker.say(1, Array(8000).fill(16384));
  const before = speaker.run(10);
  speaker.tell({ type: 'duck', down: true });
  const down = speaker.run(20);
  assert.ok(down.slice(0.01 * RATE).every(sample => Math.abs(sample - 0.1) < 1e-3), 'a fifth after 10 ms');
  speaker.tell({ type: 'duck', down: false });
  const up = speaker.run(33);
  assert.equal(up.slice(0.1 * RATE, 0.2 * RATE).every(sample => sample === 0.5), true, 'full after 100 ms');
  const heard = [...before, ...down, ...up].slice(0, 8000);
  assert.ok(heard.every(sample => sample > 0));
  const steps = heard.slice(1).map((sample, i) => Math.abs(sample - heard[i]));
  assert.ok(Math.max(...steps) < 0.01, 'no click');
  assert.equal(speaker.reports.at(-1).samples, 8000);
});

test('what was held while turned down goes on at full level', () => {
  const speaker = player();
  speaker.say(1, Array(8000).fill(16384));
  speaker.run(10);
  speaker.tell({ type: 'duck', down: true });
  speaker.run(5);
  speaker.tell({ type: 'pause' });
  speaker.tell({ type: 'duck', down: false });
  speaker.run(20);
  speaker.tell({ type: 'resume' });
  const heard = speaker.run(10);
  assert.ok(heard.slice(0.011 * RATE).every(sample => sample === 0.5));
  assert.equal(heard[0], 0, 'from silence');
});
