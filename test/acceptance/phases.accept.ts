/** A release in phases: what may be said to it when, how large it is, and what becomes of its people. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AppStatus, CommandName } from '../../src/control/contract.ts';
import { TealError } from '../../src/errors.ts';
import type { LoadReport } from '../../src/load/report.ts';
import type { RequestShape } from '../../src/load/shape.ts';
import { readMark } from '../../src/platform/process/folder.ts';
import { Visitor } from './clients/visitor.ts';
import { answered, neverAnswered, nothingLost, oneSwitch } from './counted.ts';
import { World, type Settings } from './harness.ts';
import { isAlive, kill } from './processes.ts';
import { forward, reachesStep } from './steps.ts';
import { sleep, until } from './until.ts';

/** Whoever says so tests the candidate. */
const tester = { 'x-tester': '1' };
const app = { audiences: '{ testers: { header: { name: x-tester, exact: "1" } } }' };
const toTesters = '{ expose: { to: [testers], for: 1h } }';

/** Two clocks of one machine, one read in whole milliseconds. */
const clockMs = 5;

async function refused(
  world: World,
  command: CommandName,
  ...says: readonly [string, RegExp]
): Promise<void> {
  const [code, remedy] = says;
  await assert.rejects(world.client.command('shop', command, {}), (error: unknown) => {
    assert.ok(error instanceof TealError, String(error));
    const text = `${error.code}: ${error.message} ${error.remedy}`;
    assert.ok(error.code === code && remedy.test(text), `${command} was refused otherwise: ${text}`);
    return true;
  });
}

const status = (world: World, wanted: string): Promise<AppStatus> =>
  world.reaches(wanted, ({ release }) => release?.status === wanted);

export async function C4(): Promise<void> {
  const settings: Settings = {
    instances: 1,
    app,
    tests: ['name: go\n          command: until [ $TEAL_VERSION = v1 ] || [ -e go ]; do sleep 0.1; done'],
    release: { steps: `[${toTesters}, approve, { wait: 1h }]` },
  };
  await using world = await World.live(settings);
  for (const version of ['v2', 'v3']) await world.build(version);
  await world.build('sick', { broken: 'never-healthy' });
  const load = world.load({ rps: 200 });
  await whatIsLive(world, 'v1');
  await world.deploy('sick');
  await status(world, 'starting');
  await refused(world, 'promote', 'wrong-state', /starting the candidate.*teal status shop/);
  await refused(world, 'retry', 'wrong-state', /only a release that was aborted or rolled back/);
  await world.client.command('shop', 'abort', {});
  await afterAbort(world);
  await world.deploy('v2');
  await beforePeople(world);
  await withPeople(world);
  await world.promoted('v2');
  await whatIsLive(world, 'v2');
  await afterRollback(world);
  const report = await load.stop();
  nothingLost(report);
  neverAnswered(answered(report), 'sick');
}

/** What is live is left by a rollback, and cannot be tried again. */
async function whatIsLive(world: World, version: string): Promise<void> {
  await refused(world, 'abort', 'wrong-state', /it is live already: teal rollback shop/);
  await refused(world, 'retry', 'wrong-state', /only a release that was aborted or rolled back/);
  const { did } = await world.client.command('shop', 'promote', {});
  assert.match(did, new RegExp(`${version} is live already`));
}

async function afterAbort(world: World): Promise<void> {
  await status(world, 'aborted');
  assert.match((await world.client.command('shop', 'abort', {})).did, /aborted already/);
  await refused(world, 'promote', 'wrong-state', /teal deploy shop <version>/);
  await world.client.command('shop', 'retry', {});
  const again = await status(world, 'starting');
  assert.equal(again.release?.version, 'sick', 'a retry is a new release of the same version');
  await world.client.command('shop', 'abort', {});
  await status(world, 'aborted');
}

async function beforePeople(world: World): Promise<void> {
  await reachesStep(world, 0);
  await refused(world, 'promote', 'wrong-state', /at test go.*teal promote shop --full/);
  await refused(world, 'retry', 'wrong-state', /only a release that was aborted or rolled back/);
  writeFileSync(path.join(world.folder, 'versions/v2/go'), '');
}

async function withPeople(world: World): Promise<void> {
  const visitor = new Visitor(world.port, { headers: tester });
  try {
    await reachesStep(world, 1);
    assert.equal(await visitor.ask(), 'v2');
    await world.client.command('shop', 'pause', {});
    await refused(world, 'promote', 'wrong-state', /while paused.*teal resume shop/);
    await world.client.command('shop', 'abort', {});
    await until('the testers back', async () => (await visitor.ask()) === 'v1');
    await status(world, 'aborted');
    await world.client.command('shop', 'retry', {});
    await reachesStep(world, 1);
    assert.equal(await visitor.ask(), 'v2', 'a retry exposes the same people');
    await forward(world);
    await reachesStep(world, 2);
    await refused(world, 'retry', 'wrong-state', /at approve/);
    await forward(world);
    await reachesStep(world, 3);
    await forward(world);
  } finally {
    visitor.close();
  }
}

async function afterRollback(world: World): Promise<void> {
  await world.client.command('shop', 'rollback', {});
  await status(world, 'rolled-back');
  await refused(world, 'abort', 'wrong-state', /rolled back/);
  await refused(world, 'promote', 'wrong-state', /teal deploy shop <version>/);
  await world.client.command('shop', 'retry', {});
  await reachesStep(world, 1);
  await world.client.command('shop', 'abort', {});
  assert.equal((await status(world, 'aborted')).version, 'v1');
}

/** Many people, each a request every now and then. */
const people = (count: number): readonly RequestShape[] =>
  Array.from({ length: count }, (_, index) => ({
    path: '/api/products',
    headers: { 'x-user-id': `u${index}` },
  }));
const known = { identity: '{ sources: [{ header: x-user-id, from: anyone }] }' };

export async function C5(): Promise<void> {
  const [instances, percents] = [4, [5, 50, 75]];
  const steps = `[${percents.map((percent) => `{ expose: { percent: ${percent}, for: 1h } }`).join(', ')}]`;
  await using world = await World.live({ instances, app: known, tests: [], release: { steps } });
  await world.build('v2');
  const load = world.load({ rps: 120, shapes: people(200) });
  await world.deploy('v2');
  const sizes: number[] = [];
  for (const [step, percent] of percents.entries()) {
    const { release, environments } = await reachesStep(world, step);
    const all = environments[release?.colour ?? 'green']?.instances ?? [];
    sizes.push(all.length);
    const begun = await world.event(
      'expose-started',
      ({ data }) => (data as { cursor: number }).cursor === step,
    );
    carried(world, { ids: all.map(({ id }) => id), at: begun.at, share: (instances * percent) / 100 });
    await sleep(400);
    await forward(world);
  }
  const { release, environments } = await world.promoted('v2');
  const full = environments[release?.colour ?? 'green']?.instances ?? [];
  const switched = await world.event('switch-started');
  carried(world, { ids: full.map(({ id }) => id), at: switched.at, share: instances });
  await sleep(200);
  nothingLost(await load.stop());
  assert.deepEqual(sizes, [1, 2, 3], 'it grows with its people, and is no larger than they need');
}

/** So many instances were healthy when the routers were told to send their people. */
function carried(
  world: World,
  what: { readonly ids: readonly string[]; readonly at: number; readonly share: number },
): void {
  const healthy = what.ids.filter(
    (id) => (readMark(path.join(world.data, 'instances', id), 'healthy') ?? Infinity) <= what.at,
  );
  const said = `${healthy.length} instances were healthy before what ${what.share} of live have carried came to them`;
  assert.ok(healthy.length >= what.share, said);
}

export async function C6(): Promise<void> {
  const steps = '[{ expose: { percent: 50, for: 1h } }]';
  await using world = await World.live({
    instances: 2,
    app: { ...app, ...known },
    tests: [],
    release: { steps },
  });
  await world.build('v2');
  const load = world.load({ rps: 120, shapes: people(100) });
  await world.deploy('v2');
  const before = await reachesStep(world, 0);
  assert.deepEqual(sizesOf(before), [2, 1]);
  await scaled(world, 4, [4, 2]);
  await world.client.command('shop', 'pause', {});
  await scaled(world, 6, [6, 3]);
  assert.equal((await world.app()).release?.step?.index, 0, 'it is where it was');
  await world.client.command('shop', 'resume', {});
  await sleep(300);
  // Held open, so that the abort takes its time.
  const inside = new Visitor(world.port, { headers: { 'x-user-id': await somebodyOn(world, 'v2') } });
  const slow = inside.ask('/slow?ms=5000');
  await sleep(100);
  await world.client.command('shop', 'abort', {});
  await status(world, 'aborting');
  await scaled(world, 3, [3]);
  assert.equal((await world.app()).release?.status, 'aborting', 'the slow request is still being answered');
  assert.equal(await slow, 'v2');
  inside.close();
  await status(world, 'aborted');
  await until('live alone, with what was asked for', async () => sizesOf(await world.app()).join() === '3,0');
  nothingLost(await load.stop());
}

/** Instances of live, and of the other one, that can take requests. */
function sizesOf({ live, environments }: AppStatus): readonly number[] {
  const other = live === 'blue' ? 'green' : 'blue';
  const healthy = (colour: 'blue' | 'green'): number =>
    environments[colour]?.instances.filter(({ state }) => state === 'healthy').length ?? 0;
  return [healthy(live ?? 'blue'), healthy(other)];
}

async function scaled(world: World, instances: number, wanted: readonly number[]): Promise<void> {
  await world.client.command('shop', 'scale', { instances });
  let sizes: readonly number[] = [];
  await until(
    `${wanted.join(' and ')} instances`,
    async () => {
      sizes = sizesOf(await world.app());
      return wanted.every((size, index) => sizes[index] === size);
    },
    { state: () => sizes },
  );
}

async function somebodyOn(world: World, version: string): Promise<string> {
  for (let index = 0; index < 50; index++) {
    const visitor = new Visitor(world.port, { headers: { 'x-user-id': `u${index}` }, keepsCookies: false });
    const met = await visitor.ask().finally(() => visitor.close());
    if (met === version) return `u${index}`;
  }
  throw new Error(`nobody is on ${version}`);
}

export async function C7(): Promise<void> {
  await using world = await World.live({
    instances: 2,
    // An app that ends what it has begun would hide that it is stopped too early; on this signal it dies at once.
    process: { 'stop-signal': 'SIGUSR2' },
    app,
    tests: [],
    release: { steps: `[${toTesters}]` },
  });
  await world.build('v2');
  const shapes = [
    { path: '/api/products', weight: 3 },
    { path: '/api/products', headers: tester },
    { path: '/slow?ms=1500', headers: tester },
  ];
  const load = world.load({ rps: 80, connections: 60, shapes });
  await world.deploy('v2');
  const exposed = await reachesStep(world, 0);
  await sleep(1800);
  const pids = (exposed.environments[exposed.release?.colour ?? 'green']?.instances ?? []).map(
    ({ pid }) => pid ?? 0,
  );
  await world.client.command('shop', 'abort', {});
  const order = await world.event('abort-started');
  const retired = world.event('retired');
  const stopped = until('its processes gone', () => pids.every((pid) => !isAlive(pid))).then(() =>
    Date.now(),
  );
  const { data } = await retired;
  const goneAt = await stopped;
  await sleep(300);
  const report = await load.stop();
  nothingLost(report);
  const late = answered(report).filter(({ version, endedAt }) => version === 'v2' && endedAt > order.at);
  const lastAnswer = Math.max(...late.map(({ endedAt }) => endedAt));
  assert.ok(late.length > 5, `${late.length} requests were under way: too few to prove anything`);
  assert.ok(
    goneAt >= lastAnswer - clockMs,
    `it was stopped ${lastAnswer - goneAt} ms before its last answer`,
  );
  assert.equal((data as { drain: { cut: number } }).drain.cut, 0);
  const slowest = Math.max(...late.map(({ sentAt }) => sentAt)) - order.at;
  assert.ok(slowest < 1000, `somebody was sent to it ${slowest} ms after the abort`);
}

/** A candidate that cannot live takes itself back; nobody but its own people ever notices. */
export async function C14(): Promise<void> {
  await using world = await World.live({
    instances: 2,
    app,
    tests: [],
    release: { steps: `[${toTesters}]`, 'preview-instances': '2' },
  });
  await world.build('v2');
  const load = world.load({ rps: 100 });
  const testers = world.load({ rps: 40, connections: 8, headers: tester });
  await world.deploy('v2');
  await reachesStep(world, 0);
  await sleep(300);
  const killed: number[] = [];
  await until('v2 aborted', async () => {
    const { release, environments } = await world.app();
    if (release?.status !== 'stepping') return release?.status === 'aborted';
    const pids = environments[release.colour]?.instances.flatMap(({ pid }) => pid ?? []) ?? [];
    for (const pid of pids.filter(isAlive)) kill(pid, 'SIGKILL');
    if (pids.some((pid) => !killed.includes(pid))) killed.push(...pids);
    return false;
  });
  const order = await world.event('abort-started');
  await sleep(1200);
  const [report, inside] = await Promise.all([load.stop(), testers.stop()]);
  nothingLost(report);
  neverAnswered(answered(report), 'v2');
  const { release, version } = await world.app();
  assert.equal(version, 'v1');
  assert.equal(order.actor, 'teal', 'nobody had to watch');
  assert.equal(release?.error?.code, 'crash-loop');
  assert.ok(
    answered(inside).some((sample) => sample.version === 'v2'),
    'they had been on it',
  );
  // What was under way on a process when it died; the next table sends the others to live.
  assert.ok(
    inside.failed <= 8 * killed.length,
    `${inside.failed} requests for ${killed.length} dead processes`,
  );
  onV1After(inside, order.at);
}

/** Who was exposed to it: back, and served. */
function onV1After(report: LoadReport, at: number): void {
  const after = [...report.samples].filter(({ sentAt }) => sentAt > at + 500);
  const wrong = after.filter(({ outcome, version }) => outcome !== 'answered' || version !== 'v1');
  assert.ok(after.length > 5, `${after.length} requests after the way back`);
  assert.equal(
    wrong.length,
    0,
    `${wrong.length} of ${after.length} testers were not served by v1 after the way back`,
  );
}

export async function A10(): Promise<void> {
  const common: Settings = { instances: 1, app, tests: [] };
  await using world = await World.live(common);
  for (const version of ['v2', 'v3', 'v4']) await world.build(version);
  const load = world.load({ rps: 200 });
  const visitor = new Visitor(world.port, { headers: tester });
  await world.deploy('v2');
  await world.promoted('v2');
  await world.apply({ ...common, release: { steps: `[${toTesters}, approve]` } });
  await world.deploy('v3');
  await reachesStep(world, 0);
  assert.equal(await visitor.ask(), 'v3', 'now there are phases');
  // What is applied now is for the next one.
  await world.apply({ ...common, release: { strategy: 'blue-green' } });
  await forward(world);
  await reachesStep(world, 1);
  assert.equal((await world.app()).version, 'v2', 'a release keeps the steps it was begun with');
  await world.client.command('shop', 'approve', { step: 1 });
  await world.promoted('v3');
  await world.deploy('v4');
  await world.promoted('v4');
  assert.equal(await visitor.ask(), 'v4');
  visitor.close();
  await sleep(200);
  const report = await load.stop();
  nothingLost(report);
  for (const [from, to] of [
    ['v1', 'v2'],
    ['v2', 'v3'],
    ['v3', 'v4'],
  ] as const)
    oneSwitch(answered(report), from, to);
}
