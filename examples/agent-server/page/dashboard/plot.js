// One plot: the median and the 95th percentile of a stage over time, in ms.

import { element } from '../dom.js';
import { clock, milliseconds } from './format.js';
import { niceScale, runs, timeTicks } from './scale.js';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 150;
const LEFT = 44;      // room for the ms
const BOTTOM = 20;    // room for the time
const TOP = 8;

export class Plot {
  #data;

  constructor({ name, title, meaning, stage }) {
    this.name = name;
    this.reading = element('span', { class: 'reading' });
    this.svg = document.createElementNS(SVG, 'svg');
    this.svg.setAttribute('role', 'img');
    this.figure = element('figure', { class: 'plot', 'data-series': name, ...(stage && { 'data-stage': stage }) },
      element('figcaption', {}, element('b', {}, title), this.reading, element('span', { class: 'meaning' }, meaning)), this.svg);
    this.title = title;
    new ResizeObserver(() => this.#data && this.#draw()).observe(this.svg);
    this.svg.addEventListener('pointermove', event => this.#point(event));
    this.svg.addEventListener('pointerleave', () => this.#point(null));
  }

  /** series: { p50, p95, turns, points: [[at_ms, p50, p95, turns], …] }, over from … to in steps of `step` ms. */
  show(series, from, to, step) {
    this.#data = { series, from, to, step };
    this.#draw();
  }

  #draw() {
    const { series, from, to, step } = this.#data;
    const width = Math.max(this.svg.clientWidth, 160);
    const height = this.svg.clientHeight || HEIGHT;
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const { top, step: ms } = niceScale(Math.max(0, ...series.points.map(([, , p95]) => p95)));
    this.x = at => LEFT + (at - from) / (to - from) * (width - LEFT - 6);
    this.y = value => TOP + (1 - value / top) * (height - TOP - BOTTOM);
    const parts = [];
    for (let tick = 0; tick <= top + ms / 2; tick += ms) {
      parts.push(line(LEFT, this.y(tick), width, this.y(tick), 'grid'));
      parts.push(text(LEFT - 6, this.y(tick) + 4, tick === 0 ? '0 ms' : String(Number(tick.toPrecision(3))), 'end'));
    }
    for (const tick of timeTicks(from, to)) parts.push(text(this.x(tick), height - 4, clock(tick), 'middle'));
    for (const [index, name] of [[2, 'p95'], [1, 'p50']]) {
      for (const run of runs(series.points, step)) parts.push(...this.#curve(run, index, name));
    }
    this.cursor = line(0, TOP, 0, height - BOTTOM, 'cursor');
    this.cursor.setAttribute('visibility', 'hidden');
    this.svg.replaceChildren(...parts, this.cursor);
    this.#read();
  }

  #curve(run, index, name) {
    const points = run.map(point => [this.x(point[0]), this.y(point[index])]);
    if (points.length === 1) {
      const dot = made('circle', { cx: points[0][0], cy: points[0][1], r: 3 });
      dot.setAttribute('class', name);
      return [dot];
    }
    const path = made('path', { d: points.map(([x, y], at) => `${at ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('') });
    path.setAttribute('class', name);
    return [path];
  }

  #read(point) {
    const { series } = this.#data;
    const [p50, p95, when] = point ? [point[1], point[2], ` at ${clock(point[0])}`] : [series.p50, series.p95, ''];
    const known = series.turns > 0;
    this.reading.textContent = known ? `${milliseconds(p50)} · ${milliseconds(p95)}${when}` : 'no turns';
    this.svg.setAttribute('aria-label', known
      ? `${this.title}: half of ${series.turns} turns within ${milliseconds(series.p50)}, 19 of 20 within ${milliseconds(series.p95)}`
      : `${this.title}: no turns`);
  }

  /** Reads the point next to the pointer. */
  #point(event) {
    if (!this.#data || !this.cursor) return;
    const { points } = this.#data.series;
    const at = event && event.clientX - this.svg.getBoundingClientRect().left;
    const nearest = event && points.reduce((best, point) =>
      !best || Math.abs(this.x(point[0]) - at) < Math.abs(this.x(best[0]) - at) ? point : best, null);
    this.cursor.setAttribute('visibility', nearest ? 'visible' : 'hidden');
    if (nearest) {
      this.cursor.setAttribute('x1', this.x(nearest[0]));
      this.cursor.setAttribute('x2', this.x(nearest[0]));
    }
    this.#read(nearest);
  }
}

function made(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function line(x1, y1, x2, y2, name) {
  return made('line', { x1, y1, x2, y2, class: name });
}

function text(x, y, words, anchor) {
  const node = made('text', { x, y, 'text-anchor': anchor });
  node.textContent = words;
  return node;
}
