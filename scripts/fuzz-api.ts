/**
 * Fuzz of the HTTP API: requests made from its routes (right, nearly right, and not at all) to a real control plane over its real socket, while
 * people use an app of it. No answer is a 500, nothing ends the process, every refusal is a problem with a code that is told of, every answer
 * is what docs/openapi.json says, what is not right is refused, who may only look does nothing else, and what is sent twice with a key is done
 * once. A tour asks for every operation once, rightly, and each has to succeed.
 *
 *   npm run fuzz:api -- --requests 50000     so many; --seed N for others
 *   npm run fuzz:api -- --self-test          plants faults into the control plane: each must be found
 *   npm run fuzz:api -- --quick              both, in less than 30 s
 *   npm run fuzz:api -- --seed 7 --case 42   one, printed and sent
 */
import { parseArgs } from 'node:util';
import { kinds } from './fuzz-api/case.ts';
import { faults, type Fault } from './fuzz-api/planted.ts';
import { run, type Found, type Running, type Tally } from './fuzz-api/run.ts';
import { searched } from './fuzz-api/world.ts';
import { routes } from '../src/control/api/routes/routes.ts';

/** Not asked for with success here. */
const elsewhere: ReadonlySet<string> = new Set(['upgrade', 'contract', 'undo']);
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '50000' },
    seed: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    'self-test': { type: 'boolean', default: false },
    case: { type: 'string' },
  },
});
const seed = Number(values.seed);
const requests = values.quick ? 1500 : Number(values.requests);
const mostShown = 20;
/** A planted fault that takes longer to be found would be missed in practice. */
const selfTestRequests = 3000;
const failures: string[] = [];

if (values.case !== undefined) await single(Number(values.case));
else {
  // At the same time: most of what they take is waiting for what they start.
  await Promise.all([
    values.quick || values['self-test'] ? selfTest() : null,
    values.quick || !values['self-test'] ? fuzz() : null,
  ]);
}
for (const failure of failures) console.log(`FAILED  ${failure}`);
console.log(failures.length === 0 ? 'fuzz: all is well' : `fuzz: ${failures.length} goals missed`);
process.exitCode = failures.length === 0 ? 0 : 1;

async function fuzz(): Promise<void> {
  const before = performance.now();
  const { tally, traffic, memory } = await searching([], { seed, from: 0, to: requests, touring: true });
  const seconds = (performance.now() - before) / 1000;
  console.log(
    `requests         ${tally.requests}  (seed ${seed}; ${seconds.toFixed(0)} s, ${Math.round(tally.requests / seconds)} a second)`,
  );
  console.log(
    `  ${(['tour', ...kinds] as const).map((kind) => `${kind} ${tally.byKind.get(kind) ?? 0}`).join(' · ')}`,
  );
  const statuses = [...tally.byStatus].toSorted(([one], [two]) => String(one).localeCompare(String(two)));
  console.log(`answers          ${statuses.map(([status, times]) => `${status}: ${times}`).join(' · ')}`);
  // They would need a Teal installed to put in its place, and a migration: their refusals are what is looked at here.
  const missing = Object.keys(routes).filter((id) => !elsewhere.has(id) && !tally.succeeded.has(id));
  console.log(
    `operations       ${tally.succeeded.size} of ${Object.keys(routes).length} answered with success`,
  );
  if (missing.length > 0) failures.push(`never answered with success: ${missing.join(' ')}`);
  const sorted = tally.ms.toSorted((one, two) => one - two);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  console.log(`time             p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  console.log(`memory           ${memory.before} MB before, ${memory.after} MB after`);
  console.log(`traffic meanwhile ${traffic.sent} requests, ${traffic.failed} failed`);
  console.log(`answers 500      ${tally.byStatus.get(500) ?? 0}`);
  console.log(`crashes          ${tally.found.filter(({ kind }) => kind === 'process').length}`);
  console.log(`findings         ${tally.found.length}`);
  for (const found of tally.found.slice(0, mostShown)) show(found);
  if (tally.found.length > 0) failures.push(`${tally.found.length} findings`);
  if (tally.requests < requests) failures.push(`${tally.requests} of ${requests} requests were sent`);
}

interface Searching {
  readonly tally: Tally;
  readonly traffic: { readonly sent: number; readonly failed: number };
  readonly memory: { readonly before: number; readonly after: number };
}

async function searching(planted: readonly string[], how: Running): Promise<Searching> {
  const target = await searched(planted);
  try {
    const before = target.memory();
    const tally = await run(target, how);
    const after = target.memory();
    return { tally, traffic: { ...target.traffic.live }, memory: { before, after } };
  } finally {
    await target.close();
  }
}

/** All but the one that ends the process can be there at the same time. */
async function selfTest(): Promise<void> {
  const deadly = faults.filter(({ shows }) => shows.test('the control plane ended'));
  const others = faults.filter((fault) => !deadly.includes(fault));
  const found = await Promise.all([foundOf(others), foundOf(deadly)]);
  const times = found.flat().filter(Boolean).length;
  console.log(`planted faults   ${times} of ${faults.length} found`);
}

async function foundOf(planted: readonly Fault[]): Promise<readonly boolean[]> {
  const enough = (all: readonly Found[]): boolean =>
    planted.every(({ shows }) => all.some(({ says }) => shows.test(says)));
  const names = planted.map(({ name }) => name);
  const how = { seed, from: 0, to: selfTestRequests, limitMs: 2000, enough };
  const { tally } = await searching(names, how);
  return planted.map(({ name, shows }) => {
    const first = tally.found.find(({ says }) => shows.test(says));
    if (first === undefined) failures.push(`a planted fault was not found: ${name}`);
    console.log(`planted: ${name}: ${first === undefined ? 'NOT FOUND' : `found in case ${first.index}`}`);
    return first !== undefined;
  });
}

async function single(index: number): Promise<void> {
  const { tally } = await searching([], { seed, from: index, to: index + 1 });
  console.log([...tally.byStatus.keys()].join(' '));
  for (const found of tally.found) show(found);
  if (tally.found.length > 0) failures.push('it is found again');
}

function show({ index, kind, says, bytes }: Found): void {
  const text = bytes.subarray(0, 600).toString('latin1');
  console.log(`\nseed ${seed} case ${index} (${kind}): ${says.slice(0, 600)}\n  ${JSON.stringify(text)}`);
}
