import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform, Workload } from '../../../src/platform/platform.ts';
import { Platforms } from '../../../src/platform/platforms.ts';
import { blue, forever, quickHealth, recorder, until, workload } from '../apps.ts';
import { origin, staticPlatform, type Origin } from './driver.ts';

const health = { ...quickHealth, intervalMs: 20, deadlineMs: 300 };

const at = (version: string, origins: readonly Origin[], more: Partial<Workload> = {}): Workload =>
  workload(
    '/',
    { health, origins: { versions: { [version]: origins.map(({ address }) => address) }, addresses: [] } },
    { version, ...more },
  );

const states = (platform: Platform): readonly string[] => platform.instances().map(({ state }) => state);

test('a version that does not become healthy says which of its servers is not, and what that answered', async (t) => {
  const [good, bad] = [await origin(t, 'v1'), await origin(t, 'v1')];
  bad.become(503);
  const platform = staticPlatform(t, recorder());
  await assert.rejects(platform.ensure(at('v1', [good, bad]), forever), {
    code: 'health-deadline',
    message: `shop v1 was not healthy for 0.3 s: GET http://127.0.0.1:${bad.address.port}/ answered 503`,
  });
});

test('a version of which nobody says where it runs is refused', async (t) => {
  const platform = staticPlatform(t, recorder());
  await assert.rejects(platform.ensure({ ...at('v1', []), version: 'v7' }, forever), {
    code: 'version-unknown',
  });
});

test('a server that fails, comes back, and is gone: told as it is, and once when it stays away', async (t) => {
  const hooks = recorder();
  const server = await origin(t, 'v1');
  const platform = staticPlatform(t, hooks);
  await platform.ensure(at('v1', [server]), forever);
  server.become(500);
  await until('it is unhealthy', () => states(platform)[0] === 'unhealthy');
  assert.equal(platform.instances()[0]?.everHealthy, true);
  server.become(200);
  await until('it is healthy again', () => states(platform)[0] === 'healthy');
  assert.deepEqual(hooks.told, [], 'it was away for less than a start may take');
  await server.close();
  const told = await until('it is told', () => hooks.told[0]);
  assert.ok(told.what === 'failing');
  assert.deepEqual([told.version, told.code], ['v1', 'health-deadline']);
  assert.match(told.message, /was refused/);
  await sleep(2 * health.deadlineMs);
  assert.equal(hooks.told.length, 1);
});

test('one server is asked once, however many apps are on it, and not any more when none is', async (t) => {
  const server = await origin(t, 'v1');
  const platform = staticPlatform(t, recorder());
  const apps = Array.from({ length: 50 }, (_, index) => `app-${index}`);
  await Promise.all(apps.map((app) => platform.ensure(at('v1', [server], { app }), forever)));
  assert.equal(platform.instances().length, 50);
  assert.equal(new Set(platform.instances().map(({ id }) => id)).size, 50, 'each has an id of its own');
  const before = server.asked();
  await sleep(20 * health.intervalMs);
  const often = server.asked() - before;
  assert.ok(often > 0 && often <= 25, `asked ${often} times in the time of 20 checks`);
  await Promise.all(apps.map((app) => platform.stop({ ...blue, app })));
  await sleep(2 * health.intervalMs);
  const after = server.asked();
  await sleep(5 * health.intervalMs);
  assert.equal(server.asked(), after);
});

test('the same server is a new instance to nobody: its id comes from where it is and what it is', async (t) => {
  const server = await origin(t, 'v1');
  const [one, two] = [staticPlatform(t, recorder()), staticPlatform(t, recorder())];
  await one.ensure(at('v1', [server]), forever);
  await two.ensure(at('v1', [server]), forever);
  assert.equal(one.instances()[0]?.id, two.instances()[0]?.id);
  await two.ensure(at('v2', [server]), forever);
  assert.notEqual(one.instances()[0]?.id, two.instances()[0]?.id);
});

test('platforms run each app by its own, whatever becomes of the other', async (t) => {
  const server = await origin(t, 'v1');
  const own = staticPlatform(t, recorder());
  const never = new Promise<never>(() => undefined);
  const failures: string[] = [];
  const broken: Platform = {
    adopt: async () => undefined,
    ensure: () => never,
    stop: async () => [],
    instances: () => {
      throw new Error('it does not answer');
    },
    close: async () => undefined,
  };
  const platforms = new Platforms({
    drivers: { broken, static: own },
    driverOf: ({ spec }) => (spec.origins === undefined ? 'broken' : 'static'),
    failed: (driver) => failures.push(driver),
  });
  void platforms.ensure(workload('/', {}, { app: 'other' }), forever);
  await platforms.ensure(at('v1', [server]), forever);
  assert.deepEqual(states(platforms), ['healthy']);
  assert.ok(failures.every((driver) => driver === 'broken') && failures.length > 0);
});

test('platforms let go of what an app has left behind at another one', async (t) => {
  const server = await origin(t, 'v1');
  const [one, two] = [recorder(), recorder()];
  const [before, after] = [staticPlatform(t, one), staticPlatform(t, two)];
  const platforms = new Platforms({
    drivers: { before, after },
    driverOf: ({ restart }) => (restart === 0 ? 'before' : 'after'),
    failed: () => undefined,
  });
  await platforms.ensure(at('v1', [server]), forever);
  await platforms.ensure(at('v1', [server], { restart: 1 }), forever);
  assert.deepEqual(
    one.told.map(({ what }) => what),
    ['release'],
  );
  assert.equal(platforms.instances().length, 1);
  assert.equal(before.instances().length, 0);
});
