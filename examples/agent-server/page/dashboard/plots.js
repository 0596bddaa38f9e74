// The response times of all sessions, stage by stage.

import { Plot } from './plot.js';

const SERIES = [
  { name: 'total', title: 'Total', meaning: 'end of speech to the first sound of the answer' },
  { name: 'vad_end', title: 'Speech end', meaning: 'last sample of speech to the decision', stage: 'vad' },
  { name: 'endpointing', title: 'Endpointing', meaning: 'wait for a possible next word', stage: 'endpointing' },
  { name: 'stt', title: 'STT', meaning: 'end of speech to the final transcript', stage: 'stt' },
  { name: 'llm_ttft', title: 'LLM', meaning: 'request to the first token', stage: 'llm' },
  { name: 'sentence', title: 'Sentence', meaning: 'first token to a sentence to speak', stage: 'sentence' },
  { name: 'tts', title: 'TTS', meaning: 'first text to the first byte of speech', stage: 'tts' },
  { name: 'send', title: 'Send', meaning: 'first byte of speech to the transport', stage: 'send' },
];

export class Plots {
  #plots;

  constructor(region) {
    this.#plots = SERIES.map(series => new Plot(series));
    region.append(...this.#plots.map(plot => plot.figure));
  }

  show({ now_ms, minutes, step_s, series }) {
    for (const plot of this.#plots) plot.show(series[plot.name], now_ms - minutes * 60_000, now_ms, step_s * 1_000);
  }
}
