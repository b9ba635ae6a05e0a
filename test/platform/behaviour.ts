/**
 * What every platform driver must do: one list of cases, run by each driver's own test file. A driver says how to
 * make a platform and how its workloads look; the cases know nothing else about it.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { TealError } from '../../src/errors.ts';
import type { Platform, PlatformHooks, Workload } from '../../src/platform/platform.ts';
import { ask, blue, forever, healthyOf, recorder, until, wellBehaved, workload } from './apps.ts';
import { program, scratch } from './apps.ts';

export interface Driver {
  readonly name: string;
  /** A platform whose instances are all gone when the test has ended. */
  create(t: TestContext, hooks: PlatformHooks): Platform;
  /** A platform on the same instances, after the one before was closed. */
  again(t: TestContext, hooks: PlatformHooks): Platform;
  /** Whether the instance's process still runs. */
  runs(pid: number | null): boolean;
}

interface Stage {
  readonly platform: Platform;
  readonly hooks: ReturnType<typeof recorder>;
  readonly shop: Workload;
  readonly directory: string;
}

export function behavesLikeAPlatform(driver: Driver): void {
  const stage = (t: TestContext): Stage => {
    const hooks = recorder();
    const platform = driver.create(t, hooks);
    hooks.platform = platform;
    const directory = scratch(t);
    return {
      platform,
      hooks,
      directory,
      shop: workload(directory, { command: program(directory, 'app.cjs', wellBehaved) }),
    };
  };

  test(`${driver.name}: ensure starts as many healthy instances as wanted, each on a port of its own`, async (t) => {
    const { platform, shop } = stage(t);
    await platform.ensure({ ...shop, instances: 3 }, forever);
    const instances = platform.instances();
    assert.deepEqual(
      instances.map((each) => each.state),
      ['healthy', 'healthy', 'healthy'],
    );
    assert.equal(new Set(instances.map((each) => each.address?.port)).size, 3);
    for (const instance of instances) {
      const told = await ask(instance);
      assert.equal(told['TEAL_INSTANCE'], instance.id);
      assert.equal(told['TEAL_VERSION'], 'v1');
      assert.equal(told['TEAL_ENVIRONMENT'], 'blue');
      assert.equal(Number(told['pid']), instance.pid);
    }
  });

  test(`${driver.name}: asking again for what is there starts and stops nothing`, async (t) => {
    const { platform, shop, hooks } = stage(t);
    await platform.ensure(shop, forever);
    const before = platform.instances().map((each) => each.pid);
    await platform.ensure(shop, forever);
    assert.deepEqual(
      platform.instances().map((each) => each.pid),
      before,
    );
    assert.deepEqual(hooks.told, []);
  });

  test(`${driver.name}: scaling down releases an instance before it is stopped`, async (t) => {
    const { platform, shop, hooks } = stage(t);
    await platform.ensure({ ...shop, instances: 2 }, forever);
    const pids = new Map(platform.instances().map((each) => [each.id, each.pid]));
    const release = hooks.release.bind(hooks);
    let ranAtRelease: readonly boolean[] = [];
    hooks.release = async (instances) => {
      ranAtRelease = instances.map((each) => driver.runs(pids.get(each.id) ?? null));
      await release(instances);
    };
    await platform.ensure(shop, forever);
    assert.deepEqual(ranAtRelease, [true]);
    assert.equal(platform.instances().length, 1);
  });

  test(`${driver.name}: a restart replaces one after the other, each replacement healthy before the old is released`, async (t) => {
    const { platform, shop, hooks } = stage(t);
    await platform.ensure({ ...shop, instances: 2 }, forever);
    const old = platform.instances().map((each) => each.id);
    await platform.ensure({ ...shop, instances: 2, restart: 1 }, forever);
    const fresh = healthyOf(platform.instances());
    assert.equal(fresh.length, 2);
    assert.deepEqual(
      fresh.filter((id) => old.includes(id)),
      [],
    );
    const releases = hooks.told.filter((told) => told.what === 'release');
    assert.deepEqual(releases.flatMap((told) => told.ids).toSorted(), old.toSorted());
    for (const told of releases) {
      assert.equal(told.ids.length, 1);
      assert.equal(told.healthyThen.length, 2, 'two healthy ones are left at every release');
    }
  });

  test(`${driver.name}: an instance that crashes is started again`, async (t) => {
    const { platform, shop } = stage(t);
    await platform.ensure(shop, forever);
    const [first] = platform.instances();
    assert.ok(first);
    await ask(first, '/crash').catch(() => undefined);
    const second = await until('a new one is healthy', () =>
      platform.instances().find((each) => each.id !== first.id && each.state === 'healthy'),
    );
    assert.equal(second.crashes, 1);
  });

  test(`${driver.name}: stop releases, then ends every instance and says how it ended`, async (t) => {
    const { platform, shop, hooks } = stage(t);
    await platform.ensure({ ...shop, instances: 2 }, forever);
    const pids = platform.instances().map((each) => each.pid);
    const stopped = await platform.stop(blue);
    assert.deepEqual(
      stopped.map((each) => [each.code, each.signal, each.forced]),
      [
        [0, null, false],
        [0, null, false],
      ],
    );
    assert.equal(hooks.told.filter((told) => told.what === 'release').length, 1);
    assert.deepEqual(platform.instances(), []);
    assert.deepEqual(
      pids.map((pid) => driver.runs(pid)),
      [false, false],
    );
  });

  test(`${driver.name}: stop wins over an ensure that is still at work`, async (t) => {
    const { platform, shop, directory } = stage(t);
    const silent = program(directory, 'silent.cjs', 'setInterval(() => {}, 1000)');
    const starting = platform.ensure({ ...shop, spec: { ...shop.spec, command: silent } }, forever);
    const refused = assert.rejects(
      starting,
      (error) => error instanceof TealError && error.code === 'wrong-state',
    );
    await until('it has been launched', () => platform.instances()[0]?.pid);
    await platform.stop(blue);
    await refused;
    assert.deepEqual(platform.instances(), []);
  });

  test(`${driver.name}: another version at the same place replaces what ran there`, async (t) => {
    const { platform, shop, hooks } = stage(t);
    await platform.ensure(shop, forever);
    const [old] = platform.instances();
    await platform.ensure({ ...shop, version: 'v2' }, forever);
    assert.deepEqual(
      platform.instances().map((each) => [each.version, each.state]),
      [['v2', 'healthy']],
    );
    assert.deepEqual(
      hooks.told.flatMap((told) => (told.what === 'release' ? told.ids : [])),
      [old?.id],
    );
  });

  test(`${driver.name}: instances outlive the platform and are adopted by the next one`, async (t) => {
    const { platform, shop } = stage(t);
    await platform.ensure({ ...shop, instances: 2 }, forever);
    const before = platform.instances().map((each) => [each.id, each.pid]);
    await platform.close();
    const next = driver.again(t, recorder());
    await next.adopt();
    assert.deepEqual(
      next.instances().map((each) => [each.id, each.pid]),
      before,
    );
    await until('both are healthy', () => healthyOf(next.instances()).length === 2);
    await next.ensure({ ...shop, instances: 2 }, forever);
    assert.deepEqual(
      next.instances().map((each) => [each.id, each.pid]),
      before,
    );
  });
}
