/** Blue-green, forward: the switch, the tests before it, the size of the candidate, and who or what promotes it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { readMark } from '../../src/platform/process/folder.ts';
import { answered, neverAnswered, nothingLost, oneSwitch } from './counted.ts';
import { World } from './harness.ts';
import { sleep } from './until.ts';

/** Two clocks of one machine, one read in whole milliseconds. */
const clockMs = 5;

export async function A1(): Promise<void> {
  await using world = await World.live();
  const before = await world.app();
  await world.build('v2');
  const load = world.load({ rps: 500 });
  await sleep(500);
  const deployed = await world.teal('deploy', 'shop', 'v2', '--wait', '--json');
  assert.equal(deployed.code, 0, deployed.out + deployed.err);
  await sleep(500);
  const report = await load.stop();
  oneSwitch(answered(report), 'v1', 'v2');
  const started = await world.event('switch-started', ({ data }) => has(data, 'differences'));
  const switched = await world.event('switched');
  neverAnswered(answered(report), 'v2', { to: started.at - clockMs });
  neverAnswered(answered(report), 'v1', { from: switched.at + clockMs });
  nothingLost(report, 300);
  const events = await world.events();
  const own = events.filter(({ seq }) => seq > (events.find(({ type }) => type === 'settled')?.seq ?? 0));
  assert.equal(own.filter(({ type }) => type === 'switched').length, 1);
  const after = await world.app();
  assert.equal(after.version, 'v2');
  assert.notEqual(after.live, before.live, 'the two environments change roles');
}

export async function A2(): Promise<void> {
  await using world = await World.live({
    tests: ['name: smoke\n          command: node smoke.js\n          timeout: 30s'],
  });
  await world.build('v2', { broken: 'tests' });
  const before = await world.app();
  const load = world.load();
  const deployed = await world.teal('deploy', 'shop', 'v2', '--wait', '--json');
  const app = await world.reaches('the end of v2', ({ version, release }) => {
    return version === 'v2' || release?.status === 'aborted';
  });
  await sleep(300);
  const report = await load.stop();
  nothingLost(report, 50);
  neverAnswered(answered(report), 'v2');
  assert.equal(app.release?.status, 'aborted');
  assert.equal(app.release.error?.code, 'test-failed');
  assert.match(app.release.error.message, /something to buy/, 'the output of the test says why');
  assert.equal(deployed.code, 1, 'a failed deploy is told to CI by its exit code');
  assert.equal(app.version, 'v1');
  assert.equal(app.live, before.live);
  assert.deepEqual(pids(app, before.live), pids(before, before.live), 'no process of live was touched');
}

export async function A5(): Promise<void> {
  await using world = await World.live({
    instances: 3,
    release: { 'preview-instances': '1', promote: 'manual' },
  });
  await world.build('v2');
  await world.deploy('v2');
  const waiting = await world.reaches(
    'v2 waiting',
    ({ release }) => release?.status === 'stepping' && release.step?.index === 1,
  );
  const colour = waiting.release?.colour ?? 'green';
  assert.equal(waiting.environments[colour]?.instances.length, 1, 'one instance is enough for tests');
  const load = world.load();
  await world.client.command('shop', 'promote', {});
  await world.promoted('v2');
  await sleep(200);
  nothingLost(await load.stop(), 30);
  const started = await world.event('switch-started', ({ data }) => has(data, 'differences'));
  const app = await world.app();
  const healthyAt = (app.environments[colour]?.instances ?? []).map(({ id }) => markOf(world, id));
  assert.equal(healthyAt.length, 3, 'full size');
  for (const at of healthyAt)
    assert.ok(at <= started.at, `healthy ${at - started.at} ms after the switch began`);
}

export async function A6(): Promise<void> {
  const afterMs = 2000;
  await using world = await World.live({ release: { promote: `after ${afterMs}ms` } });
  await world.build('v2');
  await world.build('v3');
  const load = world.load();
  await world.deploy('v2');
  await world.promoted('v2');
  const events = await world.events();
  const release = events.findLastIndex(({ type }) => type === 'release-started');
  const own = events.slice(release);
  const tested = own.find(({ type }) => type === 'step-passed');
  const started = own.find(({ type }) => type === 'switch-started');
  assert.ok(tested && started);
  const waited = started.at - tested.at;
  assert.ok(waited >= afterMs, `promoted ${waited} ms after its tests, not ${afterMs}`);
  world.configure({ release: { promote: 'after 1h', deadline: '2h' } });
  const applied = await world.teal('apply', '--json');
  assert.equal(applied.code, 0, applied.out + applied.err);
  await world.deploy('v3');
  await world.reaches(
    'v3 waiting',
    ({ release: now }) => now?.status === 'stepping' && now.step?.index === 1,
  );
  await sleep(300);
  assert.equal((await world.app()).version, 'v2', 'nothing is promoted before its time');
  const promoted = await world.teal('promote', 'shop', '--json');
  assert.equal(promoted.code, 0, promoted.out + promoted.err);
  await world.promoted('v3');
  await sleep(200);
  const report = await load.stop();
  nothingLost(report);
  oneSwitch(answered(report), 'v1', 'v2');
  oneSwitch(answered(report), 'v2', 'v3');
}

export async function A7(): Promise<void> {
  const deadlineMs = 5000;
  await using world = await World.live({
    release: { deadline: `${deadlineMs}ms` },
    health: 'deadline: 4s',
    tests: [
      'name: go\n          command: until [ $TEAL_VERSION = v1 ] || [ -e go ]; do sleep 0.1; done\n          timeout: 60s',
    ],
  });
  await world.build('v2');
  await world.build('v3');
  const load = world.load({ rps: 50 });
  await world.deploy('v2');
  const aborted = await world.reaches('v2 aborted', ({ release }) => release?.status === 'aborted');
  assert.match(aborted.release?.reason ?? '', /deadline of 5 s passed while going through its steps/);
  const abort = await world.event('abort-started');
  const late = abort.at - (aborted.release?.deadlineAt ?? 0);
  assert.ok(late >= 0 && late < 2000, `aborted ${late} ms after the deadline`);
  await world.deploy('v3');
  await world.reaches('v3 under test', ({ release }) => release?.status === 'stepping');
  await world.client.command('shop', 'pause', {});
  await sleep(deadlineMs + 1000);
  const paused = await world.app();
  assert.equal(paused.release?.status, 'stepping', 'a paused release has time');
  const { did } = await world.client.command('shop', 'resume', {});
  const resumed = await world.app();
  assert.equal(resumed.release?.status, 'stepping', `after "${did}" it goes on with the time it had left`);
  writeFileSync(path.join(world.folder, 'versions/v3/go'), '');
  await world.promoted('v3');
  nothingLost(await load.stop());
}

export async function A11(): Promise<void> {
  await using world = await World.live({ release: { promote: 'after 1h', deadline: '2h' }, tests: slowTest });
  await world.build('v2');
  const load = world.load();
  await world.deploy('v2');
  await world.reaches('v2 under test', ({ release }) => release?.status === 'stepping');
  const promoted = await world.teal('promote', 'shop', '--full', '--reason', 'cannot wait', '--json');
  assert.equal(promoted.code, 0, promoted.out + promoted.err);
  await world.promoted('v2');
  await sleep(200);
  nothingLost(await load.stop(), 50);
  const order = await world.event('step-passed');
  const steps = (await world.events()).filter(
    ({ type, seq }) => type === 'step-passed' && seq > order.seq - 2,
  );
  assert.deepEqual(
    steps.map(({ actor, reason, data }) => ({
      actor,
      reason,
      skipped: (data as { skipped: boolean }).skipped,
    })),
    steps.map(() => ({ actor: `user:${userInfo().username}`, reason: 'cannot wait', skipped: true })),
  );
  assert.equal(steps.length, 2, 'the test and the wait');
}

export async function C13(): Promise<void> {
  await using world = await World.live({ release: { promote: 'manual' } });
  await world.build('v2');
  const before = await world.app();
  const load = world.load({ rps: 200 });
  await world.deploy('v2');
  await world.reaches(
    'v2 waiting',
    ({ release }) => release?.status === 'stepping' && release.step?.index === 1,
  );
  const again = await world.teal('deploy', 'shop', 'v1', '--json');
  assert.equal(again.code, 0, again.out + again.err);
  const after = await world.reaches('the end of v2', ({ release }) => release?.ended === true);
  await sleep(200);
  const report = await load.stop();
  nothingLost(report, 50);
  neverAnswered(answered(report), 'v2');
  assert.equal(after.release?.status, 'aborted');
  assert.match(after.release.reason ?? '', /v1, which is live, was deployed again/);
  assert.deepEqual(pids(after, before.live), pids(before, before.live), 'no process of live was touched');
}

export async function C12(): Promise<void> {
  await using world = await World.live();
  for (const version of ['v2', 'v3', 'v4', 'v5', 'v6']) await world.build(version);
  const load = world.load();
  await world.deploy('v2', { promote: 'manual' });
  await world.reaches('v2 waiting', ({ release }) => release?.step?.index === 1);
  const during = await world.teal('deploy', 'shop', 'v3', '--json');
  assert.equal(during.code, 1, 'refused while v2 needs the other environment');
  assert.match(
    during.out + during.err,
    /"release-in-progress"[^]*teal abort shop/,
    'and told what would help',
  );
  assert.equal((await world.app()).release?.version, 'v2', 'v2 goes on as if nothing had been');
  await world.client.command('shop', 'promote', {});
  await world.promoted('v2');
  // In its window, v2 keeps v1 warm and nothing more: the next one may have the place.
  await world.deploy('v3', { promote: 'manual' });
  await world.event('superseded');
  const waiting = await world.reaches(
    'v3 waiting',
    ({ release }) => release?.version === 'v3' && release.step?.index === 1,
  );
  assert.equal(waiting.version, 'v2');
  await world.client.command('shop', 'rollback', {});
  const aborted = await world.reaches('v3 aborted', ({ release }) => release?.status === 'aborted');
  assert.equal(aborted.version, 'v2', 'before its switch, the way back is to what is live');
  await world.deploy('v3');
  const live = await world.promoted('v3');
  assert.equal(live.rollback?.to, 'v2', 'behind it, to what was live');
  await world.client.command('shop', 'rollback', {});
  const back = await world.reaches('v3 rolled back', ({ release }) => release?.status === 'rolled-back');
  assert.equal(back.version, 'v2');
  const superseded = (await world.events()).find(({ type }) => type === 'superseded');
  await inTurn(world);
  await sleep(300);
  const report = await load.stop();
  nothingLost(report);
  oneSwitch(answered(report), 'v1', 'v2');
  neverAnswered(answered(report), 'v1', { from: superseded?.at ?? 0 });
  neverAnswered(answered(report), 'v5');
}

/** One that follows the running one, and one that takes its place. */
async function inTurn(world: World): Promise<void> {
  const waits = (version: string) =>
    world.reaches(
      `${version} waiting`,
      ({ release }) => release?.version === version && release.step?.index === 1,
    );
  await world.deploy('v3', { promote: 'manual' });
  await waits('v3');
  const behind = await world.teal('deploy', 'shop', 'v4', '--on-conflict', 'queue', '--json');
  assert.equal(behind.code, 0, behind.out + behind.err);
  const queued = await world.app();
  assert.deepEqual([queued.queued?.version, queued.release?.version], ['v4', 'v3'], 'v4 waits for v3');
  await world.client.command('shop', 'promote', {});
  const followed = await world.promoted('v4');
  assert.deepEqual([followed.queued, followed.rollback?.to], [null, 'v3'], 'v4 follows v3, and back is v3');
  await world.deploy('v5', { promote: 'manual' });
  await waits('v5');
  const instead = await world.teal('deploy', 'shop', 'v6', '--on-conflict', 'supersede', '--json');
  assert.equal(instead.code, 0, instead.out + instead.err);
  const last = await world.promoted('v6');
  assert.equal(last.rollback?.to, 'v4', 'back is what was live, not what was superseded');
  const aborted = await world.event('abort-started');
  assert.match(JSON.stringify(aborted.data), /superseded by v6/);
}

/** Green at once for v1, which has to go live; for the others long after anybody's patience. */
const slowTest = [
  'name: slow\n          command: test $TEAL_VERSION = v1 || sleep 600\n          timeout: 20m',
];

type View = Awaited<ReturnType<World['app']>>;

const pids = (app: View, colour: View['live']): readonly (number | null)[] =>
  colour === null ? [] : (app.environments[colour]?.instances ?? []).map(({ pid }) => pid);

const has = (data: unknown, key: string): boolean => typeof data === 'object' && data !== null && key in data;

/** When the instance was first healthy, by the mark that Teal keeps of it. */
function markOf(world: World, id: string): number {
  return readMark(path.join(world.data, 'instances', id), 'healthy') ?? Infinity;
}
