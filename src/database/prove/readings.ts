import { setImmediate } from 'node:timers/promises';
import type { Parser } from '../sql/parser.ts';
import { withoutValues } from './corpus-file.ts';
import { innerOf } from './inner.ts';

/** Whoever else waits for this thread waits no longer than a few packets do. */
const sliceMs = 10;

/**
 * What statements are without their values. The parser takes about half a millisecond for one, and a server that is looked at again and
 * again has thousands, nearly all of them as before: what was read the last time is not read again.
 */
export class Readings {
  #known: ReadonlyMap<string, string | null> = new Map();

  /** In place of what was read before. @returns null for a text that asks the schema for nothing */
  async read(parser: Parser, texts: Iterable<string>): Promise<ReadonlyMap<string, string | null>> {
    const read = new Map<string, string | null>();
    let since = performance.now();
    for (const text of texts) {
      const known = this.#known.get(text);
      read.set(text, known === undefined ? readingOf(parser, text) : known);
      if (performance.now() - since < sliceMs) continue;
      await setImmediate();
      since = performance.now();
    }
    this.#known = read;
    return read;
  }
}

// What names nothing of the schema has nothing to prove, and may hold values on servers before 16.
const readingOf = (parser: Parser, text: string): string | null =>
  innerOf(parser, text).kind === 'query' ? withoutValues(parser, text) : null;
