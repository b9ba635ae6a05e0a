/** Teal itself is replaced: control plane, router and its workers, with requests running, and streams and a release open. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Status } from '../../src/control/contract.ts';
import { OpenStreams, wrongEnds } from './clients/open-streams.ts';
import { nothingLost } from './counted.ts';
import { World, type Finished } from './harness.ts';
import { isAlive } from './processes.ts';
import { longPatienceMs, sleep, until } from './until.ts';

/** Of the release that runs meanwhile: longer than all that happens here takes on a busy machine. */
const stepMs = 600_000;

export async function L16(): Promise<void> {
  const from = performance.now();
  await using world = await World.live({
    workers: 2,
    // A connection on which nothing comes is left to its client for as long as it was told.
    client: 'idle-timeout: 10s',
    app: { audiences: '{ testers: { header: { name: x-tester, exact: "1" } } }' },
    release: { steps: `[{ expose: { to: [testers], for: ${stepMs}ms } }]` },
  });
  await world.build('v2');
  const fresh = world.load({ rps: 200, connections: 48, headers: { connection: 'close' } });
  const kept = world.load({ rps: 100, connections: 16 });
  await world.deploy('v2');
  const step = await world.reaches('the step', ({ release }) => release?.step?.endsAt != null);
  const begun = step.release?.step?.endsAt ?? 0;
  // What is open before an upgrade is looked at after it, before its deadline: on a slow machine that comes later.
  const drainMs = Math.max(4_000, Math.ceil(2 * (performance.now() - from)));
  await twice(world, drainMs, async () => {
    const { release } = await world.app();
    assert.equal(release?.id, step.release?.id, 'the same release');
    assert.equal(release?.step?.endsAt, begun, 'with the time that was left');
  });
  await failures(world);
  await world.client.command('shop', 'promote', {});
  await world.promoted('v2');
  nothingLost(await fresh.stop(), 1000);
  nothingLost(await kept.stop(), 500);
}

async function twice(world: World, drainMs: number, check: () => Promise<void>): Promise<void> {
  let before = await world.client.status();
  const cutBefore = before.router?.handOvers?.cut ?? 0;
  const ends: Promise<readonly string[]>[] = [];
  for (let turn = 1; turn <= 2; turn++) {
    const streams = await OpenStreams.open(world.port);
    const done = json<{ readonly to: string }>(
      await world.teal('upgrade', '--drain', `${drainMs}ms`, '--json'),
    );
    const after = await world.client.status();
    await check();
    assert.equal(done.to, after.version);
    assert.deepEqual(shared(before, after), [], 'every process is another');
    assert.equal(after.router?.handOvers?.count, turn);
    const [left] = after.router?.leaving ?? [];
    assert.equal(left?.pid, before.router?.pid, 'the router before carries what was open');
    assert.equal(left?.streams, OpenStreams.each, 'streams stay where they are');
    assert.match((await world.teal('status')).out, new RegExp(`router ${left?.pid} [^]* carries`));
    ends.push(streams.end().then((ended) => wrongEnds(ended, left?.until ?? 0)));
    before = after;
  }
  assert.deepEqual((await Promise.all(ends)).flat(), []);
  const ended = async (): Promise<Status | false> => {
    const status = await world.client.status();
    return status.router?.leaving?.length === 0 && status;
  };
  const after = await until('those before to end', ended, { patienceMs: drainMs + longPatienceMs });
  assert.equal((after.router?.handOvers?.cut ?? 0) - cutBefore, 4, 'what was left open is counted');
}

/** What does not come up leaves everything as it is. */
async function failures(world: World): Promise<void> {
  const before = await world.client.status();
  const broken = await world.teal(
    'upgrade',
    '--to',
    program(world, 'broken', 'throw new Error("no such luck");'),
  );
  assert.equal(broken.code, 1, broken.err);
  assert.match(broken.err, /no such luck/);
  const prepared = await world.teal('upgrade', '--to', program(world, 'early', like('process.exit(7);')));
  assert.equal(prepared.code, 1, prepared.err);
  assert.match(prepared.err, /code 7/);
  const same = await world.client.status();
  assert.deepEqual([same.pid, same.router?.pid], [before.pid, before.router?.pid]);
  // Its router serves, and its control plane ends when it is to begin: both are put back.
  const dies = program(world, 'late', like(dying));
  const late = await world.teal('upgrade', '--drain', '1s', '--timeout', '40s', '--to', dies);
  assert.equal(late.code, 1, late.err);
  assert.match(late.err, /code 9/);
  const back = await until('the old one to be back', () => world.client.status().catch(() => null));
  assert.equal(back.pid, before.pid);
  assert.equal(back.upgrade?.state, 'failed');
  await sleep(200);
  assert.equal((await world.app()).app, 'shop');
}

/** Says the same of itself as this Teal, and does otherwise when it shall control. */
const like = (up: string): string => `
const real = ${JSON.stringify(path.resolve(import.meta.dirname, '../../bin/teal.js'))};
if (process.argv[2] === 'up') { ${up} } else import(real);
`;

const dying = `process.on('message', ({ id, op }) => {
  if (op === 'begin') process.exit(9);
  if (op) process.send({ id, result: null });
});`;

function program(world: World, name: string, text: string): string {
  const folder = path.join(world.folder, name);
  mkdirSync(path.join(folder, 'bin'), { recursive: true });
  writeFileSync(path.join(folder, 'bin/teal.js'), text);
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

const pids = ({ pid, router }: Status): readonly number[] => [
  pid,
  router?.pid ?? 0,
  ...(router?.workers ?? []).map((worker) => worker.pid),
];

/** The processes of Teal that both know. */
function shared(before: Status, after: Status): readonly number[] {
  assert.ok(pids(after).every(isAlive));
  return pids(after).filter((pid) => pids(before).includes(pid));
}

function json<T>({ code, out, err }: Finished): T {
  assert.equal(code, 0, `${out}${err}`);
  return JSON.parse(out) as T;
}
