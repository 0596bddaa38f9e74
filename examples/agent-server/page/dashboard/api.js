// What the dashboard asks of the server, always the one it came from.

/** The answer was no success: `status` is 0 where there was none at all. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, cache: 'no-store', credentials: 'same-origin' });
  } catch {
    throw new Refused(0, 'The server cannot be reached.');
  }
  if (response.status === 204) return null;
  const body = await response.json().catch(() => null);
  if (response.ok) return body;
  throw new Refused(response.status, body?.error?.message ?? `The server answered ${response.status}.`);
}

const session = id => `/api/sessions/${encodeURIComponent(id)}`;

export const sessions = () => ask('/api/sessions');
export const details = id => ask(session(id));
export const endSession = id => ask(session(id), { method: 'DELETE' });
export const history = minutes => ask(`/api/metrics/history?minutes=${minutes}`);
export const errorsAfter = number => ask(`/api/errors?after=${number}`);

/** change: { instructions?, context? }, where null clears and what is left out stays. */
export const setContext = (id, change) => ask(`${session(id)}/context`, {
  method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(change),
});

/** How many sessions may be open; a server that takes no more says so by its status. */
export async function places() {
  const response = await fetch('/readyz', { cache: 'no-store' });
  const { status, sessions } = await response.json();
  return { status, limit: sessions.limit };
}
