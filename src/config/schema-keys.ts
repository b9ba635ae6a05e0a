/** How a key of teal.yaml is written down: left out with a default, left out with no meaning, or needed. */
import * as v from 'valibot';

type Default = string | number | boolean | readonly string[] | Readonly<Record<string, never>>;

/** A key that may be left out; the default is written as a person would write it. */
export function key<T, const D extends Default>(
  schema: v.GenericSchema<unknown, T>,
  byDefault: D,
  what: string,
): v.OptionalSchema<v.GenericSchema<unknown, T>, D> {
  return v.optional(v.pipe(schema, v.description(what)) as v.GenericSchema<unknown, T>, byDefault as never);
}

/** A key that may be left out and then means nothing, or what is inherited. */
export function maybe<T>(schema: v.GenericSchema<unknown, T>, what: string) {
  return v.optional(v.pipe(schema, v.description(what)) as v.GenericSchema<unknown, T>);
}

export function needed<T>(schema: v.GenericSchema<unknown, T>, what: string): v.GenericSchema<unknown, T> {
  return v.pipe(schema, v.description(what)) as v.GenericSchema<unknown, T>;
}
