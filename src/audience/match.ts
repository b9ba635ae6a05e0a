import { RE2JS } from 're2js';
import type { TextMatch } from '../config/audience.ts';
import { textOf } from './text.ts';

/** Compares a header's or cookie's value as it came. */
export interface Matcher {
  readonly says: string;
  test(bytes: string): boolean;
}

/**
 * No value longer than this is compared with a pattern: time grows with its length (linearly, as in every RE2), and what clients send
 * may be a hundred kilobytes.
 */
const longestValue = 256;

export function matcherOf(match: TextMatch): Matcher {
  switch (match.kind) {
    case 'present':
      return { says: 'present', test: () => true };
    case 'exact': {
      const values = new Set(match.values);
      return { says: `is ${list(match.values)}`, test: onText((text) => values.has(text)) };
    }
    case 'prefix':
      return {
        says: `begins with ${JSON.stringify(match.prefix)}`,
        test: onText((text) => text.startsWith(match.prefix)),
      };
    case 'regex': {
      const pattern = RE2JS.compile(match.pattern);
      return {
        says: `matches ${match.pattern}`,
        test: onText((text) => text.length <= longestValue && pattern.matches(text)),
      };
    }
  }
}

function onText(test: (text: string) => boolean): (bytes: string) => boolean {
  return (bytes) => {
    const text = textOf(bytes);
    return text !== null && test(text);
  };
}

/** `a`, `a or b`, `a, b, … (7)` */
export function list(values: readonly string[]): string {
  if (values.length <= 3) return values.join(' or ');
  return `${values.slice(0, 3).join(', ')}, … (${values.length})`;
}
