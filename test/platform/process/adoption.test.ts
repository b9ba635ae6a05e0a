import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { TealError } from '../../../src/errors.ts';
import type { Workload } from '../../../src/platform/platform.ts';
import { atEnd } from '../../at-end.ts';
import {
  ask,
  blue,
  forever,
  healthyOf,
  isRunning,
  program,
  recorder,
  scratch,
  until,
  wellBehaved,
  workload,
} from '../apps.ts';
import { byNumber, carriers, platformOn } from './driver.ts';

interface Left {
  readonly id: string;
  readonly pid: number;
}

interface Moment {
  /** Said by the other process right before what is to be interrupted. */
  readonly after: 'here' | 'healthy';
  readonly ms: number;
  /** What it wants once the workload is healthy. */
  readonly next?: Workload;
}

/** Has another process start the workload, and kills it once all are healthy, or at another moment. */
async function startedByAKilledTeal(
  t: TestContext,
  data: string,
  shop: Workload,
  moment?: Moment,
): Promise<readonly Left[]> {
  const platformFile = new URL('../../../src/platform/process/process-platform.ts', import.meta.url).href;
  const script = `
    const { ProcessPlatform } = await import(${JSON.stringify(platformFile)});
    const hooks = { changed() {}, async release() {}, failing() {} };
    const platform = new ProcessPlatform({ data: ${JSON.stringify(data)}, hooks });
    process.stdout.write('here\\n');
    await platform.ensure(${JSON.stringify(shop)}, new AbortController().signal);
    const left = JSON.stringify(platform.instances().map(({ id, pid }) => ({ id, pid })));
    process.stdout.write(left + '\\nhealthy\\n');
    await platform.ensure(${JSON.stringify(moment?.next ?? shop)}, new AbortController().signal);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEnd(t, () => child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const { after, ms } = moment ?? { after: 'healthy', ms: 0 };
  await until(`the other process says ${after}`, () => said.includes(after));
  const end = Date.now() + ms;
  await until('the moment', () => Date.now() >= end);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return JSON.parse(said.split('\n')[1] || '[]') as Left[];
}

function shopIn(
  t: TestContext,
  source = wellBehaved,
  more: Partial<Workload> = {},
): { data: string; shop: Workload } {
  const directory = scratch(t);
  return {
    data: scratch(t),
    shop: workload(directory, { command: program(directory, 'app.cjs', source) }, more),
  };
}

// They wait for processes more than they compute.
describe('adoption', { concurrency: 4 }, () => {
  test('what a killed Teal started goes on running and is adopted with the same pids', async (t) => {
    const { data, shop } = shopIn(t, wellBehaved, { instances: 2 });
    const platform = platformOn(t, data, recorder());
    const left = await startedByAKilledTeal(t, data, shop);
    assert.equal(left.length, 2);
    assert.deepEqual(
      left.map(({ pid }) => isRunning(pid)),
      [true, true],
    );
    await platform.adopt();
    assert.deepEqual(
      platform.instances().map(({ id, pid }) => ({ id, pid })),
      left,
    );
    assert.equal(healthyOf(platform.instances()).length, 2, 'they count as healthy after their first check');
    const stopped = await platform.stop(blue);
    assert.deepEqual(
      stopped.map((each) => [each.code, each.forced]),
      [
        [0, false],
        [0, false],
      ],
    );
  });

  test('an end that nobody watched is recorded, counted as a crash, and repaired by the next ensure', async (t) => {
    const { data, shop } = shopIn(t);
    const platform = platformOn(t, data, recorder());
    const [left] = await startedByAKilledTeal(t, data, shop);
    assert.ok(left);
    process.kill(left.pid, 'SIGABRT');
    const folder = path.join(data, 'instances', left.id);
    await until('the launcher has noted it', () => existsSync(path.join(folder, 'exit')));
    await platform.adopt();
    assert.deepEqual(platform.instances(), []);
    await platform.ensure(shop, forever);
    const [second] = platform.instances();
    assert.equal(second?.crashes, 1);
    const ended = JSON.parse(readFileSync(path.join(folder, 'ended.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    assert.equal(ended['signal'], 'SIGABRT');
    assert.equal(ended['asked'], false);
  });

  test('a crash loop that began under the Teal before is seen by the next one', async (t) => {
    const { data, shop } = shopIn(t, `process.exit(3)`);
    const hooks = recorder();
    const first = platformOn(t, data, hooks);
    const starting = first.ensure(shop, forever).catch(() => undefined);
    await until('it has crashed twice', () => first.instances()[0]?.crashes === 2);
    await first.close();
    await starting;
    const second = platformOn(t, data, recorder());
    await second.adopt();
    const began = Date.now();
    await assert.rejects(second.ensure(shop, forever), (error: TealError) => {
      assert.equal(error.code, 'crash-loop');
      assert.match(error.message, /exit code 3/);
      return true;
    });
    assert.ok(Date.now() - began < 5_000);
  });

  test('an adopted instance that crashes is started again once somebody wants the place', async (t) => {
    const { data, shop } = shopIn(t);
    const platform = platformOn(t, data, recorder());
    const [left] = await startedByAKilledTeal(t, data, shop);
    await platform.adopt();
    await platform.ensure(shop, forever);
    const [first] = platform.instances();
    assert.equal(first?.pid, left?.pid);
    assert.ok(first);
    await ask(first, '/crash').catch(() => undefined);
    await until('a new one is healthy', () =>
      platform.instances().some((each) => each.id !== first.id && each.state === 'healthy'),
    );
  });

  test('a pid that is another process by now is not taken for the instance', async (t) => {
    const { data, shop } = shopIn(t);
    const platform = platformOn(t, data, recorder());
    const [left] = await startedByAKilledTeal(t, data, shop);
    assert.ok(left);
    process.kill(left.pid, 'SIGKILL');
    const folder = path.join(data, 'instances', left.id);
    await until('the launcher has noted it', () => existsSync(path.join(folder, 'exit')));
    writeFileSync(path.join(folder, 'pid'), `${process.pid} ${process.pid} 1\n`);
    await platform.adopt();
    assert.deepEqual(platform.instances(), []);
    await platform.stop(blue);
  });

  test('an instance that was written down and never launched is dropped', async (t) => {
    const { data, shop } = shopIn(t);
    const folder = path.join(data, 'instances', 'shop-blue-web-none');
    mkdirSync(folder, { recursive: true });
    const { app, colour, role, version, directory, spec } = shop;
    const written = {
      id: 'shop-blue-web-none',
      app,
      colour,
      role,
      version,
      directory,
      spec,
      restart: 0,
      slot: 0,
      host: '127.0.0.1',
      port: 1,
      cgroup: null,
      startedAt: 1,
      crashes: 0,
    };
    writeFileSync(path.join(folder, 'spec.json'), JSON.stringify(written));
    const platform = platformOn(t, data, recorder());
    await platform.adopt();
    assert.equal(existsSync(folder), false);
  });

  test('one that was being stopped when Teal was killed is stopped to the end', async (t) => {
    const { data, shop } = shopIn(t);
    const platform = platformOn(t, data, recorder());
    const [left] = await startedByAKilledTeal(t, data, shop);
    assert.ok(left);
    writeFileSync(path.join(data, 'instances', left.id, 'stopping'), '1\n');
    await platform.adopt();
    await until('it has ended', () => !isRunning(left.pid));
    await until('it is gone', () => platform.instances().length === 0);
  });

  const moments: readonly Moment[] = [
    ...[0, 5, 10, 20, 40, 80].map((ms) => ({ after: 'here', ms }) as const),
    ...[0, 20, 60, 120, 180].map((ms) => ({ after: 'healthy', ms }) as const),
  ];
  for (const { after, ms } of moments) {
    const what = after === 'here' ? 'start' : 'rolling restart';
    test(`killed ${ms} ms into a ${what}, the next Teal has as many as wanted and none that nobody knows`, async (t) => {
      const { data, shop } = shopIn(t, wellBehaved, { instances: 2 });
      const platform = platformOn(t, data, recorder());
      const next = after === 'here' ? shop : { ...shop, restart: 1 };
      await startedByAKilledTeal(t, data, shop, { after, ms, next });
      await platform.adopt();
      await platform.ensure(next, forever);
      const pids = platform.instances().map((each) => each.pid ?? 0);
      assert.equal(healthyOf(platform.instances()).length, 2);
      await until('no other process is left', () => carriers(data).join() === pids.toSorted(byNumber).join());
      await platform.stop(blue);
      assert.deepEqual(carriers(data), []);
    });
  }
});
