// The newest failures, as they come.

import { element } from '../dom.js';
import { clockSeconds, shortId } from './format.js';

const MAX_SHOWN = 200;

export class Errors {
  /** The number of the newest failure shown. */
  newest = 0;

  constructor(list, empty, open) {
    this.list = list;
    this.empty = empty;
    this.open = open;
  }

  /** failures: the newest first, all of them newer than those shown. */
  add(failures) {
    if (!failures.length) return;
    this.newest = failures[0].number;
    this.list.prepend(...failures.map(failure => this.#item(failure)));
    while (this.list.children.length > MAX_SHOWN) this.list.lastChild.remove();
    this.empty.hidden = true;
  }

  /** The server has begun anew, and so do its numbers. */
  clear() {
    this.newest = 0;
    this.list.replaceChildren();
    this.empty.hidden = false;
  }

  #item({ at_ms, session, turn, stage, kind, provider, message }) {
    const where = provider ? `${stage} · ${provider} · ${kind}` : `${stage} · ${kind}`;
    const button = element('button', { type: 'button', class: 'open', title: session, 'aria-label': `Open session ${shortId(session)}` }, shortId(session));
    button.onclick = () => this.open(session);
    return element('li', {},
      element('time', { datetime: new Date(at_ms).toISOString() }, clockSeconds(at_ms)),
      element('span', { class: provider ? 'where made-good' : 'where', title: provider ? 'another provider went on' : '' }, where),
      element('span', { class: 'message' }, `${message} (turn ${turn})`),
      button);
  }
}
