// Things the user should know, in words, with what to do about them.

import { element } from './dom.js';

const MAX_NOTICES = 4;

export class Notices {
  #shown = new Map();

  constructor(region) {
    this.region = region;
  }

  /** Shows or replaces the notice `key`. kind: 'problem' | 'info'. actions: [[label, what to do], …]. */
  show(key, { kind = 'problem', title, text = '', actions = [] }) {
    const notice = element('div', { class: `notice ${kind}`, role: kind === 'problem' ? 'alert' : 'status', 'data-notice': key },
      element('p', {}, element('b', {}, title), text && ` ${text}`));
    for (const [label, act] of actions) {
      const button = element('button', { type: 'button' }, label);
      button.onclick = () => { this.hide(key); act(); };
      notice.append(button);
    }
    const dismiss = element('button', { type: 'button', class: 'dismiss', 'aria-label': `Dismiss: ${title}` }, '×');
    dismiss.onclick = () => this.hide(key);
    notice.append(dismiss);

    this.#shown.get(key)?.remove();
    this.#shown.delete(key);
    this.#shown.set(key, notice);
    this.region.append(notice);
    if (this.#shown.size > MAX_NOTICES) this.hide(this.#shown.keys().next().value);
  }

  hide(key) {
    this.#shown.get(key)?.remove();
    this.#shown.delete(key);
  }
}
