/** Bodies that are not quite right: one thing of a right one is changed. */
import fc from 'fast-check';
import { words } from './schema-arbitrary.ts';

const strange: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e308, -0, '', [], {}, [[]], { a: 1 }),
  words,
  fc.constant('x'.repeat(5000)),
  fc.jsonValue({ maxDepth: 3 }),
);

const keys = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'colour', 'Version', '', 'reason '), words);

/** Always JSON; whether it is still right has to be asked. */
export function nearly(body: unknown): fc.Arbitrary<unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return strange;
  const entries = Object.entries(body);
  const extra = fc.tuple(keys, strange).map(([key, value]) => withOwn(entries, [key, value]));
  if (entries.length === 0) return fc.oneof(strange, extra);
  const which = fc.nat({ max: entries.length - 1 });
  const without = which.map((index) => withOwn(entries.toSpliced(index, 1)));
  const changed = fc
    .tuple(which, strange)
    .map(([index, value]) => withOwn(entries.with(index, [entries[index]?.[0] ?? '', value])));
  return fc.oneof(extra, without, { weight: 3, arbitrary: changed }, strange);
}

/** Also `__proto__` is a key like any other. */
function withOwn(
  entries: readonly (readonly [string, unknown])[],
  more?: readonly [string, unknown],
): unknown {
  const object: Record<string, unknown> = {};
  for (const [key, value] of more === undefined ? entries : [...entries, more])
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  return object;
}
