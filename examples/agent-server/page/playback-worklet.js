// The agent's audio, queued by turn: plays, holds, is turned down, and falls silent at once without a click.
//
// In:  turn { turn, rate }   audio { pcm }   pause   resume   clear { turn }   duck { down }
// Out: played { turn, samples, why: 'playing' | 'drained' | 'cleared' }, samples at the turn's own rate

import { Resampler } from './resampler.js';

const FADE_SECONDS = 0.010;
const DUCKED = 0.2;               // −14 dB: the user hears that they were heard, and still what is said
const UNDUCK_SECONDS = 0.1;
const REPORT_SECONDS = 0.1;
const MAX_TURNS = 8;
const MAX_SECONDS = 60;   // the server keeps well under a second ahead; this only bounds memory

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    this.turns = [];
    this.gain = 1;
    this.level = 1;              // on top of the fades
    this.ducked = false;
    this.held = false;
    this.clearing = null;        // the turn being faded out
    this.reported = { turn: -1, samples: 0 };
    this.sinceReport = 0;
    this.fadeStep = 1 / (FADE_SECONDS * sampleRate);
    this.unduckStep = 1 / (UNDUCK_SECONDS * sampleRate);
    this.port.onmessage = ({ data }) => this.#receive(data);
  }

  #receive(message) {
    switch (message.type) {
      case 'turn': return this.#begin(message);
      case 'audio': return this.#queue(new Int16Array(message.pcm));
      case 'pause': this.held = true; return;
      case 'resume': this.held = false; return;
      case 'clear': return this.#clear(message.turn);
      case 'duck': this.ducked = message.down; return;
    }
  }

  #begin({ turn, rate }) {
    if (this.turns.at(-1)?.turn === turn) return;
    if (this.turns.length >= MAX_TURNS) this.turns.shift();
    this.turns.push({ turn, rate, resampler: new Resampler(rate, sampleRate), drained: true });
  }

  #queue(pcm) {
    const last = this.turns.at(-1);
    if (!last || last.resampler.pending > MAX_SECONDS * last.rate) return;
    last.resampler.push(pcm, 1 / 32768);
    last.drained = false;
  }

  #clear(turn) {
    this.clearing = turn;
    const audible = this.gain > 0 && this.turns[0]?.turn <= turn && this.turns[0].resampler.pending > 0;
    if (!audible) this.#finishClear();
  }

  #finishClear() {
    const turn = this.clearing;
    const current = this.turns.find(entry => entry.turn === turn);
    if (current) this.#report(current, 'cleared');
    else this.port.postMessage({ type: 'played', turn, samples: this.reported.turn === turn ? this.reported.samples : 0, why: 'cleared' });
    this.turns = this.turns.filter(entry => entry.turn > turn);
    this.clearing = null;
    this.held = false;
    this.gain = 1;
    this.level = this.ducked ? DUCKED : 1;
  }

  process(inputs, [[output]]) {
    output.fill(0);
    const fading = this.held || this.clearing !== null;
    // While fading, only what is still audible leaves the queue: a held reply goes on at the very next sample.
    const end = fading ? Math.min(output.length, Math.ceil(this.gain / this.fadeStep - 1e-6)) : output.length;
    const played = this.#play(output, end);
    this.#shape(output, fading);
    if (played) this.#reportWhilePlaying(output.length);
    if (this.clearing !== null && (this.gain === 0 || !played)) this.#finishClear();
    return true;
  }

  /** Renders the queue into `output` up to `end`; returns the number of samples that came from it. */
  #play(output, end) {
    let filled = 0;
    while (filled < end && this.turns.length) {
      const head = this.turns[0];
      filled += head.resampler.render(output, filled, end, true);
      if (head.resampler.pending > 0) break;
      if (!head.drained) {
        head.drained = true;
        this.#report(head, 'drained');
      }
      if (this.turns.length === 1 || this.clearing !== null) break;
      this.turns.shift();
    }
    return filled;
  }

  #shape(output, fading) {
    const step = fading ? -this.fadeStep : this.fadeStep;
    if (!fading && this.gain === 1 && this.level === 1 && !this.ducked) return;
    for (let i = 0; i < output.length; i++) {
      output[i] *= this.gain * this.level;
      this.gain = Math.max(0, Math.min(1, this.gain + step));
      this.level = this.ducked ? Math.max(DUCKED, this.level - this.fadeStep) : Math.min(1, this.level + this.unduckStep);
    }
  }

  #reportWhilePlaying(frames) {
    this.sinceReport += frames;
    const head = this.turns[0];
    if (head.drained || this.sinceReport < REPORT_SECONDS * sampleRate) return;
    this.#report(head, 'playing');
  }

  #report({ turn, resampler }, why) {
    this.sinceReport = 0;
    this.reported = { turn, samples: resampler.position };
    this.port.postMessage({ type: 'played', ...this.reported, why });
  }
}

registerProcessor('playback', Playback);
