// The talk button, the state line, the connection line, typed text and the keyboard.

import { stateWords } from './words.js';

const $ = id => document.getElementById(id);

export class Controls {
  connection = 'closed';     // closed | connecting | open | waiting
  microphone = 'off';        // off | starting | on
  state = 'idle';            // idle | listening | thinking | speaking
  hearing = false;
  retryAt = 0;
  #countdown = null;

  /** actions: talk(), say(text), interrupt() → whether there was something to interrupt, end(). */
  constructor(actions) {
    $('talk').onclick = actions.talk;
    $('interrupt').onclick = actions.interrupt;
    $('end').onclick = actions.end;
    $('composer').onsubmit = event => {
      event.preventDefault();
      const text = $('text').value.trim();
      if (!text) return;
      $('text').value = '';
      actions.say(text);
    };
    document.addEventListener('keydown', event => {
      if (event.key === 'Escape' && !event.defaultPrevented && actions.interrupt()) event.preventDefault();
    });
    for (const button of $('views').querySelectorAll('button')) {
      button.onclick = () => this.#view(button.dataset.view);
    }
    this.set({});
  }

  /** Takes what changed and shows it. */
  set(change) {
    Object.assign(this, change);
    const { connection, microphone, state, hearing } = this;
    Object.assign(document.body.dataset, { connection, microphone, state, hearing: String(hearing) });
    say($('state'), stateWords(this));

    const label = microphone === 'off' ? 'Start listening' : 'Stop listening';
    const talk = $('talk');
    talk.setAttribute('aria-pressed', String(microphone !== 'off'));
    talk.setAttribute('aria-label', label);
    talk.title = label;
    $('interrupt').hidden = state !== 'speaking' && state !== 'thinking';
    $('talk-hint').hidden = !$('interrupt').hidden;
    say($('talk-hint'), microphone === 'on' ? 'Press again to stop listening' : '');
    $('end').hidden = connection !== 'open';
    this.#link();
  }

  #link() {
    clearInterval(this.#countdown);
    const words = { closed: 'Not connected', connecting: 'Connecting', open: 'Connected' };
    if (this.connection !== 'waiting') return say($('link'), words[this.connection]);
    const show = () => {
      const seconds = Math.ceil((this.retryAt - performance.now()) / 1000);
      say($('link'), seconds > 0 ? `Reconnecting in ${seconds} s` : 'Reconnecting');
    };
    show();
    this.#countdown = setInterval(show, 500);
  }

  #view(view) {
    document.body.dataset.view = view;
    for (const button of $('views').querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.dataset.view === view));
    }
  }
}

/** Live regions speak on every write: write only what is new. */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
