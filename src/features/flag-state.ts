import * as v from 'valibot';
import type { Json } from '../config/features.ts';
import { parseDuration } from '../config/units.ts';
import { TealError } from '../errors.ts';

/**
 * Where a flag is in its life, as far as its code is concerned. The first two are in use; of the others the release has ended, so the value
 * never changes again and the code that asks for it has no purpose left.
 */
const flagStages = ['draft', 'open', 'live-for-all', 'to-remove', 'rolled-back', 'removed'] as const;
type FlagStage = (typeof flagStages)[number];

/** What commands about code need to know of a flag, whoever tells it: the control plane, or a file. */
export interface FlagState {
  readonly flag: string;
  readonly stage: FlagStage;
  /** The value that stays; undefined while that is open. */
  readonly keep: Json | undefined;
  /** Since when it is in this stage, in milliseconds since the epoch. */
  readonly since: number;
  /** How long its code may stay from then on. */
  readonly graceMs: number;
  readonly release: string | null;
  readonly owner: string | null;
}

/** Two weeks: a change that went live yesterday should not stop other people's work today, and one sprint is enough to clean up. */
const defaultGraceMs = 14 * 24 * 3_600_000;

const json: v.GenericSchema<Json> = v.lazy(() =>
  v.union([v.string(), v.number(), v.boolean(), v.null(), v.array(json), v.record(v.string(), json)]),
);

const time = v.pipe(
  v.union([
    v.number(),
    v.pipe(
      v.string(),
      v.check((text) => !Number.isNaN(Date.parse(text)), 'expected a time such as 2026-11-23T13:00:00Z'),
    ),
  ]),
  v.transform((value) => (typeof value === 'number' ? value : Date.parse(value))),
);

const span = v.pipe(
  v.union([
    v.pipe(v.number(), v.minValue(0)),
    v.pipe(
      v.string(),
      v.check((text) => parseDuration(text) !== null, 'expected a duration such as 14d'),
    ),
  ]),
  v.transform((value) => (typeof value === 'number' ? value : (parseDuration(value) ?? 0))),
);

const state = v.object({
  flag: v.pipe(v.string(), v.minLength(1)),
  stage: v.picklist(flagStages),
  keep: v.optional(json),
  since: time,
  grace: v.optional(span, defaultGraceMs),
  release: v.optional(v.nullable(v.string()), null),
  owner: v.optional(v.nullable(v.string()), null),
});

/**
 * Reads states as the control plane or a file tells them: a list of `{flag, stage, keep, since, grace, release, owner}`.
 * @param source what is read, for messages
 * @throws TealError `flags-invalid`
 */
export function parseFlagStates(value: unknown, source: string): readonly FlagState[] {
  const read = v.safeParse(v.array(state), value);
  if (read.success) return read.output.map(({ grace, keep, ...rest }) => ({ ...rest, keep, graceMs: grace }));
  const [issue] = read.issues;
  const where = v.getDotPath(issue) ?? 'the whole';
  throw new TealError(
    'flags-invalid',
    `${source} does not say the state of flags: at ${where}: ${issue.message}`,
    {
      remedy:
        'It is a list of objects such as {"flag": "new-checkout", "stage": "to-remove", "keep": true, "since": "2026-11-23T13:00:00Z"}',
      details: { source, at: where },
    },
  );
}
