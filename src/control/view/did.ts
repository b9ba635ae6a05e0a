import type { Decided } from '../../release/decision.ts';
import { says } from './says.ts';

/** One sentence: what a command did. @param more what else is known of it */
export const didOf = ({ events, note, harm }: Decided, ...more: readonly (string | null)[]): string =>
  joined([note ?? events.map(says)[0] ?? 'nothing had to be done', harm, ...more]);

/** What of it no event tells; null: nothing. */
export function noteOf({ note, harm }: Decided, ...more: readonly (string | null)[]): string | null {
  const text = joined([note, harm, ...more]);
  return text === '' ? null : text;
}

const joined = (texts: readonly (string | null | undefined)[]): string =>
  texts.filter((text) => text != null).join('; ');
