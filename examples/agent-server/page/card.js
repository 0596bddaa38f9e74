// "You can say": sentences that the agent understands, a click sends one as typed text.

import { element } from './dom.js';

const MAX_GROUPS = 24;
const MAX_SENTENCES = 24;

/** Fills and shows the card; it stays hidden when the server has no examples. */
export async function fillCard(card, groups, say) {
  const examples = await load();
  for (const { title, sentences } of examples.slice(0, MAX_GROUPS)) {
    if (!sentences?.length) continue;
    const list = element('ul', { 'aria-label': title });
    for (const sentence of sentences.slice(0, MAX_SENTENCES)) {
      const button = element('button', { type: 'button' }, sentence);
      button.onclick = () => say(sentence);
      list.append(element('li', {}, button));
    }
    groups.append(element('section', {}, element('h3', {}, title), list));
  }
  card.hidden = !groups.children.length;
}

async function load() {
  try {
    const answer = await fetch('api/examples', { headers: { accept: 'application/json' } });
    return answer.ok ? (await answer.json()).groups ?? [] : [];
  } catch {
    return [];
  }
}
