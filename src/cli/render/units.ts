const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `350 ms`, `4.2 s`, `12 s`, `9 min`, `1 h 5 min`, `3 d 4 h`: two units at most. */
export function duration(ms: number): string {
  const value = Math.max(0, ms);
  if (value < second) return `${Math.round(value)} ms`;
  if (value < 10 * second) return `${trim(value / second)} s`;
  if (value < 2 * minute) return `${Math.round(value / second)} s`;
  // Rounded first: just under an hour is 1 h, not 60 min.
  const minutes = Math.round(value / minute) * minute;
  if (minutes < hour) return `${minutes / minute} min`;
  if (minutes < day) return two(minutes, [hour, 'h'], [minute, 'min']);
  return two(Math.round(value / hour) * hour, [day, 'd'], [hour, 'h']);
}

type Unit = readonly [ms: number, name: string];

function two(value: number, [large, big]: Unit, [small, little]: Unit): string {
  const whole = Math.floor(value / large);
  const rest = Math.floor((value - whole * large) / small);
  return rest === 0 ? `${whole} ${big}` : `${whole} ${big} ${rest} ${little}`;
}

function trim(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}

/** A latency: `0.8 ms`, `12 ms`, `1.3 s`. */
export function latency(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `12,310`: digits in groups, the same in every locale. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 request`, `2 requests`. */
export function counted(value: number, what: string): string {
  return `${count(value)} ${what}${value === 1 ? '' : 's'}`;
}

/** Local time of day; with the date when it was not today. */
export function clock(at: number, now: number): string {
  const date = new Date(at);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
  if (date.toDateString() === new Date(now).toDateString()) return time;
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())} ${time}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
