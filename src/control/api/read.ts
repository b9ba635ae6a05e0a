import * as v from 'valibot';
import { didYouMean } from '../../config/did-you-mean.ts';
import { TealError } from '../../errors.ts';
import { expectations } from './bodies.ts';
import type { Route } from './route.ts';

/** Values of people are shown in refusals, but not a whole body's worth of them. */
const mostShown = 100;

const short = (text: string): string => (text.length <= mostShown ? text : `${text.slice(0, mostShown)}…`);

/** @throws TealError `usage` */
export function parse<T>(schema: v.GenericSchema<unknown, T>, body: unknown): T {
  const result = v.safeParse(schema, body);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? 'the body';
  throw new TealError('usage', whatIsWrong(schema, issue, path), {
    remedy: 'correct it; what the API takes is in docs/api.md',
    details: { path: short(path) },
  });
}

function whatIsWrong(schema: v.GenericSchema, issue: v.BaseIssue<unknown>, path: string): string {
  if (issue.expected === 'never') return `There is no ${short(path)} here.${meantBy(schema, path)}`;
  const words = expectations[path] ?? expectations[path.replace(/\.\d+$/, '.*')];
  if (issue.received === 'undefined')
    return `${short(path)} is missing${words === undefined ? '' : `: ${words}`}.`;
  return `${short(path)}: expected ${words ?? inWords(issue)}, got ${short(issue.received)}.`;
}

/** Among the keys beside it, where those are known. */
function meantBy(schema: v.GenericSchema, path: string): string {
  const { entries = {} } = schema as Partial<Route['query']>;
  const meant = didYouMean(short(path), Object.keys(entries));
  return meant === null ? '' : ` Did you mean ${meant}?`;
}

/** What valibot calls `>=1` of a list is how many are in it. */
function inWords({ type, expected }: v.BaseIssue<unknown>): string {
  if (type === 'regex') return 'another form';
  return `${type.endsWith('_length') ? 'a length ' : ''}${expected ?? 'something else'}`;
}

/** @throws TealError `usage` for what is unknown, given twice, or of another type */
export function parseQuery(schema: Route['query'], url: string): Readonly<Record<string, unknown>> {
  const { searchParams } = new URL(url);
  const given: Record<string, unknown> = {};
  for (const [name, text] of searchParams) {
    const field = Object.hasOwn(schema.entries, name) ? schema.entries[name] : undefined;
    if (field === undefined) throw unknownName(name, Object.keys(schema.entries));
    if (searchParams.getAll(name).length > 1) throw twice(name);
    // As if it had been left out: `?app=` is what a form sends when nothing was chosen.
    if (text !== '' || kindOf(field) === 'boolean') given[name] = valueOf(kindOf(field), text);
  }
  const result = v.safeParse(schema, given);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const name = v.getDotPath(issue) ?? '';
  const expected = expectations[name] ?? wants(kindOf(schema.entries[name]), issue.expected);
  throw new TealError('usage', `${name}=${short(searchParams.get(name) ?? '')}: expected ${expected}.`, {
    remedy: 'correct it; what the API takes is in docs/api.md',
    details: { name },
  });
}

type Kind = 'number' | 'boolean' | 'string';

/** Of what is in a query; a field that may be left out wraps what it is. */
function kindOf(field: unknown): Kind {
  const { type, wrapped } = field as { readonly type: string; readonly wrapped?: unknown };
  if (wrapped !== undefined) return kindOf(wrapped);
  return type === 'number' || type === 'boolean' ? type : 'string';
}

const booleans: Readonly<Record<string, boolean>> = {
  '': true,
  '1': true,
  true: true,
  '0': false,
  false: false,
};

/** What is no such value stays text, and is refused as such. */
function valueOf(kind: Kind, text: string): unknown {
  if (kind === 'number') return /^\d{1,16}$/.test(text) ? Number(text) : text;
  if (kind === 'boolean') return Object.hasOwn(booleans, text) ? booleans[text] : text;
  return text;
}

function wants(kind: Kind, expected: string | null): string {
  if (kind === 'boolean') return '1 or 0';
  if (kind === 'number')
    return expected?.startsWith('<') === true ? `a whole number ${expected}` : 'a whole number';
  return expected ?? 'something else';
}

function unknownName(name: string, names: readonly string[]): TealError {
  const meant = didYouMean(short(name), names);
  return new TealError(
    'usage',
    `There is no ${short(name)} to ask by.${meant === null ? '' : ` Did you mean ${meant}?`}`,
    {
      remedy: names.length === 0 ? 'leave out what follows the ?' : `one of: ${names.join(', ')}`,
      details: { name: short(name) },
    },
  );
}

const twice = (name: string): TealError =>
  new TealError('usage', `${name} is given twice.`, { remedy: 'give it once', details: { name } });
