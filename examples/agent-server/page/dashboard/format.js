// How numbers stand on the dashboard.

export { milliseconds } from '../waterfall.js';

/** A short name for a session: enough to tell it from the others. */
export const shortId = id => id.slice(0, 8);

export function age(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}

// 24 hours everywhere: short, and no axis is long enough for more.
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const CLOCK_SECONDS = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

export const clock = ms => CLOCK.format(ms);
export const clockSeconds = ms => CLOCK_SECONDS.format(ms);
