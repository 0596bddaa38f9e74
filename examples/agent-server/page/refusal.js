// Why the server took no connection. A WebSocket that was refused tells a page nothing, so the page asks `/readyz`.

const TIMEOUT_MS = 3000;
const USUAL_WAIT_S = 5;
const TOKEN_WAIT_S = 60;

/** `{ reason: 'full' | 'overloaded' | 'draining' | 'token', seconds }`, or null where the server says nothing or is elsewhere. */
export async function refusal(url) {
  const ready = new URL('/readyz', url.replace(/^ws/, 'http'));
  if (ready.origin !== location.origin) return null;
  try {
    const answer = await fetch(ready, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { status, token } = await answer.json();
    if (answer.status === 503) return { reason: status, seconds: Number(answer.headers.get('retry-after')) || USUAL_WAIT_S };
    // Whoever is refused by a server that has room and wants a token has none that it takes.
    return token === 'required' ? { reason: 'token', seconds: TOKEN_WAIT_S } : null;
  } catch {
    return null;
  }
}
