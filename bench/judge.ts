/**
 * Replays simulated hours of traffic under the judge and under the rules that others document, on the same requests; bench/README.md says how.
 * Exit code 1 when short of a goal.
 *
 *   npm run bench:judge                     about 10 minutes on one quiet core; raw figures to bench/results/
 *   npm run bench:judge -- --quick          few hours of each, in some seconds; nothing is written
 *   npm run bench:judge -- --seed 77        other hours
 */
import { parseArgs } from 'node:util';
import { analysis, asDocumented, tight } from './judge/analysis.ts';
import { rowOf, shortOf, type Row } from './judge/figures.ts';
import { pastOf } from './judge/people.ts';
import { rankTest } from './judge/rank-canary.ts';
import type { Replay, Rule } from './judge/rule.ts';
import { save } from './judge/save.ts';
import { harmful, healthy, type Scenario } from './judge/scenarios.ts';
import { tableOf } from './judge/table.ts';
import { teal } from './judge/teal.ts';
import { fixedThreshold } from './judge/threshold.ts';
import { traceOf, usual } from './judge/trace.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string', default: '20260' },
  },
});

const seed = Number(values.seed);
const runs = values.quick ? { healthy: 2, harmful: 1 } : { healthy: 120, harmful: 100 };

/** Another hour than those that are judged. */
const past = pastOf(seed - 1);
const others: readonly Rule[] = [
  fixedThreshold(10),
  fixedThreshold(5),
  fixedThreshold(1),
  analysis(asDocumented),
  analysis(tight),
  rankTest,
];
const ours = (['gated', 'timed', 'steps of 5'] as const).map((ramp) => teal(ramp, past));

/** Which rules are asked in which scenario: all where it compares them, and only ours where it counts what is ours to promise. */
function rulesOf({ name }: Scenario): readonly Rule[] {
  switch (name) {
    case 'healthy, 60 bots':
    case 'healthy, near an objective of 99 %':
      return [...ours.slice(0, 1), ...others];
    case '+20 % errors':
      return [...ours, teal('fixed 5 %', past), ...others];
    case '+20 % errors from minute 30':
      return [...ours, teal('timed, no hold-back', past), ...others];
    case 'latency ×2':
      // The others are given an error rate only.
      return [...ours, teal('fixed 10 %', past)];
    default:
      return [...ours, ...others];
  }
}

function replay(scenario: Scenario, index: number): readonly Row[] {
  const rules = rulesOf(scenario);
  const replays = new Map<string, Replay[]>(rules.map(({ name }) => [name, []]));
  const count = scenario.onset === null ? runs.healthy : runs.harmful;
  for (let run = 0; run < count; run += 1) {
    // Each scenario has hours of its own, the same for all rules.
    const trace = traceOf({ ...usual, ...scenario.traffic, seed: seed + 10_000 * (index + 1) + run });
    for (const rule of rules) replays.get(rule.name)?.push(rule.replay(trace, scenario));
    if (process.stderr.isTTY) process.stderr.write(`\r${scenario.name}: ${run + 1} of ${count}\x1b[K`);
  }
  return rules.map(({ name }) => rowOf(scenario, name, replays.get(name) ?? []));
}

const at = new Date();
const rows = [...healthy, ...harmful].flatMap(replay);
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
console.log(tableOf(rows));
const short = shortOf(rows, !values.quick);
for (const each of short) console.log(`SHORT: ${each}`);
if (!values.quick) console.log(`raw figures: ${await save(rows, { at, seed, runs, short })}`);
if (short.length > 0) process.exitCode = 1;
