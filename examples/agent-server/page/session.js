// One conversation over a WebSocket: the protocol's first frame, reconnecting, resuming.
// Knows nothing of the page: it is given handlers and calls them.

import { refusal } from './refusal.js';

const INPUT_RATE = 16000;
const OUTPUT_RATE = 16000;
const DELAYS_MS = [400, 800, 1600, 3200, 6400, 10000];
const CONNECT_TIMEOUT_MS = 8000;
const MAX_WAITING_TEXTS = 8;
const MAX_WAITING_FRAMES = 50;        // 1 s of speech said while the connection is being made
const MAX_BUFFERED_BYTES = 64 * 1024; // 2 s of speech that the network does not take

/** Where to connect: `?server=wss://host` or the page's own server; `/ws` unless a path is given. */
export function serverUrl(location) {
  const elsewhere = new URLSearchParams(location.search).get('server');
  const url = new URL(elsewhere || location.origin);
  url.protocol = { 'http:': 'ws:', 'https:': 'wss:' }[url.protocol] ?? url.protocol;
  if (!/^wss?:$/.test(url.protocol)) throw new TypeError(`${elsewhere} is not a ws:// or wss:// address`);
  if (url.pathname === '/' || url.pathname === '') url.pathname = '/ws';
  url.hash = '';
  return url.href;
}

/** The token in `#token=…`: what follows the # is sent to no server and stands in no log. */
export function sessionToken(location) {
  return new URLSearchParams(location.hash.slice(1)).get('token');
}

export class Session {
  #socket = null;
  #token = null;          // resumes the session after its socket was lost
  #id = null;
  #attempt = 0;
  #timer = null;
  #farewell = null;       // the server's `bye`, or 'fatal': do not come back unasked
  #ready = false;
  #round = 0;             // counts what the user asked for and every try, so that a late answer can tell it is late
  #texts = [];
  #frames = [];

  inputRate = INPUT_RATE;

  /**
   * `pass`: a session token of the server's, where it wants one.
   * handlers: status({ connection: 'closed'|'connecting'|'open'|'waiting', attempt?, retryAt?, reason? }),
   * ready(frame, kind: 'first'|'resumed'|'new', texts waiting to be sent), frame(frame), audio(ArrayBuffer).
   */
  constructor(url, pass, handlers) {
    this.url = url;
    // A page can give a WebSocket no headers; what it can name is protocols.
    this.protocols = pass ? ['voice-agent', `token.${pass}`] : [];
    this.handlers = handlers;
  }

  /** Connects unless connected; while waiting for the next attempt, tries at once. */
  connect() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#farewell = null;
    this.#open();
  }

  sendText(text) {
    if (this.#ready) return this.#send({ type: 'text', text });
    if (this.#texts.length >= MAX_WAITING_TEXTS) this.#texts.shift();
    this.#texts.push(text);
    this.connect();
  }

  sendAudio(pcm) {
    if (!this.#ready) {
      if (this.#frames.length >= MAX_WAITING_FRAMES) this.#frames.shift();
      this.#frames.push(pcm);
    } else if (this.#socket.bufferedAmount < MAX_BUFFERED_BYTES) {
      this.#socket.send(pcm);
    }
  }

  played(turn, samples) { if (this.#ready) this.#send({ type: 'played', turn, samples }); }
  interrupt() { if (this.#ready) this.#send({ type: 'interrupt' }); }

  /** Says goodbye; the server answers with `bye` and erases the conversation. */
  end() {
    if (this.#ready) return this.#send({ type: 'end' });
    this.#farewell = 'end';
    this.#round += 1;
    clearTimeout(this.#timer);
    if (this.#socket) this.#socket.close();
    else this.#over();
  }

  #open() {
    this.handlers.status({ connection: 'connecting' });
    this.#round += 1;
    const socket = new WebSocket(this.#address(), this.protocols);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    const timeout = setTimeout(() => socket.close(), CONNECT_TIMEOUT_MS);
    socket.onopen = () => this.#send({
      type: 'start', input_rate: INPUT_RATE, output_rate: OUTPUT_RATE, pause: true,
      ...(this.#token && { resume: this.#token }),
    });
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') return this.handlers.audio(data);
      let frame;
      try { frame = JSON.parse(data); } catch { return; }
      if (frame.type === 'ready') clearTimeout(timeout);
      this.#receive(frame);
    };
    socket.onclose = () => {
      clearTimeout(timeout);
      this.#closed();
    };
  }

  /** Whoever comes back says so: an open session needs no place on a server that is full. */
  #address() {
    if (!this.#token) return this.url;
    const url = new URL(this.url);
    url.searchParams.set('resume', '1');
    return url.href;
  }

  #receive(frame) {
    if (frame.type === 'ready') return this.#begin(frame);
    if (frame.type === 'bye' && frame.reason === 'limit' && !this.#ready) {
      // The session that was to be resumed is over, and the server has no place for another one yet.
      this.#token = null;
      return;
    }
    if (frame.type === 'bye') this.#farewell = frame.reason;
    if (frame.type === 'error' && frame.fatal && frame.code !== 'draining') {
      // Refused while resuming: the server no longer knows that session, so the next attempt starts anew.
      if (!this.#ready && this.#token) this.#token = null;
      else this.#farewell ??= 'fatal';
    }
    this.handlers.frame(frame);
  }

  #begin(frame) {
    const kind = this.#id === null ? 'first' : this.#id === frame.session ? 'resumed' : 'new';
    this.#id = frame.session;
    this.#token = frame.resume;
    this.#attempt = 0;
    this.#ready = true;
    this.handlers.ready(frame, kind, this.#texts.length);
    this.handlers.status({ connection: 'open' });
    for (const text of this.#texts.splice(0)) this.#send({ type: 'text', text });
    for (const pcm of this.#frames.splice(0)) this.#socket.send(pcm);
  }

  async #closed() {
    const refused = !this.#ready;
    this.#socket = null;
    this.#ready = false;
    const reason = this.#farewell;
    // A draining node asks to be left for another one; every other goodbye is final.
    if (reason && reason !== 'drain') return this.#over(reason);
    this.#farewell = null;
    const round = this.#round;
    const told = refused ? await refusal(this.url) : null;
    if (round === this.#round) this.#wait(told, reason);
  }

  /** Until the next try: as long as the server says, else longer from try to try. Spread, so that not all come at once. */
  #wait(told, reason) {
    const delay = told
      ? told.seconds * 1000 * (1 + Math.random() / 4)
      : DELAYS_MS[Math.min(this.#attempt, DELAYS_MS.length - 1)] * (0.5 + Math.random() / 2);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#open(), delay);
    this.handlers.status({
      connection: 'waiting', attempt: this.#attempt, retryAt: performance.now() + delay, reason: told?.reason ?? reason,
    });
  }

  #over(reason) {
    this.#token = null;
    this.#attempt = 0;
    this.#texts.length = 0;
    this.#frames.length = 0;
    this.handlers.status({ connection: 'closed', reason });
  }

  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}
