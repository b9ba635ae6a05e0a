import type { Message, Reading } from './message.ts';

/**
 * A parser that forgives what servers in the wild are known to forgive: bare LF, folded lines, space around names,
 * `_` for `-`, several lengths, codings that only look like chunked, sizes with rubbish behind them. Each habit is
 * the worst case of somebody's parser, so what the router sends must leave none of them any choice.
 */
export interface Habits {
  readonly length: 'first' | 'last';
  readonly wins: 'length' | 'coding';
  readonly coding: 'contains' | 'equals';
}

export const habits: readonly Habits[] = [
  { length: 'first', wins: 'length', coding: 'contains' },
  { length: 'last', wins: 'coding', coding: 'contains' },
  { length: 'last', wins: 'length', coding: 'equals' },
  { length: 'first', wins: 'coding', coding: 'equals' },
];

export function readLeniently(text: string, habit: Habits): Reading {
  const reading: Reading = { messages: [], error: null };
  let at = 0;
  while (at < text.length) {
    const message = readMessage(text, at, habit);
    if (message === null) break;
    reading.messages.push(message);
    if (!message.complete) break;
    at = message.end;
  }
  return reading;
}

function readMessage(text: string, from: number, habit: Habits): Message | null {
  let at = from;
  while (text[at] === '\r' || text[at] === '\n') at++;
  const lines: string[] = [];
  for (;;) {
    const end = text.indexOf('\n', at);
    if (end < 0) return null;
    const line = text.slice(at, end).replace(/\r+$/, '');
    at = end + 1;
    if (line === '') break;
    if (/^[ \t]/.test(line) && lines.length > 1) lines.push(`${lines.pop() ?? ''} ${line.trim()}`);
    else lines.push(line);
  }
  const [what = '', target = '', version = ''] = (lines[0] ?? '').trim().split(/\s+/);
  const fields = lines.slice(1).map((line) => {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    return [
      name.trim().toLowerCase().replaceAll('_', '-'),
      colon < 0 ? '' : line.slice(colon + 1).trim(),
    ] as const;
  });
  const message = { what, target, minor: version.endsWith('1') ? 1 : 0, fields: fields.flat(), body: '' };
  return { ...message, ...bodyOf(text, at, fields, habit) };
}

function bodyOf(
  text: string,
  at: number,
  fields: readonly (readonly [string, string])[],
  habit: Habits,
): Pick<Message, 'body' | 'complete' | 'end'> {
  const codings = fields
    .filter(([name]) => name === 'transfer-encoding')
    .map(([, value]) => value.toLowerCase());
  const lengths = fields
    .filter(([name]) => name === 'content-length')
    .map(([, value]) => Number.parseInt(value, 10));
  const chunked = codings.some((value) =>
    habit.coding === 'equals' ? value === 'chunked' : value.includes('chunked'),
  );
  const length = habit.length === 'first' ? lengths[0] : lengths.at(-1);
  if (chunked && (habit.wins === 'coding' || length === undefined)) return chunksOf(text, at);
  const end = at + (length === undefined || Number.isNaN(length) ? 0 : Math.max(0, length));
  return { body: text.slice(at, end), complete: end <= text.length, end };
}

function chunksOf(text: string, from: number): Pick<Message, 'body' | 'complete' | 'end'> {
  let at = from;
  let body = '';
  for (;;) {
    const end = text.indexOf('\n', at);
    if (end < 0) return { body, complete: false, end: text.length };
    const size = Number.parseInt(text.slice(at, end).trim(), 16) || 0;
    at = end + 1;
    if (size === 0) break;
    body += text.slice(at, at + size);
    at += size;
    while (text[at] === '\r' || text[at] === '\n') at += text[at] === '\n' ? 1e9 : 1;
    if (at >= 1e9) at = at - 1e9 + 1;
  }
  for (;;) {
    const end = text.indexOf('\n', at);
    if (end < 0) return { body, complete: false, end: text.length };
    const line = text.slice(at, end).trim();
    at = end + 1;
    if (line === '') return { body, complete: true, end: at };
  }
}
