/** The keys of teal.yaml that say which feature flags an app has. */
import * as v from 'valibot';
import type { Json } from './features.ts';
import { percent } from './kinds-audience.ts';
import { name, text } from './kinds-plain.ts';
import { keys, leaf, named, wrong, type Leaf, type Read } from './leaf.ts';
import { key, maybe, needed } from './schema-keys.ts';

/** Beyond it a value is a file's business: every worker and every bulk answer carries it. */
const longestValue = 16 * 1024;

const value: Leaf<Json> = leaf({
  expected: 'true, false, a number, a text, a list or a map',
  json: { type: ['boolean', 'number', 'string', 'array', 'object'] },
  read(input): Read<Json> {
    if (input === null || input === undefined)
      return wrong('write a value: clients ask for a boolean, a number, a text or an object');
    if (typeof input === 'number' && !Number.isFinite(input)) return wrong('write a number that JSON has');
    if (typeof input === 'bigint') return wrong('write it as a text: JSON has no number as large');
    const said = JSON.stringify(input);
    if (said.length > longestValue) return wrong(`keep it below ${longestValue} characters of JSON`);
    return { value: JSON.parse(said) as Json };
  },
});

/** Names as SDKs ask for them and URLs carry them. */
const flagName: Leaf<string> = leaf({
  expected: 'a name of letters, digits, - _ and . such as new-checkout',
  json: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' },
  read(input): Read<string> {
    if (typeof input === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(input)) return { value: input };
    return wrong('write letters, digits, - _ and . only, at most 100');
  },
});

const version: Leaf<string> = leaf({
  expected: 'a version of the app, such as v42 or shop@v42',
  json: { type: 'string', minLength: 1, maxLength: 200 },
  read(input): Read<string> {
    if (typeof input === 'string' && /^[\x21-\x7e]{1,200}$/.test(input)) return { value: input };
    if (typeof input === 'number') return wrong(`write "${input}"`);
    return wrong('write v42, or shop@v42');
  },
});

const day: Leaf<number> = leaf({
  expected: 'a day such as 2027-01-31',
  json: { type: 'string', pattern: String.raw`^\d{4}-\d{2}-\d{2}$` },
  read(input): Read<number> {
    const written = typeof input === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(input) ? input : '';
    const at = Date.parse(`${written}T00:00:00Z`);
    // 2027-02-30 is read as the second of March by some.
    if (written === '' || Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== written)
      return wrong('write year, month and day, such as 2027-01-31');
    return { value: at };
  },
});

const feature = keys({
  default: needed(value, 'The value for everybody for whom it is not on.'),
  on: maybe(
    value,
    'The value where it is on, of the same kind as default. Without it everybody has the default.',
  ),
  with: maybe(
    version,
    "The version that it goes with: on for whoever the release's steps send there, for all at its promotion, off at its rollback. Without it the flag is on for whom `for` and `percent` say.",
  ),
  for: key(
    v.array(name('the name of an audience')),
    [],
    'Audiences, any of which is enough. With a version it is on for these of its people until the promotion. [] by default: everyone.',
  ),
  percent: maybe(
    percent,
    'How many of them, by the bucket that percentages of releases go by. Only without a version, whose steps say it otherwise.',
  ),
  description: maybe(text('a text', 'what it is for'), 'What it is for, for people.'),
  owner: maybe(text('a name', 'team-checkout'), 'Who takes it out of the code in the end.'),
  expires: maybe(day, 'When it should be gone; from then on it is reported. Its value does not change.'),
});

export const features = named(flagName, feature, 'a map from names of flags to their keys');

export type FeatureInput = v.InferOutput<typeof feature>;
