// One session: how it stands, what its next prompt holds, where the time of its turns went, and its end.

import { element } from '../dom.js';
import { Waterfall } from '../waterfall.js';
import { age } from './format.js';
import { Editor } from './editor.js';
import * as api from './api.js';

const $ = id => document.getElementById(id);

export class Panel {
  #id = null;
  #waterfall;
  #shown = new Set();

  /** closed(id): the panel of this session was closed. failed(error): the server did not do what was asked. */
  constructor({ closed, failed }) {
    this.dialog = $('panel');
    this.failed = failed;
    this.editor = new Editor(change => api.setContext(this.#id, change), failed);
    this.closed = closed;
    $('panel-close').onclick = () => this.close();
    $('end').onclick = () => $('confirm').showModal();
    $('confirm').addEventListener('close', () => {
      if ($('confirm').returnValue === 'end') this.#end();
      $('confirm').returnValue = '';
    });
    this.dialog.addEventListener('keydown', event => {
      if (event.key === 'Escape') this.close();
    });
  }

  get id() { return this.#id; }

  open(id) {
    this.#id = id;
    this.#shown.clear();
    for (const part of ['turns', 'legend', 'facts']) $(part).replaceChildren();
    $('figures').textContent = '';
    $('no-turns').hidden = false;
    this.#waterfall = new Waterfall({
      turns: $('turns'), empty: $('no-turns'), figures: $('figures'), legend: $('legend'), lastTotal: $('last-total'),
    }, () => null);
    $('panel-title').textContent = id;
    $('panel-gone').hidden = true;
    $('end').disabled = false;
    this.editor.begin();
    if (!this.dialog.open) this.dialog.show();
    $('panel-title').focus();
    return this.refresh();
  }

  close() {
    const id = this.#id;
    if (id === null) return;
    this.#id = null;
    this.dialog.close();
    this.closed(id);
  }

  async refresh() {
    const id = this.#id;
    if (id === null || !$('panel-gone').hidden) return;
    try {
      const session = await api.details(id);
      if (this.#id === id) this.#show(session);
    } catch (error) {
      if (this.#id !== id) return;
      if (error.status === 404) this.#over();
      else this.failed(error);
    }
  }

  #show(session) {
    const { state, connected, turn, age_s, providers, counts, last_error } = session;
    const facts = [
      ['State', connected ? state : `${state}, client away`],
      ['Turn', `${turn}, after ${age(age_s)}`],
      ['Providers', ['stt', 'llm', 'tts'].map(stage => `${stage.toUpperCase()} ${providers[stage] ?? 'none'}`).join(' · ')],
      ['Interrupted', `${counts.interruptions}, and ${counts.false_interruptions} times held for a sound`],
      ['Tools', `${counts.tool_calls} calls`],
      ['Errors', last_error ? `${counts.failures}, made good ${counts.fallbacks}; last: ${last_error.stage}, ${last_error.message}` : 'none'],
    ];
    $('facts').replaceChildren(...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
    for (const frame of session.turns.toReversed()) {
      if (this.#shown.has(frame.turn)) continue;
      this.#shown.add(frame.turn);
      this.#waterfall.add(frame);
    }
    this.editor.know(session);
  }

  #over() {
    $('panel-gone').hidden = false;
    $('end').disabled = true;
    this.editor.end();
  }

  async #end() {
    const id = this.#id;
    try {
      await api.endSession(id);
    } catch (error) {
      if (error.status !== 404) return this.failed(error);
    }
    if (this.#id === id) this.#over();
  }
}
