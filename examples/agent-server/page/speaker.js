// The loudspeaker: feeds the playback worklet and reports what came out of it.

const MAX_WAITING = 256;   // messages kept while the worklet is being loaded

export class Speaker {
  #context = null;
  #node = null;
  #waiting = [];
  #turn = null;              // the turn that audio belongs to: the one of the latest `reply`
  #reported = { turn: null, samples: 0 };

  rate = 16000;
  analyser = null;
  playing = false;

  /** handlers: played(turn, samples). */
  constructor(handlers) {
    this.handlers = handlers;
  }

  static get canChoose() { return 'AudioContext' in window && 'setSinkId' in AudioContext.prototype; }

  get blocked() { return this.#context !== null && this.#context.state !== 'running'; }

  /** Call from within a user's gesture: browsers keep pages silent until there was one. */
  async unlock() {
    if (!window.AudioWorkletNode) return false;
    if (this.#context) {
      if (this.#context.state !== 'running') await this.#context.resume();
      return true;
    }
    const context = new AudioContext({ latencyHint: 'interactive' });
    this.#context = context;
    this.analyser = new AnalyserNode(context, { fftSize: 512, smoothingTimeConstant: 0 });
    this.analyser.connect(context.destination);
    const resumed = context.resume();
    await context.audioWorklet.addModule(new URL('playback-worklet.js', import.meta.url));
    const node = new AudioWorkletNode(context, 'playback', { numberOfInputs: 0, outputChannelCount: [1] });
    node.port.onmessage = ({ data }) => this.#played(data);
    node.connect(this.analyser);
    this.#node = node;
    for (const [message, transfer] of this.#waiting.splice(0)) node.port.postMessage(message, transfer);
    await resumed;
    return true;
  }

  async choose(deviceId) {
    await this.unlock();
    await this.#context?.setSinkId?.(deviceId);
  }

  /** Audio from here on belongs to `turn`. */
  begin(turn) {
    if (turn === this.#turn) return;
    this.#turn = turn;
    this.#post({ type: 'turn', turn, rate: this.rate });
  }

  audio(pcm) {
    const whole = pcm.byteLength % 2 ? pcm.slice(0, -1) : pcm;
    this.#post({ type: 'audio', pcm: whole }, [whole]);
  }

  /** Turns the agent's voice down, or up again. */
  duck(down) { this.#post({ type: 'duck', down }); }

  pause() { this.#post({ type: 'pause' }); }
  resume() { this.#post({ type: 'resume' }); }

  clear(turn) {
    if (turn === this.#turn) this.#turn = null;
    this.#post({ type: 'clear', turn });
  }

  /** Forgets everything, as a new session counts its turns anew. */
  reset() {
    this.#turn = null;
    this.#reported = { turn: null, samples: 0 };
    this.#post({ type: 'clear', turn: Infinity });
  }

  #post(message, transfer = []) {
    if (this.#node) return this.#node.port.postMessage(message, transfer);
    if (!this.#context) return;
    if (this.#waiting.length >= MAX_WAITING) this.#waiting.shift();
    this.#waiting.push([message, transfer]);
  }

  #played({ turn, samples, why }) {
    this.playing = why === 'playing';
    if (turn === Infinity) return;
    // While it plays, what left the worklet is heard one output latency later.
    const late = why === 'playing' ? (this.#context.outputLatency || 0) * this.rate : 0;
    const before = this.#reported.turn === turn ? this.#reported.samples : 0;
    const heard = Math.max(before, Math.round(samples - late));
    this.#reported = { turn, samples: heard };
    this.handlers.played(turn, heard);
  }
}
