// Whether a microphone frame sounds like a voice near by: loud, and well above what the room is like.
// Runs inside the capture worklet; has no dependency on the browser. No judge of speech: the server is.

const LEAST = 0.01;      // −40 dBFS: a voice at arm's length is well above, a quiet room well below
const ABOVE_ROOM = 4;    // 12 dB
const FRAMES = 2;        // in a row: one loud frame of 20 ms is a click
const FALLS = 0.2;       // how fast the room's level follows a frame, when it is quieter
const RISES = 0.005;     // and when it is louder: 4 s, so that a sentence does not pass for the room

export class VoiceGate {
  #room = LEAST / ABOVE_ROOM;
  #loud = 0;

  /** The next frame's RMS, 0 … 1. */
  hear(rms) {
    const loud = rms > Math.max(LEAST, this.#room * ABOVE_ROOM);
    this.#room += (rms - this.#room) * (rms < this.#room ? FALLS : RISES);
    this.#loud = loud ? this.#loud + 1 : 0;
    return this.#loud >= FRAMES;
  }
}
