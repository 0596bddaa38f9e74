// Turns the agent down at once when the user speaks up, until the server has judged what it was.
// Counts time in microphone frames of 20 ms, so it needs no timer.

const WAIT_FRAMES = 35;          // 700 ms for the server's verdict; it takes 100 ms and the way there and back
const REST_FRAMES = 100;         // after a false alarm: 2 s, doubled with every further one
const MAX_REST_FRAMES = 1600;    // a loudspeaker that the microphone hears does not make the agent pump for long

export class Ducking {
  #waiting = 0;     // frames until the wait for a verdict is over; 0 when not turned down
  #resting = 0;     // frames until a voice counts again
  #rest = REST_FRAMES;
  #held = false;    // the server holds or has cut the reply: there is nothing to turn down

  times = 0;

  /** turn(down): true to turn the agent's voice down, false to turn it up again. */
  constructor(turn) {
    this.turn = turn;
  }

  get down() { return this.#waiting > 0; }

  /** A microphone frame; `voice`: it sounds like one; `playing`: the agent is being heard. */
  frame(voice, playing) {
    if (this.#waiting > 0) {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#falseAlarm();
    } else if (this.#resting > 0) {
      this.#resting -= 1;
    } else if (voice && playing && !this.#held) {
      this.#waiting = WAIT_FRAMES;
      this.times += 1;
      this.turn(true);
    }
  }

  /** The server's `pause`: it heard it too. Playback falls silent, and goes on at full level if it does. */
  paused() {
    this.#held = true;
    this.#judged();
  }

  resumed() { this.#held = false; }

  cleared() {
    this.#held = false;
    this.#judged();
  }

  /** There is no microphone, or no session any more. */
  stop() {
    this.#up();
    this.#held = false;
    this.#resting = 0;
    this.#rest = REST_FRAMES;
  }

  #judged() {
    if (this.down) this.#rest = REST_FRAMES;
    this.#up();
  }

  #falseAlarm() {
    this.turn(false);
    this.#resting = this.#rest;
    this.#rest = Math.min(2 * this.#rest, MAX_REST_FRAMES);
  }

  #up() {
    if (!this.down) return;
    this.#waiting = 0;
    this.turn(false);
  }
}
