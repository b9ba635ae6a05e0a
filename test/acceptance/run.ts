/**
 * Prints a row for each acceptance scenario, proved on real processes, sockets and files.
 *
 *   npm run acceptance                       all of them
 *   npm run acceptance -- --only A1,L3       these
 *   npm run acceptance -- --sabotage         again with each scenario's mechanism disabled: it has to fail then
 *   npm run acceptance -- --json             one line of JSON per row, and the summary
 */
import { parseArgs } from 'node:util';
import { proofs } from './proofs.ts';
import { runOne, type Outcome } from './run-one.ts';
import { mutations } from './sabotage/mutations.ts';
import type { Mutation } from './sabotage/mutation.ts';
import { checkPatch } from './sabotage/check.ts';
import { scenarios, type Scenario } from './scenarios.ts';

/** Each starts a handful of processes; more at a time would measure the machine, not Teal. */
const atOnce = 2;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    sabotage: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

interface Row {
  readonly id: string;
  readonly result: 'pass' | 'fail' | 'not yet' | 'caught' | 'missed';
  readonly says: string;
  readonly seconds: number;
  /** What a failed run said. */
  readonly why: string;
}

const wanted = chosen(values.only);
const proved = await proofs();
const started = performance.now();
const rows = values.sabotage ? await sabotaged() : await plain();
summarise();
process.exitCode = rows.some(({ result }) => result === 'fail' || result === 'missed') ? 1 : 0;

async function plain(): Promise<readonly Row[]> {
  return await inTurns(wanted.map((scenario) => () => prove(scenario)));
}

async function prove({ id, title }: Scenario): Promise<Row> {
  if (!proved.has(id)) return { id, result: 'not yet', says: title, seconds: 0, why: '' };
  const { passed, seconds, said } = await runOne(id);
  return { id, result: passed ? 'pass' : 'fail', says: title, seconds, why: said };
}

async function sabotaged(): Promise<readonly Row[]> {
  const ids = new Set(wanted.map(({ id }) => id));
  const naked = wanted.filter(
    ({ id }) => proved.has(id) && !mutations.some((mutation) => mutation.id === id),
  );
  const says = 'no sabotage is known for it';
  const unguarded = naked.map(({ id }): Row => ({ id, result: 'missed', says, seconds: 0, why: '' }));
  for (const row of unguarded) print(row);
  const runs = mutations.filter(({ id }) => ids.has(id)).map((mutation) => () => sabotage(mutation));
  return [...unguarded, ...(await inTurns(runs))];
}

async function sabotage(mutation: Mutation): Promise<Row> {
  const { id, says, fails } = mutation;
  const rotten = checkPatch(mutation);
  if (rotten !== null) return { id, result: 'missed', says, seconds: 0, why: rotten };
  const outcome = await runOne(id, mutation);
  const { seconds, said } = outcome;
  return { id, result: isCaught(outcome, fails) ? 'caught' : 'missed', says, seconds, why: said };
}

/** It failed, and by what the sabotage breaks: a Teal that does not even start proves nothing. */
function isCaught({ passed, said }: Outcome, fails: RegExp): boolean {
  return !passed && fails.test(said);
}

/** A few at a time, printed in order as they come. */
async function inTurns(runs: readonly (() => Promise<Row>)[]): Promise<readonly Row[]> {
  const done: Row[] = [];
  let next = 0;
  let printed = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < runs.length; index = next++) {
      const row = await runs[index]?.();
      if (row !== undefined) done[index] = row;
      for (let ready = done[printed]; ready !== undefined; ready = done[++printed]) print(ready);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return done;
}

function print(row: Row): void {
  if (values.json) {
    console.log(JSON.stringify(row));
    return;
  }
  const time = row.seconds > 0 ? `  (${row.seconds.toFixed(1)} s)` : '';
  console.log(`${row.id.padEnd(4)} ${row.result.padEnd(8)} ${row.says}${time}`);
  if (row.result === 'fail' || row.result === 'missed') console.log(indented(row.why));
}

function summarise(): void {
  const count = (result: Row['result']): number => rows.filter((row) => row.result === result).length;
  const seconds = (performance.now() - started) / 1000;
  const counts = values.sabotage
    ? { caught: count('caught'), missed: count('missed') }
    : { passed: count('pass'), failed: count('fail'), 'not yet': count('not yet') };
  if (values.json) console.log(JSON.stringify({ summary: counts, seconds }));
  else {
    const said = Object.entries(counts).map(([name, number]) => `${number} ${name}`);
    console.log(`\n${said.join(', ')} (${seconds.toFixed(0)} s)`);
  }
}

function chosen(only: string | undefined): readonly Scenario[] {
  if (only === undefined) return scenarios;
  const ids = only.split(',').map((id) => id.trim().toUpperCase());
  const unknown = ids.filter((id) => !scenarios.some((scenario) => scenario.id === id));
  if (unknown.length === 0) return scenarios.filter(({ id }) => ids.includes(id));
  console.error(
    `no scenario is called ${unknown.join(', ')}; they are: ${scenarios.map(({ id }) => id).join(' ')}`,
  );
  process.exit(2);
}

function indented(text: string): string {
  const lines = text.trimEnd().split('\n').slice(0, 40);
  return lines.map((line) => `       ${line}`).join('\n');
}
