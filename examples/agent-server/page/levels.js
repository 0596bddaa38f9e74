// The two voices around the talk button: the user's level flows to the left, the agent's to the right.

const BAR = 3;
const GAP = 4;
const MAX_BARS = 160;
const PER_SECOND = 24;
const FLOOR_DB = -58;
const TOP_DB = -8;

export class Levels {
  #you = [];
  #agent = [];
  #peak = 0;            // loudest microphone frame since the last bar
  #running = false;
  #last = 0;
  #samples = new Float32Array(512);
  #still = matchMedia('(prefers-reduced-motion: reduce)');

  /** agentAnalyser() gives the playback's AnalyserNode, or null. */
  constructor(canvas, meter, button, agentAnalyser) {
    Object.assign(this, { canvas, meter, button, agentAnalyser });
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
  }

  /** A frame from the microphone; null when it has been switched off. */
  microphone(rms) {
    this.#peak = rms === null ? 0 : Math.max(this.#peak, loudness(rms));
    this.wake();
  }

  /** Draws for as long as there is something to see. */
  wake() {
    if (this.#running) return;
    this.#running = true;
    requestAnimationFrame(now => this.#tick(now));
  }

  #tick(now) {
    if (now - this.#last >= 1000 / PER_SECOND) {
      this.#last = now;
      const you = this.#peak;
      const agent = this.#agentLevel();
      this.#peak = 0;
      remember(this.#you, you);
      remember(this.#agent, agent);
      this.button.style.setProperty('--level', Math.max(you, agent).toFixed(3));
      const percent = String(Math.round(you * 100));
      if (this.meter.getAttribute('aria-valuenow') !== percent) this.meter.setAttribute('aria-valuenow', percent);
      this.#draw();
      if (!this.#you.some(Boolean) && !this.#agent.some(Boolean)) {
        this.#running = false;
        return;
      }
    }
    requestAnimationFrame(next => this.#tick(next));
  }

  #agentLevel() {
    const analyser = this.agentAnalyser();
    if (!analyser) return 0;
    analyser.getFloatTimeDomainData(this.#samples);
    let energy = 0;
    for (const sample of this.#samples) energy += sample * sample;
    return loudness(Math.sqrt(energy / this.#samples.length));
  }

  #draw() {
    const { canvas } = this;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width) return;
    const scale = devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext('2d');
    context.scale(scale, scale);
    const style = getComputedStyle(canvas);
    const room = width / 2 - this.button.clientWidth / 2 - 18;
    const count = Math.min(MAX_BARS, Math.floor(room / (BAR + GAP)));
    const side = (levels, colour, direction) => {
      for (let i = 0; i < count; i++) {
        // Without motion: a plain meter of the present level, no history flowing outward.
        const level = this.#still.matches ? ((levels.at(-1) ?? 0) * count > i ? 0.35 : 0) : levels.at(-1 - i) ?? 0;
        const tall = Math.max(BAR, level * height * 0.9);
        const x = width / 2 + direction * (this.button.clientWidth / 2 + 18 + i * (BAR + GAP));
        context.globalAlpha = (level > 0 ? 0.95 : 0.4) * (1 - i / count) ** 0.8;
        context.fillStyle = level > 0 ? colour : style.getPropertyValue('--quiet-bar');
        context.beginPath();
        context.roundRect(x - BAR / 2, (height - tall) / 2, BAR, tall, BAR / 2);
        context.fill();
      }
    };
    side(this.#you, style.getPropertyValue('--listening'), -1);
    side(this.#agent, style.getPropertyValue('--speaking'), 1);
  }
}

function remember(levels, level) {
  levels.push(level);
  if (levels.length > MAX_BARS) levels.shift();
}

/** 0 for silence, 1 for a loud voice, even steps in decibels between. */
function loudness(rms) {
  const db = 20 * Math.log10(rms + 1e-9);
  return Math.max(0, Math.min(1, (db - FLOOR_DB) / (TOP_DB - FLOOR_DB)));
}
