/**
 * Differential fuzz of the router's HTTP/1 parser: whatever it accepts, llhttp (Node's own, strict) accepts with the
 * same framing, and so does every app behind it.
 *
 *   npm run fuzz:http -- --cases 1000000     plants ten faults into the parser, one by one: each must be found; then so many cases
 *   npm run fuzz:http -- --seed 2            other cases
 *   npm run fuzz:http -- --self-test         the planted faults alone
 *   npm run fuzz:http -- --quick             fewer cases, in about 20 s
 *   npm run fuzz:http -- --seed 7 --case 42  one case, printed
 *
 * A case that fails is printed, and kept in test/router/fuzz-found.json, which a test replays for ever.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { coverageOf } from './fuzz/coverage.ts';
import { planting } from './fuzz/faults.ts';
import { conclude, findsAll, fuzzOptions, plant } from './planted.ts';
import { escaped } from './fuzz/message.ts';
import type { Found, Tally } from './fuzz/run.ts';

const keptFile = join(import.meta.dirname, '..', 'test', 'router', 'fuzz-found.json');
/** A planted fault that takes longer to be found would be missed in practice. */
const selfTestCases = 100_000;
const mostShown = 20;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    ...fuzzOptions,
  },
});
const seed = Number(values.seed);
const cases = values.quick ? 40_000 : Number(values.cases);
const failures: string[] = [];

if (values.planted !== undefined) await runPlanted(Number(values.planted));
else if (values.case !== undefined) await showCase(Number(values.case));
else {
  // First, since a fuzzer that finds nothing is only worth something when it can find.
  selfTest();
  if (!values['self-test']) await fuzz();
  conclude(failures);
}

async function fuzz(): Promise<void> {
  await measureCoverage();
  const { runCases } = await import('./fuzz/run.ts');
  const begun = performance.now();
  const tally = runCases({ seed, from: 0, to: cases, most: 1000 });
  const seconds = (performance.now() - begun) / 1000;
  const crashes = tally.found.filter(({ crashed }) => crashed).length;
  const disagreements = tally.found.length - crashes;
  console.log(
    `cases            ${tally.cases}  (seed ${seed}; ${Math.round(tally.cases / seconds)} a second)`,
  );
  console.log(`accepted by both ${percent(tally.both, tally)} %  (goal: 30)`);
  console.log(
    `  several requests on a connection, reads cut at random: ${percent(tally.severalCut, tally)} %  (goal: 10)`,
  );
  console.log(`refused          ${percent(tally.refused, tally)} %`);
  console.log(`incomplete       ${percent(tally.incomplete, tally)} %`);
  console.log(`disagreements    ${disagreements}`);
  console.log(`crashes          ${crashes}`);
  for (const found of tally.found.slice(0, mostShown)) show(found);
  keep(tally.found.slice(0, mostShown));
  goal(tally.found.length === 0, `${disagreements} disagreements and ${crashes} crashes`);
  goal(tally.both >= tally.cases * 0.3, 'fewer than 30 % accepted by both');
  goal(tally.severalCut >= tally.cases * 0.1, 'fewer than 10 % with several requests and cut reads');
  await wholes();
}

/** The same against whole servers: slower, so on a share of the cases. */
async function wholes(): Promise<void> {
  const { compareWithServer } = await import('./fuzz/server.ts');
  const { compareThroughSockets } = await import('./fuzz/pair.ts');
  const share = Math.min(cases, Math.max(1000, Math.floor(cases / 100)));
  const parts = [
    ['against http.Server', await compareWithServer(seed, 0, share)],
    ['through sockets, both apps', await compareThroughSockets(seed, 0, Math.floor(share / 2))],
  ] as const;
  for (const [name, differences] of parts) {
    const of = name.startsWith('through') ? Math.floor(share / 2) : share;
    console.log(`${name}: ${of} cases, ${differences.length} disagreements`);
    for (const line of differences.slice(0, mostShown)) console.log(`  ${line}`);
    goal(differences.length === 0, name);
  }
}

async function measureCoverage(): Promise<void> {
  const { branches, covered, missed } = await coverageOf(async () => {
    const { runCases } = await import('./fuzz/run.ts');
    runCases({ seed, from: 0, to: Math.min(cases, 30_000), most: 1 });
  });
  const share = (100 * covered) / branches;
  console.log(`branch coverage  ${share.toFixed(1)} % of the parser's ${branches} branches  (goal: 98)`);
  if (missed.length > 0) console.log(`  never run: ${missed.join(' ')}`);
  goal(share >= 98, `branch coverage of ${share.toFixed(1)} %`);
}

function selfTest(): void {
  goal(findsAll(import.meta.filename, planting, values.seed), 'a planted fault was not found');
}

async function runPlanted(index: number): Promise<void> {
  plant(planting, index);
  const { runCases } = await import('./fuzz/run.ts');
  const { found, cases: tried } = runCases({ seed, from: 0, to: selfTestCases, most: 1 });
  const [first] = found;
  console.log(
    first === undefined ? `not found in ${tried} cases` : `found in case ${first.index}: ${first.says}`,
  );
}

async function showCase(index: number): Promise<void> {
  const { caseOf, judge } = await import('./fuzz/run.ts');
  const { made, asked } = caseOf(seed, index);
  console.log(escaped(made.bytes), made.cuts, asked ?? '', judge(made, asked));
}

function show({ index, says, bytes, cuts, asked }: Found): void {
  console.log(
    `\nseed ${seed} case ${index}: ${says}\n  ${escaped(bytes)}\n  cut at [${cuts.join(', ')}]`,
    asked ?? '',
  );
}

function keep(found: readonly Found[]): void {
  if (found.length === 0) return;
  const before: unknown[] = existsSync(keptFile)
    ? (JSON.parse(readFileSync(keptFile, 'utf8')) as unknown[])
    : [];
  const entries = found.map(({ seed: from, index, says, bytes, cuts, asked }) => ({
    seed: from,
    case: index,
    says: says.split('\n')[0],
    bytes: bytes.toString('latin1'),
    cuts,
    asked,
  }));
  writeFileSync(keptFile, `${JSON.stringify([...before, ...entries], null, 2)}\n`);
  console.log(`kept in ${keptFile}`);
}

function goal(met: boolean, what: string): void {
  if (!met) failures.push(what);
}

function percent(part: number, { cases: all }: Tally): string {
  return ((100 * part) / all).toFixed(1);
}
