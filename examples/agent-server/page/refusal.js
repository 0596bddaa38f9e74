// Why the server took no connection. A WebSocket that was refused tells a page nothing, so the page asks `/readyz`.

const TIMEOUT_MS = 3000;
const USUAL_WAIT_S = 5;

/** `{ reason: 'full' | 'overloaded' | 'draining', seconds }`, or null where the server says nothing or is elsewhere. */
export async function refusal(url) {
  const ready = new URL('/readyz', url.replace(/^ws/, 'http'));
  if (ready.origin !== location.origin) return null;
  try {
    const answer = await fetch(ready, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.status !== 503) return null;
    const { status } = await answer.json();
    return { reason: status, seconds: Number(answer.headers.get('retry-after')) || USUAL_WAIT_S };
  } catch {
    return null;
  }
}
