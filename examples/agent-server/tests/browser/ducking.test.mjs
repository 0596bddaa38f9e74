// The page turns the agent down at once on a voice, and follows the server's verdict.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ducking } from '../../page/ducking.js';
import { VoiceGate } from '../../page/voice-gate.js';

const QUIET = 0.001;   // −60 dBFS
const VOICE = 0.05;    // −26 dBFS

function hear(gate, rms, frames) {
  return Array.from({ length: frames }, () => gate.hear(rms)).filter(Boolean).length;
}

test('a voice is noticed within 40 ms, a click and a quiet room are not', () => {
  const gate = new VoiceGate();
  assert.equal(hear(gate, QUIET, 100), 0);
  assert.deepEqual([gate.hear(VOICE), gate.hear(QUIET), gate.hear(VOICE), gate.hear(VOICE)], [false, false, false, true]);
});

test('a steady noise becomes the room, and a voice is still noticed above it', () => {
  const gate = new VoiceGate();
  assert.ok(hear(gate, 0.02, 500) > 0, 'new, it might be a voice');
  assert.equal(hear(gate, 0.02, 50), 0);
  assert.ok(hear(gate, 0.3, 5) > 0);
});

test('a sentence does not pass for the room', () => {
  const gate = new VoiceGate();
  hear(gate, QUIET, 100);
  assert.equal(hear(gate, VOICE, 50), 49);
});

function ducking() {
  const turns = [];
  const duck = new Ducking(down => turns.push(down));
  return { turns, duck, pass: (frames, voice = false, playing = true) => { for (let i = 0; i < frames; i++) duck.frame(voice, playing); } };
}

test('a voice turns a playing agent down, once, and a silent one not', () => {
  const { turns, pass } = ducking();
  pass(10, true, false);
  assert.deepEqual(turns, []);
  pass(10, true);
  assert.deepEqual(turns, [true]);
});

test('when the server says nothing, the agent is turned up again and the next voice has to wait', () => {
  const { turns, duck, pass } = ducking();
  pass(1, true);
  pass(34);
  assert.deepEqual(turns, [true], 'for less than 700 ms');
  pass(1);
  assert.deepEqual(turns, [true, false]);
  pass(100, true);
  assert.deepEqual(turns, [true, false], 'for 2 s after a false alarm');
  pass(1 + 35, true);
  assert.deepEqual(turns, [true, false, true, false]);
  pass(200, true);
  assert.equal(duck.times, 2, 'for 4 s after the second');
  pass(1, true);
  assert.equal(duck.times, 3);
});

test('the server’s hold takes over, and the agent goes on at full level', () => {
  const { turns, duck, pass } = ducking();
  pass(1, true);
  duck.paused();
  assert.deepEqual(turns, [true, false]);
  pass(50, true);
  assert.deepEqual(turns, [true, false], 'what is held need not be turned down');
  duck.resumed();
  pass(1, true);
  assert.deepEqual(turns, [true, false, true], 'at once, as it was no false alarm');
  duck.cleared();
  assert.deepEqual(turns, [true, false, true, false]);
});

test('without a microphone nothing stays turned down', () => {
  const { turns, duck, pass } = ducking();
  pass(1, true);
  duck.stop();
  assert.deepEqual(turns, [true, false]);
  duck.stop();
  assert.deepEqual(turns, [true, false]);
});
