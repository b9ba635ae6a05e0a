/**
 * Plays stories of Teal on a simulated machine, each from its seed: the shipped engine, with everything going wrong around it.
 *
 *   npm run simulate -- --seeds 20000        so many stories; --from N begins at another seed
 *   npm run simulate -- --seed 42            one of them; with --trace all that happens in it
 *   npm run simulate -- --calm               nothing goes wrong, and people only do what makes sense
 *   npm run simulate -- --mutants            breaks the engine in one line each: every break has to be found, and only where something goes wrong
 *   npm run simulate -- --quick              a few stories and all mutants, for CI
 */
import { parseArgs } from 'node:util';
import { asMany, few, head, proveMutants, row } from './mutants/prove.ts';
import { simulateAll } from './pool.ts';
import { simulate, type Outcome } from './simulate.ts';
import type { Done } from './worker.ts';
import { install } from './world/time.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    calm: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const started = performance.now();
/** With all breaks within a minute on two cores. */
const quickSeeds = 300;
/** Beyond that they are the same few again. */
const mostBroken = 200;
const mostShown = 20;

if (values.seed !== undefined) await one(Number(values.seed));
else if (values.mutants) report(await breaks());
else {
  const from = Number(values.from);
  const clean = await many(from, from + (values.quick ? quickSeeds : Number(values.seeds)));
  report(values.quick ? (await breaks()) && clean : clean);
}

/** False when one is not found as it shall be. */
async function breaks(): Promise<boolean> {
  tell(head);
  return await proveMutants(values.quick ? few : asMany, (proof) => tell(row(proof)));
}

async function one(seed: number): Promise<void> {
  install();
  const outcome = await simulate(seed, {
    faults: !values.calm,
    ...(values.trace ? { trace: tell } : {}),
  });
  tell(
    `seed ${seed}: ${outcome.steps} steps, ${outcome.events} events, ${outcome.seconds.toFixed(0)} s simulated`,
  );
  show(outcome);
  report(outcome.violations.length === 0);
}

/** False when something does not hold. */
async function many(from: number, to: number): Promise<boolean> {
  const broken: Outcome[] = [];
  const sum = { seeds: 0, steps: 0, events: 0, seconds: 0 };
  await simulateAll({ from, to }, { faults: !values.calm }, (done: Done) => {
    sum.seeds += done.seeds;
    sum.steps += done.steps;
    sum.events += done.events;
    sum.seconds += done.seconds;
    broken.push(...done.broken);
    return broken.length < mostBroken;
  });
  const took = (performance.now() - started) / 1000;
  const days = sum.seconds / 86_400;
  tell(
    `${sum.seeds} seeds in ${took.toFixed(0)} s: ${(sum.seeds / took).toFixed(0)} seeds/s, ` +
      `${sum.steps} steps, ${sum.events} events, ${days.toFixed(1)} days simulated`,
  );
  tell(`${broken.length} violations`);
  broken.sort((a, b) => a.seed - b.seed);
  for (const outcome of broken.slice(0, mostShown)) show(outcome);
  if (broken[0] !== undefined)
    tell(`the first failing seed: npm run simulate -- --seed ${broken[0].seed} --trace`);
  return broken.length === 0;
}

function show({ seed, violations }: Outcome): void {
  const [first] = violations;
  if (first === undefined) return;
  tell(`  seed ${seed}, at ${(first.at / 1000).toFixed(3)} s: invariant ${first.invariant}: ${first.says}`);
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

function report(good: boolean): void {
  process.exitCode = good ? 0 : 1;
}
