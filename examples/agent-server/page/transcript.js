// What was said: the user's words as they are recognised, the agent's as they come,
// and, after an interruption, which of them nobody heard.

import { splitHeard } from './heard.js';
import { element } from './dom.js';

const MAX_ENTRIES = 200;
const NEAR_END_PX = 120;
const TOOL_WORDS = { started: 'Looking up', done: 'Looked up', failed: 'Could not look up' };

export class Transcript {
  #users = new Map();    // turn → entry
  #agents = new Map();
  #typed = [];           // typed words whose turn the server has not named yet

  constructor(list, scroll, welcome) {
    this.list = list;
    this.scroll = scroll;
    this.welcome = welcome;
  }

  /** What the user said in a turn; empty when not known. */
  said(turn) { return this.#users.get(turn)?.text ?? ''; }

  /** Words typed on this page, shown before the server has answered. */
  typed(text) {
    const entry = this.#entry('user');
    this.#say(entry, text);
    this.#typed.push(entry);
    if (this.#typed.length > 8) this.#typed.shift();
  }

  user(turn, text, final) {
    if (final) this.#adoptTyped(turn, text);
    let entry = this.#users.get(turn);
    if (!entry) {
      if (!text) return;
      entry = this.#entry('user');
      this.#users.set(turn, entry);
    }
    if (!final) return this.#partial(entry, text);
    if (!text) return this.#forget(this.#users, turn);
    this.#say(entry, text);
  }

  reply(turn, piece) {
    if (!this.#users.has(turn)) this.#adoptTyped(turn);
    const entry = this.#agent(turn);
    entry.text += piece;
    entry.words.append(element('span', {}, piece));
    this.#follow();
  }

  replyEnd(turn, interrupted, heard) {
    const entry = this.#agents.get(turn);
    if (!entry) return;
    entry.item.classList.add('ended');
    if (!interrupted) return;
    const split = splitHeard(entry.text, heard);
    if (!split.unheard.trim()) return this.#note(entry, 'interrupted', 'Interrupted at the end');
    const unheard = split.unheard.trimStart();
    const space = split.unheard.slice(0, split.unheard.length - unheard.length);
    entry.words.replaceChildren(split.heard + space, element('del', { title: 'Not heard' }, unheard));
    this.#note(entry, 'interrupted', split.heard ? 'Interrupted: the struck words were not heard' : 'Interrupted before a word was heard');
  }

  total(turn, ms) {
    const entry = this.#agents.get(turn);
    if (entry && ms != null) this.#note(entry, 'total', `answered in ${Math.round(ms)} ms`);
  }

  tool(turn, { id, name, status, sources }) {
    const entry = this.#agent(turn);
    const note = this.#note(entry, `tool-${id}`, `${TOOL_WORDS[status] ?? status}: ${(name ?? 'tool').replaceAll('_', ' ')}`);
    for (const source of (sources ?? []).slice(0, 8)) {
      const url = typeof source === 'string' ? source : source?.url;
      if (!/^https?:\/\//.test(url ?? '') || !URL.canParse(url)) continue;
      const title = source.title || new URL(url).hostname;
      note.append(' ', element('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, title));
    }
  }

  /** A new session: turns are counted anew; what is on the page stays as the past, but for the last typed words still to be sent. */
  divide(words, waiting) {
    this.#users.clear();
    this.#agents.clear();
    this.#typed.splice(0, this.#typed.length - waiting);
    this.list.insertBefore(element('li', { class: 'divider' }, words), this.#typed[0]?.item ?? null);
    this.#follow();
  }

  #adoptTyped(turn, text) {
    if (this.#users.has(turn)) return;
    const at = text === undefined ? 0 : this.#typed.findIndex(entry => entry.text === text);
    const [entry] = at < 0 ? [] : this.#typed.splice(at, 1);
    if (entry) this.#users.set(turn, entry);
  }

  #agent(turn) {
    let entry = this.#agents.get(turn);
    if (!entry) {
      entry = this.#entry('agent');
      entry.words = element('p', { class: 'words' });
      entry.item.append(entry.words);
      this.#agents.set(turn, entry);
    }
    return entry;
  }

  #entry(who) {
    this.welcome.hidden = true;
    const item = element('li', { class: `entry ${who}` },
      element('span', { class: 'visually-hidden' }, who === 'user' ? 'You: ' : 'Agent: '));
    this.list.append(item);
    while (this.list.children.length > MAX_ENTRIES) this.list.firstElementChild.remove();
    this.#follow();
    return { item, text: '', words: null, notes: new Map() };
  }

  /** Partials change in place and are hidden from screen readers, which hear the final words once. */
  #partial(entry, text) {
    if (!entry.words) {
      entry.words = element('p', { class: 'words partial', 'aria-hidden': 'true' });
      entry.item.append(entry.words);
    }
    entry.words.textContent = text;
    this.#follow();
  }

  #say(entry, text) {
    const words = element('p', { class: 'words' }, text);
    entry.text = text;
    if (entry.words) entry.words.replaceWith(words);
    else entry.item.append(words);
    entry.words = words;
    this.#follow();
  }

  #note(entry, key, text) {
    let note = entry.notes.get(key);
    if (!note) {
      note = element('p', { class: `note ${key.split('-')[0]}` });
      entry.item.append(note);
      entry.notes.set(key, note);
    }
    note.textContent = text;
    this.#follow();
    return note;
  }

  #forget(entries, turn) {
    entries.get(turn)?.item.remove();
    entries.delete(turn);
  }

  /** Keeps the end in view, unless the reader has scrolled up. */
  #follow() {
    const { scroll } = this;
    if (this.following === undefined) {
      this.following = true;
      scroll.addEventListener('scroll', () => {
        this.following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;
      }, { passive: true });
    }
    if (!this.following || this.scheduled) return;
    this.scheduled = requestAnimationFrame(() => {
      this.scheduled = 0;
      scroll.scrollTop = scroll.scrollHeight;
    });
  }
}
