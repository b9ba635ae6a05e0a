/** Blue-green, backward: aborts, rollbacks by Teal and by a person, inside the window and after it. */
import assert from 'node:assert/strict';
import type { AppStatus } from '../../src/control/contract.ts';
import { answered, neverAnswered, nothingLost, oneSwitch } from './counted.ts';
import { World } from './harness.ts';
import { isAlive } from './processes.ts';
import { sleep, until } from './until.ts';

/** Two clocks of one machine, one read in whole milliseconds. */
const clockMs = 5;

export async function A3(): Promise<void> {
  await using world = await World.live();
  // After its tests each of its processes answers a few requests, then dies; and again when it is started again.
  await world.build('v2', { broken: 'crash-after-switch', failAfter: 5 });
  const load = world.load({ rps: 100 });
  await world.deploy('v2');
  const back = await world.reaches('v2 rolled back', ({ release }) => release?.status === 'rolled-back');
  const order = await world.event('rollback-started');
  const switched = await world.event('switched');
  await sleep(1000);
  const report = await load.stop();
  assert.equal(order.actor, 'teal', 'nobody had to watch');
  assert.equal(back.release?.error?.code, 'crash-loop');
  assert.equal(back.version, 'v1');
  const after = [...report.samples].filter(({ sentAt }) => sentAt > switched.at + clockMs);
  const lost = after.filter(({ outcome, version }) => outcome !== 'answered' || version !== 'v1');
  assert.ok(after.length >= 50, `only ${after.length} requests after the way back`);
  assert.equal(
    lost.length,
    0,
    `${lost.length} of ${after.length} requests after the way back were not answered by v1`,
  );
  assert.ok(
    answered(report).some(({ version }) => version === 'v2'),
    'it had been live',
  );
  const begun = await world.event('switch-started');
  const before = [...report.samples].filter(({ sentAt }) => sentAt < begun.at - clockMs);
  assert.ok(
    before.every(({ outcome }) => outcome === 'answered'),
    'nothing was lost before it was live',
  );
}

export async function A4(): Promise<void> {
  await using world = await World.live();
  await world.build('v2');
  await world.build('v3');
  const load = world.load();
  await world.deploy('v2', { promote: 'manual' });
  await world.reaches(
    'v2 waiting',
    ({ release }) => release?.status === 'stepping' && release.step?.index === 1,
  );
  const asked = await world.teal('abort', 'shop', '--reason', 'not this one', '--json');
  assert.equal(asked.code, 0, asked.out + asked.err);
  // Not waited for: the third version may come while the second is still being stopped.
  const third = await world.teal('deploy', 'shop', 'v3', '--wait', '--json');
  assert.equal(third.code, 0, third.out + third.err);
  const app = await world.promoted('v3');
  await sleep(300);
  const report = await load.stop();
  nothingLost(report);
  neverAnswered(answered(report), 'v2');
  oneSwitch(answered(report), 'v1', 'v3');
  assert.deepEqual(
    app.rollback,
    { to: 'v1', how: 'instant', harm: null },
    'back means the version that was live',
  );
  const abort = await world.event('abort-started');
  assert.match(JSON.stringify(abort), /not this one/);
}

export async function A8(): Promise<void> {
  const windowMs = 4000;
  await using world = await World.live({ release: { 'rollback-window': `${windowMs}ms` } });
  const old = await world.app();
  await world.build('v2');
  await world.build('v3');
  const load = world.load();
  await world.deploy('v2');
  await world.promoted('v2');
  assert.deepEqual(
    pids(await world.app(), old.live),
    pids(old, old.live),
    'the old environment is kept as it was',
  );
  const back = await world.teal('rollback', 'shop', '--json');
  assert.equal(back.code, 0, back.out + back.err);
  const reverted = await world.reaches(
    'v1 again',
    ({ version, release }) => version === 'v1' && release?.ended === true,
  );
  assert.deepEqual(pids(reverted, old.live), pids(old, old.live), 'nothing was started for the way back');
  await oneRoutingChange(world);
  await world.deploy('v3');
  await world.promoted('v3');
  const switched = await world.event('switched', ({ at }) => at > (reverted.release?.endedAt ?? 0));
  const left = pids(old, old.live);
  const closed = await world.event('window-closed');
  const kept = closed.at - switched.at;
  assert.ok(kept >= windowMs && kept < windowMs + 2000, `the old environment was kept for ${kept} ms`);
  await until('the old processes gone', () => left.every((pid) => pid === null || !isAlive(pid)));
  await sleep(200);
  const app = await world.reaches('v3 completed', ({ release }) => release?.status === 'completed');
  assert.equal(app.rollback?.how, 'start-first');
  const report = await load.stop();
  nothingLost(report);
  assert.deepEqual(Object.keys(report.versions).toSorted(), ['v1', 'v2', 'v3']);
}

/** From the order to everyone back there is nothing but the routing table. */
async function oneRoutingChange(world: World): Promise<void> {
  const events = await world.events();
  const order = events.findIndex(({ type }) => type === 'rollback-started');
  assert.equal(events[order + 1]?.type, 'switched');
  const took = (events[order + 1]?.at ?? Infinity) - (events[order]?.at ?? 0);
  assert.ok(took < 1000, `the way back took ${took} ms`);
}

export async function A9(): Promise<void> {
  await using world = await World.live({ tests: [], release: { 'rollback-window': '500ms' } });
  await world.build('v2');
  const load = world.load();
  await world.deploy('v2');
  await world.reaches(
    'v2 completed',
    ({ version, release }) => version === 'v2' && release?.status === 'completed',
  );
  const done = await world.teal('rollback', 'shop', '--json');
  assert.equal(done.code, 0, done.out + done.err);
  const app = await world.promoted('v1');
  await sleep(300);
  const report = await load.stop();
  nothingLost(report);
  oneSwitch(
    answered(report).filter(({ sentAt }) => sentAt > (app.release?.startedAt ?? 0)),
    'v2',
    'v1',
  );
  assert.equal(app.release?.kind, 'rollback');
  const own = (await world.events())
    .filter(({ at }) => at >= (app.release?.startedAt ?? 0))
    .map(({ type }) => type);
  assert.ok(own.indexOf('candidate-ready') < own.indexOf('switch-started'), own.join(' '));
  const first = answered(report).find(
    ({ version, sentAt }) => version === 'v1' && sentAt > (app.release?.startedAt ?? 0),
  );
  const started = await world.event('switch-started');
  assert.ok(
    first !== undefined && first.sentAt >= started.at - clockMs,
    'nobody was sent to it while it started',
  );
}

const pids = (app: AppStatus, colour: AppStatus['live']): readonly (number | null)[] =>
  colour === null ? [] : (app.environments[colour]?.instances ?? []).map(({ pid }) => pid);
