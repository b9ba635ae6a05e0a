/** The keys of teal.yaml that say how a candidate is judged. */
import * as v from 'valibot';
import { choice, duration } from './kinds-plain.ts';
import { choose, isMap, keys, leaf, named, wrong, type Leaf } from './leaf.ts';
import { key } from './schema-keys.ts';
import { metrics } from './schema-metrics.ts';

/** People per active minute, or a probability. */
function share(least: number, most: number): Leaf<number> {
  return leaf({
    expected: `a number from ${least} to ${most}`,
    json: { type: 'number', minimum: least, maximum: most },
    read: (input) =>
      typeof input === 'number' && input >= least && input <= most
        ? { value: input }
        : wrong(`write ${typeof input === 'number' && input > most ? most : least}`),
  });
}

/** What people have that can be limited: the metrics that count people with an event. */
const limitable = choice(['errors', 'errors-3', 'slow-95', 'slow-99', 'client-errors-3']);

interface HoldBack {
  readonly percent: number;
  readonly for: number;
}

const holdBackKeys = keys({
  percent: key(
    share(0.001, 50),
    5,
    'How many percent of the people stay on the old version until the end. 5 by default: enough to see a difference by, and few who wait.',
  ),
  for: key(
    duration(1000),
    '30m',
    'For how long. 30m by default: caches fill, connections leak and jobs run within it.',
  ),
});

const noHoldBack = leaf<null>({
  expected: 'a map with the keys percent and for, or 0',
  json: { const: 0 },
  read: (input) => (input === 0 ? { value: null } : wrong('write { percent: 5, for: 30m }, or 0 for none')),
});

const holdBack = choose<v.GenericSchema<unknown, HoldBack | null>>(
  (input) => (isMap(input) ? holdBackKeys : noHoldBack),
  [holdBackKeys, noHoldBack],
);

const judgeKeys = keys({
  tick: key(
    duration(1000),
    '10s',
    'How often it looks. 10s by default: an outage is seen within two looks, and each is one small record.',
  ),
  alpha: key(
    share(0.0001, 0.05),
    0.01,
    'Bound on the probability that it ever rolls a release back that is not worse than tolerated. 0.01 by default: one in a hundred at the very most.',
  ),
  beta: key(
    share(0.0001, 0.2),
    0.05,
    'Bound on the probability, for each metric, that a step goes on although it is as bad as it must not be. 0.05 by default: a wrong step is not the end, since the judge goes on.',
  ),
  min: key(
    duration(1000),
    '2m',
    'A step on evidence takes at least this long. 2m by default: caches fill and rare paths are taken by then.',
  ),
  max: key(
    duration(1000),
    '15m',
    'After this long without evidence `without-evidence` of the step says what happens. 15m by default: what has not come by then hardly comes.',
  ),
  limit: key(
    named(limitable, share(0.000001, 1), 'a map from metrics to people per active minute'),
    {},
    'Absolute limits by metric (errors, errors-3, slow-95, slow-99, client-errors-3): so many people with the event, for each minute in which one is active, are too many whatever live does. The only evidence where a whole group is sent to the candidate. None by default: what is normal differs from app to app.',
  ),
  'hold-back': key(
    holdBack,
    {},
    'Strategies canary and cautious: the last who stay on the old version, so that there is something to compare with; cautious twice as long. 0 turns it off: from the switch on nothing is compared, and only absolute limits hold.',
  ),
  metrics: key(
    metrics,
    [],
    'Numbers that other systems have measured, and what they may be while both versions serve people. None by default: what the routers see of people is judged anyway.',
  ),
});

type JudgeKeys = v.InferOutput<typeof judgeKeys>;

const onOff = leaf<JudgeKeys | null>({
  expected: 'on, off, or a map of keys',
  json: { enum: ['on', 'off'] },
  read: (input) =>
    input === 'on'
      ? { value: v.parse(judgeKeys, {}) }
      : input === 'off'
        ? { value: null }
        : wrong(input === true ? 'write on' : input === false ? 'write off' : 'write on or off'),
});

/** Null: off. */
export const judge = choose<v.GenericSchema<unknown, JudgeKeys | null>>(
  (input) => (isMap(input) ? judgeKeys : onOff),
  [onOff, judgeKeys],
);

export type JudgeInput = JudgeKeys | null;
