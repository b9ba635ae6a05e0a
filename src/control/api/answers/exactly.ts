import * as v from 'valibot';
import { errorCodes, type ErrorCode, type ErrorJson } from '../../../errors.ts';

type Deep<T> = T extends readonly (infer E)[]
  ? readonly Deep<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Deep<T[K]> }
    : T;

/**
 * A schema whose values are those of a type, neither more nor fewer: the compiler refuses it when one of both is changed alone. What it cannot
 * see is a key that may be left out and that the schema has forgotten; the answers of a running Teal are compared for that.
 */
export const exactly =
  <T>() =>
  <S extends v.GenericSchema<T>>(
    schema: S & ([T] extends [Deep<v.InferOutput<S>>] ? unknown : 'a key is missing, or too narrow'),
  ): v.GenericSchema<T> =>
    schema;

export const text = v.string();
export const flag = v.boolean();
export const number = v.number();
/** Any finite number that counts things. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Milliseconds since the epoch. */
export const time = v.pipe(v.number(), v.description('Milliseconds since the epoch.'));
export const or = <const S extends v.GenericSchema>(schema: S): v.NullableSchema<S, undefined> =>
  v.nullable(schema);
/** As many as there are, none of them changed by whoever gets them. */
export const list = <T>(of: v.GenericSchema<T>): v.GenericSchema<readonly T[]> => v.array(of);
export const colour = v.picklist(['blue', 'green']);

export const errorCode = v.picklist(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]);

export const error = exactly<ErrorJson>()(
  v.strictObject({
    code: errorCode,
    message: v.pipe(text, v.description('What failed, with the value.')),
    remedy: v.pipe(text, v.description('What to do next.')),
    details: v.pipe(v.record(text, v.unknown()), v.description('Facts for machines, never secrets.')),
  }),
);
