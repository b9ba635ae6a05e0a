import * as v from 'valibot';
import type { Json } from '../../../config/features.ts';
import type { FlagView, UnknownFlag } from '../../flags/contract.ts';
import { count, exactly, list, or, text, time } from './exactly.ts';

/** A flag's value. */
export const anyJson: v.GenericSchema<Json> = v.pipe(
  v.custom<Json>((given) => given !== undefined),
  v.description('Any JSON.'),
);

export const flagView = exactly<FlagView>()(
  v.strictObject({
    app: text,
    flag: text,
    stage: v.picklist(['draft', 'open', 'live-for-all', 'to-remove', 'rolled-back', 'removed']),
    keep: v.exactOptional(anyJson),
    since: time,
    version: or(text),
    release: or(text),
    owner: or(text),
    description: or(text),
    expires: or(time),
    default: anyJson,
    on: anyJson,
    for: list(text),
    share: v.pipe(text, v.description('Whom it is open to, in words.')),
    evaluations: count,
    variants: v.record(text, v.strictObject({ count, last: time })),
    asked: or(time),
    advice: list(text),
  }),
);

export const unknownFlag = exactly<UnknownFlag>()(
  v.strictObject({ app: text, flag: text, count, first: time, last: time }),
);
