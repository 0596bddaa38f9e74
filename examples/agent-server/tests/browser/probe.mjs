// Runs inside the page, before its own scripts: a microphone to speak into, a log of the frames
// that came over the WebSocket, and the loudspeaker's level over time.

export function installProbe(microphone) {
  const MAX_LOG = 20_000;
  const SOUND = 0.004;     // RMS: well under the quietest vowel, well over a digital silence
  const frames = [];       // { at, type, … } of every text frame; { at, type: 'binary' } of every other
  const levels = [];       // [at, rms], every 5 ms or so
  const tracks = [];
  let socket;

  class LoggedWebSocket extends WebSocket {
    constructor(...parameters) {
      super(...parameters);
      socket = this;
      // Added first, so the log's time is the moment the page itself is told.
      this.addEventListener('message', ({ data }) => {
        const frame = typeof data === 'string' ? JSON.parse(data) : { type: 'binary' };
        keep(frames, { ...frame, at: performance.now() });
      });
    }
    send(data) {
      if (typeof data === 'string') keep(frames, { sent: true, ...JSON.parse(data), at: performance.now() });
      super.send(data);
    }
  }
  window.WebSocket = LoggedWebSocket;

  function keep(log, entry) {
    log.push(entry);
    if (log.length > MAX_LOG) log.shift();
  }

  const samples = new Float32Array(512);
  setInterval(() => {
    const analyser = window.voiceAgent?.analyser;
    if (!analyser) return;
    analyser.getFloatTimeDomainData(samples);
    let energy = 0;
    for (const sample of samples) energy += sample * sample;
    keep(levels, [performance.now(), Math.sqrt(energy / samples.length)]);
  }, 5);

  let voice;
  function testMicrophone() {
    if (!voice) {
      const context = new AudioContext();
      voice = { context, destination: new MediaStreamAudioDestinationNode(context) };
    }
    return voice;
  }

  if (microphone === 'test') {
    navigator.mediaDevices.getUserMedia = async () => {
      const { context, destination } = testMicrophone();
      await context.resume();
      const stream = destination.stream.clone();
      tracks.push(...stream.getAudioTracks());
      return stream;
    };
  } else if (microphone === 'denied') {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('Permission denied', 'NotAllowedError'); };
  }

  window.probe = {
    frames,
    /** Speaks; resolves to the moment of the first sound. */
    async say(wav) {
      const { context, destination } = testMicrophone();
      const bytes = Uint8Array.from(atob(wav), character => character.charCodeAt(0));
      const buffer = await context.decodeAudioData(bytes.buffer);
      const first = buffer.getChannelData(0).findIndex(sample => Math.abs(sample) > 0.02);
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(destination);
      source.start();
      return performance.now() + 1000 * first / buffer.sampleRate;
    },
    unplug() {
      for (const track of tracks.splice(0)) {
        track.stop();
        track.dispatchEvent(new Event('ended'));
      }
    },
    /** Breaks the connection off, as a network does. */
    dropConnection() { socket.close(); },
    /** The first frame after `since` whose fields are those of `match`. */
    find({ since = 0, ...match }) {
      return frames.find(frame => frame.at > since && Object.entries(match).every(([name, value]) => frame[name] === value));
    },
    /** Seconds of sound out of the loudspeaker since a moment. */
    soundSince(since) {
      let sounding = 0;
      for (let i = 1; i < levels.length; i++) {
        const [at, rms] = levels[i];
        if (at > since && rms > SOUND) sounding += at - levels[i - 1][0];
      }
      return sounding / 1000;
    },
    /** The last moment of sound between two moments; null when it was silent. */
    lastSound(from, to) {
      return levels.findLast(([at, rms]) => at >= from && at <= to && rms > SOUND)?.[0] ?? null;
    },
  };
}
