import * as v from 'valibot';
import type { Path } from './problem.ts';

/** A value without keys of its own as it may be written in teal.yaml: how to read it, how to say what is expected. */
export interface Kind<T> {
  /** Completes the sentence "expected …". */
  readonly expected: string;
  /** The same for editors: keywords of JSON Schema draft-07. */
  readonly json: Readonly<Record<string, unknown>>;
  read(input: unknown): Read<T>;
}

export type Read<T> = { readonly value: T } | Wrong;

export interface Wrong {
  /** Completes the sentence "fix …". */
  readonly remedy: string;
  /** When it can be said more exactly than by the kind. */
  readonly expected?: string;
  /** Where inside the value, and what stands there. */
  readonly at?: Path;
  readonly input?: unknown;
}

export type Leaf<T> = v.GenericSchema<unknown, T>;

export const wrong = (remedy: string, more: Omit<Wrong, 'remedy'> = {}): Wrong => ({ remedy, ...more });

/** The valibot schema of a kind. The remedy travels in the issue's message, what was expected in `expected`. */
export function leaf<T>(kind: Kind<T>): Leaf<T> {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const read = kind.read(dataset.value);
      if ('value' in read) return read.value;
      const [first, ...rest] = (read.at ?? []).map((key) => pathItem(key));
      addIssue({
        expected: read.expected ?? kind.expected,
        input: 'input' in read ? read.input : dataset.value,
        message: read.remedy,
        ...(first === undefined ? {} : { path: [first, ...rest] as const }),
      });
      return NEVER;
    }),
    v.metadata({ title: kind.expected, ...kind.json }),
  );
}

function pathItem(key: string | number): v.UnknownPathItem {
  return { type: 'unknown', origin: 'value', input: undefined, key, value: undefined };
}

/** The shapes a `choose` may take, for the JSON Schema: a lazy schema hides them. */
const shapes = new WeakMap<object, readonly v.GenericSchema[]>();

/** What else than one shape a schema has: the shapes an editor may offer, or null. */
export function shapesOf(schema: object): readonly v.GenericSchema[] | null {
  return shapes.get(schema) ?? null;
}

/** Picks the schema by looking at the input, so that a mistake is told for the one shape the person meant. */
export function choose<S extends v.GenericSchema<unknown, unknown>>(
  pick: (input: unknown) => S,
  offered: readonly v.GenericSchema[],
): v.LazySchema<S> {
  const schema = v.lazy(pick);
  shapes.set(schema, offered);
  return schema;
}

/** A list, or a single value instead of a list of one. */
export function oneOrMany<T>(item: Leaf<T>): v.GenericSchema<unknown, T[]> {
  const many = v.array(item);
  const one = v.pipe(
    item,
    v.transform((value) => [value]),
  );
  return choose<v.GenericSchema<unknown, T[]>>((input) => (Array.isArray(input) ? many : one), [item, many]);
}

/** True for what YAML calls a map. */
export function isMap(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

type Never<E extends v.ObjectEntries> = v.ObjectWithRestSchema<E, v.NeverSchema<string>, undefined>;

/** A map with these keys and no others. */
export function keys<const E extends v.ObjectEntries>(
  entries: E,
): v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<E, undefined>>> {
  const names = Object.keys(entries);
  // strictObject reports only the first unknown key; a rest that is never reports each, with the names that
  // there are as its message, from which the reader of the issue says which one was meant.
  const schema: Never<E> = v.objectWithRest(entries, v.never(names.join(' ')));
  return mapOnly(schema as unknown as Shape<E>, `a map with keys of: ${names.join(', ')}`);
}

type Shape<E extends v.ObjectEntries> = v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<E, undefined>>>;

/** A map from names that a person chose. */
export function named<T>(
  name: Leaf<string>,
  value: v.GenericSchema<unknown, T>,
  expected: string,
): v.GenericSchema<unknown, Record<string, T>> {
  // The keys of an object are strings anyhow; record() wants that said in the type.
  const schema = v.record(name as unknown as v.GenericSchema<string, string>, value);
  return mapOnly(schema as unknown as v.GenericSchema<unknown, Record<string, T>>, expected);
}

function mapOnly<T>(schema: v.GenericSchema<unknown, T>, expected: string): v.GenericSchema<unknown, T> {
  const other = leaf<T>({
    expected,
    json: {},
    read: (input) =>
      wrong(
        input === null
          ? 'write its keys on the lines below, indented'
          : 'write keys and values, as in key: value',
      ),
  });
  return choose<v.GenericSchema<unknown, T>>((input) => (isMap(input) ? schema : other), [schema]);
}
