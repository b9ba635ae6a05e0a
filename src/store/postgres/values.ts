import { unreadable } from './failures.ts';

export const json = (value: unknown): string => JSON.stringify(value) ?? 'null';

/** @throws TealError `store-unreadable` */
export function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw unreadable(where, 'an event or snapshot in it is not JSON', cause);
  }
}

const marked = 'json:';

/** PostgreSQL keeps no NUL in text. Almost every text is kept as it is, for whoever looks with psql. */
export const asText = (text: string): string =>
  text.includes('\0') || text.startsWith(marked) ? marked + JSON.stringify(text) : text;

export const fromText = (kept: string): string =>
  kept.startsWith(marked) ? String(JSON.parse(kept.slice(marked.length))) : kept;
