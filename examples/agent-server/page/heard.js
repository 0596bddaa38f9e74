// Where in the agent's text the listener stopped hearing.

/** Splits `text` into what was heard and what was not. `heard` may differ in spaces, case and punctuation. */
export function splitHeard(text, heard) {
  if (!heard?.trim()) return { heard: '', unheard: text };
  if (text.startsWith(heard)) return { heard, unheard: text.slice(heard.length) };
  const said = words(heard);
  let end = 0;
  let matched = 0;
  for (const match of text.matchAll(/\S+/g)) {
    if (matched === said.length) break;
    const [word] = words(match[0]);
    if (word !== undefined && word !== said[matched]) break;
    if (word !== undefined) matched += 1;
    end = match.index + match[0].length;
  }
  return { heard: text.slice(0, end), unheard: text.slice(end) };
}

function words(text) {
  return text.toLowerCase().split(/\s+/).map(word => word.replace(/[^\p{L}\p{N}']/gu, '')).filter(Boolean);
}
