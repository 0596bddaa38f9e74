// Axes: where the ticks are. Pure, so that tests need no page.

/** A round number not below `most`, and the steps to it: at most four. */
export function niceScale(most) {
  if (!(most > 0)) return { top: 1, step: 1 };
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(step => step >= rough);
  return { top: Math.ceil(most / step - 1e-9) * step, step };
}

/** Full minutes in a span of time, two to five of them. */
export function timeTicks(from, to) {
  const minute = 60_000;
  const every = [1, 2, 5, 10, 15, 20, 30, 60].map(minutes => minutes * minute).find(step => (to - from) / step <= 4) ?? 120 * minute;
  const ticks = [];
  for (let at = Math.ceil(from / every) * every; at <= to; at += every) ticks.push(at);
  return ticks;
}

/** Points in runs without a gap: what lies between two runs was not measured. */
export function runs(points, step) {
  const all = [];
  for (const point of points) {
    const last = all.at(-1);
    if (last && point[0] - last.at(-1)[0] <= step * 1.5) last.push(point);
    else all.push([point]);
  }
  return all;
}
