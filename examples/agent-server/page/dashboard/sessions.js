// The open sessions, a row each. Rows stay where they are while their numbers change, so that focus and eye can rest.

import { element } from '../dom.js';
import { age, milliseconds, shortId } from './format.js';

export class Sessions {
  #rows = new Map();

  constructor(body, empty, open) {
    this.body = body;
    this.empty = empty;
    this.open = open;
  }

  show(sessions) {
    const listed = new Set(sessions.map(session => session.id));
    for (const [id, row] of this.#rows) {
      if (listed.has(id)) continue;
      row.line.remove();
      this.#rows.delete(id);
    }
    for (const session of sessions) this.#row(session.id).fill(session);
    this.empty.hidden = sessions.length > 0;
  }

  /** The button that opens a session, while there is one. */
  button(id) {
    return this.#rows.get(id)?.line.querySelector('button');
  }

  #row(id) {
    if (!this.#rows.has(id)) {
      const row = new Row(id, () => this.open(id));
      this.#rows.set(id, row);
      this.body.append(row.line);
    }
    return this.#rows.get(id);
  }
}

class Row {
  constructor(id, open) {
    const button = element('button', { type: 'button', class: 'open', title: id, 'aria-label': `Open session ${shortId(id)}` }, shortId(id));
    button.onclick = open;
    this.state = element('span', { class: 'state-word' });
    const cell = (name, ...classes) => element('td', { 'data-cell': name, class: ['number', ...classes].join(' ') });
    this.cells = {
      turn: cell('turn'), age: cell('age', 'wide'), total: cell('total'), stt: cell('stt', 'wide'),
      llm: cell('llm', 'wide'), tts: cell('tts', 'wide'), errors: cell('errors'),
    };
    this.line = element('tr', { 'data-session': id },
      element('td', {}, button), element('td', {}, this.state), ...Object.values(this.cells));
  }

  fill({ state, turn, age_s, connected, latencies, counts }) {
    this.line.toggleAttribute('data-away', !connected);
    this.state.dataset.now = connected ? state : 'away';
    put(this.state, connected ? state : 'client away');
    put(this.cells.turn, String(turn));
    put(this.cells.age, age(age_s));
    put(this.cells.total, milliseconds(latencies.total_ms));
    put(this.cells.stt, milliseconds(latencies.stt_ms));
    put(this.cells.llm, milliseconds(latencies.llm_ttft_ms));
    put(this.cells.tts, milliseconds(latencies.tts_ms));
    put(this.cells.errors, String(counts.failures + counts.fallbacks));
    this.cells.errors.classList.toggle('some', counts.failures > 0);
  }
}

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
