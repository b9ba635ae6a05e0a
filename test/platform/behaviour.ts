/**
 * What every platform driver must do: one list of cases, run by each driver's own test file. A driver says how to
 * make a platform and how its workloads look; the cases know nothing else about it.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { TealError } from '../../src/errors.ts';
import type { Platform, PlatformHooks, Workload } from '../../src/platform/platform.ts';
import { ask, blue, forever, healthyOf, recorder, until } from './apps.ts';

export interface Driver {
  readonly name: string;
  /** A platform whose instances are all gone when the test has ended. */
  create(t: TestContext, hooks: PlatformHooks): Platform;
  /** A platform on the same instances, after the one before was closed. */
  again(t: TestContext, hooks: PlatformHooks): Platform;
  /** What it can run. */
  prepare(t: TestContext): Promise<Prepared>;
  /** Null for a driver of what runs already: it neither starts nor stops anything, and what is about that it need not do. */
  readonly processes: {
    /** Whether the instance's process still runs. */
    readonly runs: (pid: number | null) => boolean;
  } | null;
}

/** All at `blue`. */
export interface Prepared {
  /** Well-behaved instances, which tell what version they are: up to three of v1, and one of v2. */
  readonly of: (version: string, instances: number) => Workload;
  /** One that never becomes healthy, and takes its time. */
  readonly sick: Workload;
}

interface Stage extends Prepared {
  readonly platform: Platform;
  readonly hooks: ReturnType<typeof recorder>;
  /** One instance of v1. */
  readonly shop: Workload;
}

type StageOf = (t: TestContext) => Promise<Stage>;

export function behavesLikeAPlatform(driver: Driver): void {
  const stage: StageOf = async (t) => {
    const hooks = recorder();
    const prepared = await driver.prepare(t);
    const platform = driver.create(t, hooks);
    hooks.platform = platform;
    return { platform, hooks, ...prepared, shop: prepared.of('v1', 1) };
  };
  forAll(driver, stage);
  if (driver.processes !== null) forProcesses(driver.name, driver.processes, stage);
}

const ids = (platform: Platform): readonly string[] => platform.instances().map(({ id }) => id);

function forAll(driver: Driver, stage: StageOf): void {
  test(`${driver.name}: ensure brings as many healthy instances as wanted, each at an address of its own`, async (t) => {
    const { platform, of } = await stage(t);
    await platform.ensure(of('v1', 3), forever);
    const instances = platform.instances();
    assert.deepEqual(
      instances.map((each) => [each.state, each.everHealthy, each.app, each.colour, each.role]),
      Array.from({ length: 3 }, () => ['healthy', true, 'shop', 'blue', 'web']),
    );
    assert.equal(new Set(instances.map((each) => each.address?.port)).size, 3);
    for (const instance of instances) assert.equal((await ask(instance))['TEAL_VERSION'], 'v1');
    assert.deepEqual(platform.instances('shop'), instances);
    assert.deepEqual(platform.instances('blog'), []);
  });

  test(`${driver.name}: asking again for what is there changes nothing`, async (t) => {
    const { platform, shop, hooks } = await stage(t);
    await platform.ensure(shop, forever);
    const before = platform.instances().map(({ id, pid }) => [id, pid]);
    await platform.ensure(shop, forever);
    assert.deepEqual(
      platform.instances().map(({ id, pid }) => [id, pid]),
      before,
    );
    assert.deepEqual(hooks.told, []);
  });

  test(`${driver.name}: stop releases first, and leaves nothing at the place`, async (t) => {
    const { platform, of, hooks } = await stage(t);
    await platform.ensure(of('v1', 2), forever);
    const before = ids(platform);
    await platform.stop(blue);
    assert.deepEqual(
      hooks.told.map((told) => (told.what === 'release' ? told.ids.toSorted() : [])),
      [before.toSorted()],
    );
    assert.deepEqual(platform.instances(), []);
    await platform.stop(blue);
    assert.equal(hooks.told.length, 1, 'there is nothing to release any more');
  });

  test(`${driver.name}: nothing is taken away while its release has not resolved`, async (t) => {
    const { platform, shop, hooks } = await stage(t);
    await platform.ensure(shop, forever);
    const gate = Promise.withResolvers<void>();
    hooks.release = () => gate.promise;
    const stopping = platform.stop(blue);
    await until('it is being emptied', () => platform.instances()[0]?.state === 'stopping');
    const [instance] = platform.instances();
    assert.ok(instance);
    assert.equal((await ask(instance))['TEAL_VERSION'], 'v1', 'it still answers');
    gate.resolve();
    await stopping;
    assert.deepEqual(platform.instances(), []);
  });

  test(`${driver.name}: stop wins over an ensure that is still at work`, async (t) => {
    const { platform, sick } = await stage(t);
    const starting = platform.ensure(sick, forever);
    const refused = assert.rejects(
      starting,
      (error) => error instanceof TealError && error.code === 'wrong-state',
    );
    await until('there is an instance', () => platform.instances()[0]);
    await platform.stop(blue);
    await refused;
    assert.deepEqual(platform.instances(), []);
  });

  test(`${driver.name}: an ensure that is not wanted any more is given up`, async (t) => {
    const { platform, sick } = await stage(t);
    const giveUp = new AbortController();
    const starting = platform.ensure(sick, giveUp.signal);
    await until('there is an instance', () => platform.instances()[0]);
    giveUp.abort(new Error('not any more'));
    await assert.rejects(starting, /not any more/);
    await platform.stop(blue);
  });

  test(`${driver.name}: another version at the same place replaces what was there`, async (t) => {
    const { platform, shop, of, hooks } = await stage(t);
    await platform.ensure(shop, forever);
    const [old] = platform.instances();
    await platform.ensure(of('v2', 1), forever);
    assert.deepEqual(
      platform.instances().map((each) => [each.version, each.state]),
      [['v2', 'healthy']],
    );
    assert.deepEqual(
      hooks.told.flatMap((told) => (told.what === 'release' ? told.ids : [])),
      [old?.id],
    );
  });

  test(`${driver.name}: instances outlive the platform, and the next one knows them again`, async (t) => {
    const { platform, of } = await stage(t);
    const two = of('v1', 2);
    await platform.ensure(two, forever);
    const before = platform.instances().map((each) => [each.id, each.pid]);
    await platform.close();
    const next = driver.again(t, recorder());
    await next.adopt([two]);
    assert.deepEqual(
      next.instances().map((each) => [each.id, each.pid]),
      before,
    );
    await until('both are healthy', () => healthyOf(next.instances()).length === 2);
    await next.ensure(two, forever);
    assert.deepEqual(
      next.instances().map((each) => [each.id, each.pid]),
      before,
    );
  });
}

type Processes = NonNullable<Driver['processes']>;

function forProcesses(name: string, { runs }: Processes, stage: StageOf): void {
  test(`${name}: an instance is told what it is`, async (t) => {
    const { platform, shop } = await stage(t);
    await platform.ensure(shop, forever);
    const [instance] = platform.instances();
    assert.ok(instance);
    const told = await ask(instance);
    assert.equal(told['TEAL_INSTANCE'], instance.id);
    assert.equal(told['TEAL_ENVIRONMENT'], 'blue');
    assert.equal(Number(told['pid']), instance.pid);
  });

  test(`${name}: scaling down releases an instance before it is stopped`, async (t) => {
    const { platform, shop, hooks } = await stage(t);
    await platform.ensure({ ...shop, instances: 2 }, forever);
    const pids = new Map(platform.instances().map((each) => [each.id, each.pid]));
    const release = hooks.release.bind(hooks);
    let ranAtRelease: readonly boolean[] = [];
    hooks.release = async (instances) => {
      ranAtRelease = instances.map((each) => runs(pids.get(each.id) ?? null));
      await release(instances);
    };
    await platform.ensure(shop, forever);
    assert.deepEqual(ranAtRelease, [true]);
    assert.equal(platform.instances().length, 1);
  });

  test(`${name}: a restart replaces one after the other, each replacement healthy before the old is released`, async (t) => {
    const { platform, shop, hooks } = await stage(t);
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

  test(`${name}: an instance that crashes is started again`, async (t) => {
    const { platform, shop } = await stage(t);
    await platform.ensure(shop, forever);
    const [first] = platform.instances();
    assert.ok(first);
    await ask(first, '/crash').catch(() => undefined);
    const second = await until('a new one is healthy', () =>
      platform.instances().find((each) => each.id !== first.id && each.state === 'healthy'),
    );
    assert.equal(second.crashes, 1);
  });

  test(`${name}: stop releases, then ends every instance and says how it ended`, async (t) => {
    const { platform, shop, hooks } = await stage(t);
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
      pids.map((pid) => runs(pid)),
      [false, false],
    );
  });
}
