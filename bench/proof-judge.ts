/**
 * The judge on a live installation: real processes, real people's requests. Bad versions have to come back before many are harmed, healthy ones have to
 * go live by themselves. bench/README.md says how. Exit code 1 when short of a goal; the last line is JSON.
 *
 *   npm run proof:judge                  20 of each, in an hour at most; raw figures to bench/results/
 *   npm run proof:judge -- --quick       2 of each, in some minutes; nothing is written
 *   npm run proof:judge -- --runs 5      so many of each
 *   npm run proof:judge -- --only bad    or healthy
 */
import { parseArgs } from 'node:util';
import { machine, saveRun } from './lib/results.ts';
import { badRuns } from './proof/bad.ts';
import { lineOf, shortOf, tableOf, type Figures } from './proof/figures.ts';
import { healthyRuns } from './proof/healthy.ts';

const full = 20;
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    runs: { type: 'string' },
    only: { type: 'string' },
  },
});
const runs = values.runs === undefined ? (values.quick ? 2 : full) : Number(values.runs);
if (!Number.isInteger(runs) || runs < 1 || !['bad', 'healthy', undefined].includes(values.only))
  throw new Error('--runs takes a whole number from 1, --only bad or healthy');

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());

const at = new Date();
const startedAt = performance.now();
const say = (line: string): void => console.log(line);
const stage = { runs, say, signal: interrupt.signal };
// Side by side: an hour is short, and 50 requests a second beside the others are a neighbour as any machine has.
const [bad, good] = await Promise.all([
  values.only === 'healthy' ? [] : badRuns(stage),
  values.only === 'bad' ? [] : healthyRuns(stage),
]);
const figures: Figures = { bad, good };
const line = lineOf(figures, (performance.now() - startedAt) / 60_000);
console.log(`\n${tableOf(figures)}\n`);
for (const words of shortOf(figures)) console.log(`SHORT OF A GOAL: ${words}`);
if (runs >= full)
  console.log(`raw figures: ${await saveRun('proof-judge', at, { machine: machine(), ...figures, line })}`);
console.log(JSON.stringify(line));
if (shortOf(figures).length > 0) process.exitCode = 1;
