/** Numbers as people read them: short, and of the same width as they change. */

const s = 1000;
const min = 60 * s;
const h = 60 * min;
const day = 24 * h;

/** How long, in two units at most: `4 s`, `3 min 05 s`, `2 h 10 min`, `6 d`. */
export function duration(ms: number): string {
  const value = Math.max(0, ms);
  if (value < min) return `${Math.floor(value / s)} s`;
  if (value < h) return `${Math.floor(value / min)} min ${two(Math.floor((value % min) / s))} s`;
  if (value < day) return `${Math.floor(value / h)} h ${two(Math.floor((value % h) / min))} min`;
  return `${Math.floor(value / day)} d`;
}

/** The larger of its units alone. */
export function age(ms: number): string {
  const value = Math.max(0, ms);
  if (value < min) return `${Math.floor(value / s)} s`;
  if (value < h) return `${Math.floor(value / min)} min`;
  return value < 2 * day ? `${Math.floor(value / h)} h` : `${Math.floor(value / day)} d`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** Requests a second. */
export function rate(value: number | null): string {
  if (value === null) return '–';
  if (value === 0) return '0';
  return value >= 100 ? Math.round(value).toString() : value.toFixed(value >= 10 ? 0 : 1);
}

/** A part of 1. */
export function percent(value: number | null): string {
  if (value === null) return '–';
  const all = value * 100;
  if (all === 0 || all >= 10) return `${Math.round(all)} %`;
  return all < 0.01 ? '< 0.01 %' : `${all.toFixed(all < 1 ? 2 : 1)} %`;
}

/** Seconds, as milliseconds where they are few. */
export function latency(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds === 0) return '0 ms';
  return seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : `${seconds.toFixed(1)} s`;
}

/** In UTC, and the same on the server and in every browser. */
export const moment = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** With a thin space between thousands. */
export const count = (value: number): string =>
  String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, '\u202f');
