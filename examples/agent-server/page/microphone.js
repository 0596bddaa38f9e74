// The microphone as a stream of 20 ms frames. The device keeps its own rate
// (Firefox and Safari insist on it); the worklet converts.

export class Microphone {
  #stream = null;
  #context = null;
  #generation = 0;   // a stop() during a start() makes that start clean up after itself

  /** handlers: frame(ArrayBuffer, rms, whether it sounds like a voice), lost('ended'), muted(boolean). */
  constructor(rate, handlers) {
    this.rate = rate;
    this.handlers = handlers;
  }

  get on() { return this.#stream !== null; }

  /** Resolves to true once frames flow, false if stopped meanwhile; throws what getUserMedia throws. */
  async start(deviceId) {
    this.stop();
    const generation = this.#generation;
    if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) {
      throw new DOMException('no microphone access on this page', 'InsecureContextError');
    }
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: {
        echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1,
        ...(deviceId && { deviceId: { exact: deviceId } }),
      },
    });
    const context = new AudioContext({ latencyHint: 'interactive' });
    try {
      await context.audioWorklet.addModule(new URL('capture-worklet.js', import.meta.url));
      if (generation === this.#generation) {
        this.#connect(stream, context);
        await context.resume();
        return generation === this.#generation;
      }
    } catch (error) {
      if (generation === this.#generation) this.stop();
      release(stream, context);
      throw error;
    }
    release(stream, context);
    return false;
  }

  stop() {
    this.#generation += 1;
    if (this.#stream) release(this.#stream, this.#context);
    this.#stream = null;
    this.#context = null;
  }

  #connect(stream, context) {
    this.#stream = stream;
    this.#context = context;
    const source = context.createMediaStreamSource(stream);
    const capture = new AudioWorkletNode(context, 'capture', {
      numberOfOutputs: 0, processorOptions: { rate: this.rate },
    });
    capture.port.onmessage = ({ data }) => {
      if (this.#stream === stream) this.handlers.frame(data.pcm, data.rms, data.voice);
    };
    source.connect(capture);
    const [track] = stream.getAudioTracks();
    track.onended = () => {
      if (this.#stream !== stream) return;
      this.stop();
      this.handlers.lost('ended');
    };
    track.onmute = () => this.#stream === stream && this.handlers.muted(true);
    track.onunmute = () => this.#stream === stream && this.handlers.muted(false);
  }
}

function release(stream, context) {
  for (const track of stream.getTracks()) track.stop();
  context.close().catch(() => {});   // closed already
}
