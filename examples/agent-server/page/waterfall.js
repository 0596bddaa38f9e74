// Where the time of each turn went, from the end of the user's speech to the first sound of the answer.

import { element } from './dom.js';

const MAX_TURNS = 20;

const STAGES = {
  vad: ['VAD', 'silence noticed after the last word'],
  endpointing: ['Endpointing', 'wait for a possible next word'],
  stt: ['STT', 'final transcript'],
  llm: ['LLM', 'request to first token'],
  sentence: ['Sentence', 'enough text to speak'],
  tts: ['TTS', 'text to first byte of speech'],
  send: ['First audio', 'out to you'],
};

// Stages that only a spoken turn has: a typed one starts at the model.
const SPOKEN = new Set(['vad', 'endpointing', 'stt']);

// What each stage took by itself, whoever waited for it: an answer that is prepared ahead is waited for by nobody.
const FIGURES = [['VAD', 'vad_end_ms'], ['STT', 'stt_ms'], ['LLM', 'llm_ttft_ms'], ['TTS', 'tts_ms']];

export class Waterfall {
  #turns = [];    // { figure, total }

  /** parts: { turns, empty, figures, legend, lastTotal }, elements of the page; said(turn): the user's words, null where they
   * are not for whoever looks. */
  constructor(parts, said) {
    this.parts = parts;
    this.said = said;
    for (const [stage, [name, meaning]] of Object.entries(STAGES)) {
      parts.legend.append(element('li', { 'data-stage': stage },
        element('i', { class: 'swatch' }), element('b', {}, name), ` ${meaning}`));
    }
  }

  add(metrics) {
    const turn = readTurn(metrics);
    for (const { figure } of this.#turns) figure.open = false;
    const figure = this.#figure(turn);
    this.#turns.unshift({ figure, total: turn.total });
    this.parts.turns.prepend(element('li', {}, figure));
    for (const old of this.#turns.splice(MAX_TURNS)) old.figure.parentElement.remove();
    this.parts.empty.hidden = true;
    this.parts.legend.hidden = false;
    this.#summarise(turn);
  }

  #figure({ turn, total, stages, took, speculative }) {
    const words = this.said(turn);
    const summary = element('summary', {},
      element('span', { class: 'name' }, `${turn ?? '–'}`),
      element('span', { class: 'said' }, words ? `“${words}”` : turn === 0 ? 'greeting' : words === null ? '' : 'no words'),
      ...(speculative ? [element('span', { class: 'badge', title: 'The answer was begun before the transcript was final' }, 'speculative')] : []),
      element('strong', { class: 'total' }, milliseconds(total)),
      strip(stages, total));
    return Object.assign(element('details', { class: 'turn' }, summary, ...rows(stages, total), figures(stages, took)), { open: true });
  }

  #summarise({ total }) {
    const longest = Math.max(...this.#turns.map(turn => turn.total || 0), 1);
    // One scale for all turns, so that their lengths can be compared.
    for (const turn of this.#turns) turn.figure.style.setProperty('--share', (turn.total || 0) / longest);
    const totals = this.#turns.map(turn => turn.total).filter(Number.isFinite).sort((a, b) => a - b);
    if (!totals.length) return;
    const median = totals[Math.floor((totals.length - 1) / 2)];
    this.parts.lastTotal.textContent = Number.isFinite(total) ? milliseconds(total) : '';
    this.parts.figures.textContent = totals.length === 1 ? '' : `median ${milliseconds(median)} of ${totals.length} turns`;
  }
}

/** A turn's stages with their starts; every number may be missing. */
export function readTurn(metrics) {
  const stages = [];
  let start = 0;
  for (const { stage, ms } of metrics.path ?? []) {
    if (!Number.isFinite(ms)) continue;
    stages.push({ stage, ms, start });
    start += ms;
  }
  const total = metrics.total_ms ?? (stages.length ? start : null);
  const took = FIGURES.map(([name, figure]) => ({ name, figure, ms: metrics[figure] })).filter(({ ms }) => Number.isFinite(ms));
  return { turn: metrics.turn, total, stages, took, speculative: Boolean(metrics.speculative) };
}

function strip(stages, total) {
  const bar = element('span', { class: 'strip', 'aria-hidden': 'true' });
  for (const { stage, ms, start } of stages) bar.append(block(stage, start, ms, total));
  return bar;
}

function rows(stages, total) {
  if (!stages.length) return [];
  const list = element('ol', { class: 'rows' });
  for (const { stage, ms, start } of stages) {
    list.append(element('li', { 'data-stage': stage, title: STAGES[stage]?.[1] ?? '' },
      element('span', { class: 'stage-name' }, STAGES[stage]?.[0] ?? stage),
      element('span', { class: 'track', 'aria-hidden': 'true' }, block(stage, start, ms, total)),
      element('span', { class: 'ms' }, milliseconds(ms))));
  }
  list.append(element('li', { class: 'axis', 'aria-hidden': 'true' },
    element('span', {}, SPOKEN.has(stages[0].stage) ? 'speech end' : 'text sent'), element('span', {}, 'first audio')));
  return [list];
}

function figures(stages, took) {
  if (!took.length && !stages.length) return element('p', { class: 'took' }, 'Nothing was measured on this turn.');
  const line = element('p', { class: 'took', title: 'What each stage took, whether it was waited for or not' });
  took.forEach(({ name, figure, ms }, at) => line.append(
    at ? ' · ' : '', element('span', { 'data-figure': figure }, `${name} ${milliseconds(ms)}`)));
  return line;
}

/** Lengths go through the style object: the page's policy forbids style attributes. */
function block(stage, start, ms, total) {
  const bar = element('i', { class: 'block', 'data-stage': stage });
  const whole = Math.max(total || 0, start + ms, 1);
  bar.style.setProperty('--start', start / whole);
  bar.style.setProperty('--length', ms / whole);
  return bar;
}

export function milliseconds(ms) {
  if (!Number.isFinite(ms)) return '–';
  return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`;
}
