/** Durations and sizes as people write them: one number and one unit, so that there is one way to read them. */

const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Powers of 1024, as every limit of an operating system counts; KiB and KB are the same here. */
const bytes = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 } as const;

/** setTimeout fires at once beyond 2^31-1 ms (24.8 days): a longer duration would be a trap somewhere. */
const longestMs = 24 * milliseconds.d;

/** Milliseconds, or null when it is not exactly a number and one of ms, s, m, h, d. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,10}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) return null;
  const ms = Math.round(Number(match[1]) * milliseconds[match[2] as keyof typeof milliseconds]);
  return ms > longestMs ? null : ms;
}

/** The shortest exact way to write it: `90s`, `10m`, `1500ms`. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms !== 0 && ms % milliseconds[unit] === 0) return `${ms / milliseconds[unit]}${unit}`;
  }
  return ms === 0 ? '0s' : `${ms}ms`;
}

/** What somebody who wrote `10 seconds`, `1h30m` or `10` most likely meant, or null. */
export function suggestDuration(input: unknown): string | null {
  if (typeof input === 'number') return Number.isInteger(input) && input >= 0 ? guess(`${input}s`) : null;
  return typeof input === 'string' ? guess(input) : null;
}

function guess(text: string): string | null {
  const words =
    /^(?:(\d+)\s*h(?:ours?|rs?)?)?\s*(?:(\d+)\s*m(?:in(?:ute)?s?)?)?\s*(?:(\d+)\s*s(?:ec(?:ond)?s?)?)?$/i;
  const single = /^(\d+(?:\.\d+)?)\s*(ms|milliseconds?|millis|d|days?)$/i.exec(text.trim());
  if (single !== null) {
    const unit = single[2]?.toLowerCase().startsWith('d') === true ? 'd' : 'ms';
    return parseDuration(`${single[1]}${unit}`) === null ? null : `${single[1]}${unit}`;
  }
  const match = words.exec(text.trim());
  if (match === null || text.trim() === '') return null;
  const [, hours = '0', minutes = '0', seconds = '0'] = match;
  const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return ms <= longestMs ? formatDuration(ms) : null;
}

/** Bytes, or null when it is not exactly a number and one of B, KB, MB, GB (KiB, MiB, GiB). */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,3})?)(B|KB|MB|GB|KiB|MiB|GiB)$/.exec(text);
  if (match === null) return null;
  const unit = match[2]?.replace('i', '') as keyof typeof bytes;
  const size = Math.round(Number(match[1]) * bytes[unit]);
  return Number.isSafeInteger(size) ? size : null;
}

/** The shortest exact way to write it: `512MB`, `32KB`, `1000B`. */
export function formatSize(size: number): string {
  for (const unit of ['GB', 'MB', 'KB'] as const) {
    if (size !== 0 && size % bytes[unit] === 0) return `${size / bytes[unit]}${unit}`;
  }
  return `${size}B`;
}

/** What somebody who wrote `512 mb`, `512M` or `1048576` most likely meant, or null. */
export function suggestSize(input: unknown): string | null {
  if (typeof input === 'number') return Number.isInteger(input) && input >= 0 ? formatSize(input) : null;
  if (typeof input !== 'string') return null;
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b|bytes?)?$/i.exec(input.trim());
  if (match === null) return null;
  const text = `${match[1]}${(match[2] ?? '').toUpperCase()}B`;
  return parseSize(text) === null ? null : text;
}
