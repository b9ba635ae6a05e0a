import * as v from 'valibot';
import type { EnvironmentCounts, RouterStatus } from '../../../router/router.ts';
import { copyOutcomes, type Cohort } from '../../../router/tally.ts';
import { colour, count, exactly, flag, number, or, text, time } from './exactly.ts';

const tally = v.strictObject({ classes: v.array(count), buckets: v.array(count), seconds: number });

const cohorts: readonly Cohort[] = ['live', 'candidate', 'pinned', 'preview', 'mirror'];

/** Each key may be left out. */
const some = <const K extends string, const S extends v.GenericSchema>(
  keys: readonly K[],
  schema: S,
): v.StrictObjectSchema<Record<K, v.ExactOptionalSchema<S, undefined>>, undefined> =>
  v.strictObject(
    Object.fromEntries(keys.map((key) => [key, v.exactOptional(schema)])) as Record<
      K,
      v.ExactOptionalSchema<S, undefined>
    >,
  );

const counts = exactly<EnvironmentCounts>()(
  v.strictObject({
    app: text,
    colour,
    version: text,
    requests: count,
    errors: count,
    failed: count,
    inFlight: count,
    waiting: count,
    tallies: v.exactOptional(some(cohorts, tally)),
    copies: v.exactOptional(some(copyOutcomes, count)),
  }),
);

const certificate = v.strictObject({
  certificate: text,
  key: v.pipe(text, v.description('Where it is, never what it is.')),
  names: v.array(text),
  validFrom: or(time),
  validUntil: or(time),
  problem: or(text),
});

const endpoint = v.strictObject({
  id: text,
  app: text,
  colour,
  role: text,
  inFlight: count,
  streams: count,
  ejectedUntil: or(time),
  ejectedBy: count,
});

const leaving = v.strictObject({
  pid: count,
  version: text,
  since: time,
  until: v.pipe(time, v.description('What is open then is cut.')),
  connections: count,
  inFlight: v.pipe(count, v.description('With streams.')),
  streams: count,
});

export const routerStatus = exactly<RouterStatus>()(
  v.strictObject({
    pid: count,
    generation: v.pipe(count, v.description('Of the routing table that every worker has in force.')),
    workers: v.array(v.strictObject({ pid: count, generation: count, connections: count })),
    listen: v.array(v.strictObject({ host: text, port: count, secure: flag })),
    h2c: v.array(v.strictObject({ host: text, port: count })),
    certificates: v.array(certificate),
    environments: v.array(counts),
    endpoints: v.array(endpoint),
    startedAt: time,
    workersReplaced: v.strictObject({
      count,
      last: or(v.strictObject({ at: time, pid: count, how: text })),
    }),
    heard: v.strictObject({
      at: v.pipe(or(time), v.description('When a table last came, or was confirmed.')),
      expiresAfterMs: or(number),
      expiry: or(v.strictObject({ from: time, until: or(time) })),
    }),
    tablesRepaired: v.strictObject({
      count,
      last: or(v.strictObject({ at: time, pid: count, had: count, generation: count })),
    }),
    accessLog: or(v.strictObject({ file: text, linesDropped: count })),
    version: v.exactOptional(text),
    leaving: v.exactOptional(
      v.pipe(v.array(leaving), v.description('Routers before this one that still carry something.')),
    ),
    handOvers: v.exactOptional(v.strictObject({ count, cut: count })),
  }),
);
