// Microphone to 20 ms frames of 16-bit samples, whatever rate the device runs at.

import { Resampler } from './resampler.js';
import { VoiceGate } from './voice-gate.js';

class Capture extends AudioWorkletProcessor {
  constructor({ processorOptions: { rate } }) {
    super();
    this.resampler = new Resampler(sampleRate, rate);
    this.frame = new Float32Array(rate / 50);
    this.filled = 0;
    this.gate = new VoiceGate();
  }

  process([input]) {
    // Some devices ignore channelCount: the first channel is the voice.
    const samples = input[0];
    if (!samples) return true;
    this.resampler.push(samples);
    for (;;) {
      this.filled += this.resampler.render(this.frame, this.filled, this.frame.length, false);
      if (this.filled < this.frame.length) return true;
      this.#send();
      this.filled = 0;
    }
  }

  #send() {
    // Int16Array has the machine's byte order, which is little-endian wherever browsers run.
    const pcm = new Int16Array(this.frame.length);
    let energy = 0;
    for (let i = 0; i < pcm.length; i++) {
      const sample = Math.max(-1, Math.min(1, this.frame[i]));
      energy += sample * sample;
      pcm[i] = Math.round(sample * 32767);
    }
    const rms = Math.sqrt(energy / pcm.length);
    this.port.postMessage({ pcm: pcm.buffer, rms, voice: this.gate.hear(rms) }, [pcm.buffer]);
  }
}

registerProcessor('capture', Capture);
