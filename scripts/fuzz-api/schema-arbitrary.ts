/** Values that a JSON Schema takes, as far as the API's schemas go. */
import type { JsonSchema } from '@valibot/to-json-schema';
import fc from 'fast-check';

/** For values whose name says more than their schema: versions that there are, files that there are not. */
export type Pools = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** What a person, or a program, or nobody would write. */
export const words: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '__proto__',
      'constructor',
      'toString',
      'null',
      '../../etc/passwd',
      '%2e%2e%2f',
      "'; DROP TABLE event; --",
      '${7*7}',
      '{{7*7}}',
      '\u0000',
      '\u202e',
      '\ud800',
      '💥',
      '-1',
      '1e999',
      '<script>',
      '\r\nx-injected: 1',
    ),
  },
);

export function arbitraryOf(schema: JsonSchema, pools: Pools, name = ''): fc.Arbitrary<unknown> {
  const pool = pools[name];
  if (pool !== undefined) return pool;
  const least = schema.minimum ?? 0;
  if (schema.anyOf !== undefined)
    return fc.oneof(...schema.anyOf.map((one) => arbitraryOf(one as JsonSchema, pools)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.oneof(
        fc.integer({ min: least, max: Math.min(schema.maximum ?? least + 20, least + 20) }),
        fc.constant(schema.maximum ?? least + 7),
      );
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(arbitraryOf(schema.items as JsonSchema, pools, name), { maxLength: 4 });
    case 'object':
      return objectOf(schema, pools);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function textOf({ pattern, minLength = 0, maxLength }: JsonSchema): fc.Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  const longest = maxLength ?? 100;
  return words.map((text) => text.slice(0, longest)).filter((text) => text.length >= minLength);
}

function objectOf(schema: JsonSchema, pools: Pools): fc.Arbitrary<unknown> {
  const { properties, required = [], additionalProperties } = schema;
  if (properties === undefined) {
    const value = typeof additionalProperties === 'object' ? additionalProperties : {};
    return fc.dictionary(words, arbitraryOf(value, pools), { maxKeys: 4 });
  }
  const fields = Object.entries(properties).map(([key, inner]) => [
    key,
    arbitraryOf(inner as JsonSchema, pools, key),
  ]);
  return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, {
    requiredKeys: required,
  });
}
