import assert from 'node:assert/strict';
import childProcess, { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload } from '../../../src/platform/platform.ts';
import type { ProcessPlatform } from '../../../src/platform/process/process-platform.ts';
import { send } from '../../../src/platform/process/processes.ts';
import { atEnd } from '../../at-end.ts';
import { background, blue, forever, program, recorder, scratch, until, workload } from '../apps.ts';
import { carriers, platformOn } from './driver.ts';

/** Past any time within which a launcher usually begins. */
const longMs = 2_600;
const stopped: ChildProcess[] = [];

const place = { ...blue, role: background.name };

/** Ends on its signal with a code that tells that it got it. */
const worker = `process.on('SIGTERM', () => process.exit(42)); setInterval(() => {}, 1000);`;

interface Stage {
  readonly data: string;
  readonly platform: ProcessPlatform;
  readonly jobs: Workload;
}

function stage(t: TestContext, stopMs: number): Stage {
  const [directory, data] = [scratch(t), scratch(t)];
  const stop = { signal: 'SIGTERM', deadlineMs: stopMs } as const;
  const spec = { ...background, command: program(directory, 'worker.cjs', worker), stop };
  const jobs = workload(directory, spec, place);
  return { data, platform: platformOn(t, data, recorder()), jobs };
}

/** Wants it, and waits until its launcher has been stopped before its first command. */
async function wanted(
  t: TestContext,
  { platform, jobs }: Stage,
): Promise<{ up: Promise<void>; launcher: ChildProcess }> {
  const up = platform.ensure(jobs, forever);
  up.catch(() => undefined);
  const launcher = await until('the launcher is there', () => stopped[0]);
  atEnd(t, () => send(-(launcher.pid ?? 0), 'SIGKILL'));
  await until('the instance is known', () => platform.instances().length === 1);
  return { up, launcher };
}

const goOn = (launcher: ChildProcess): boolean => process.kill(-(launcher.pid ?? 0), 'SIGCONT');

// A machine that swaps, a disk that stalls: what the launcher waits for, it waits for before its first command.
describe('a launcher that takes long', { skip: process.platform !== 'linux' }, () => {
  const { spawn } = childProcess;
  before(() => {
    childProcess.spawn = ((file: string, args: string[], options: object) => {
      const child = spawn(file, args, options);
      if (args[2] === 'teal-launcher' && stopped.length === 0 && child.pid !== undefined) {
        process.kill(-child.pid, 'SIGSTOP');
        stopped.push(child);
      }
      return child;
    }) as typeof spawn;
    syncBuiltinESMExports();
  });
  afterEach(() => {
    stopped.length = 0;
  });

  test('is waited for: one instance runs, and it is the one that is known', async (t) => {
    const on = stage(t, 5_000);
    const { up, launcher } = await wanted(t, on);
    await sleep(longMs);
    goOn(launcher);
    await up;
    const [instance, ...more] = on.platform.instances();
    assert.deepEqual([instance?.state, instance?.crashes, more.length], ['healthy', 0, 0]);
    assert.deepEqual(carriers(on.data), [instance?.pid]);
    const ended = await on.platform.stop(place);
    assert.deepEqual(
      ended.map(({ code, forced }) => [code, forced]),
      [[42, false]],
    );
    assert.deepEqual(carriers(on.data), []);
  });

  test('is ended with the app that it has not become yet, at the deadline', async (t) => {
    const on = stage(t, 300);
    const { launcher } = await wanted(t, on);
    const [ended] = await on.platform.stop(place);
    assert.equal(ended?.forced, true);
    assert.equal(launcher.exitCode ?? launcher.signalCode ?? (await once(launcher, 'exit'))[1], 'SIGKILL');
    assert.deepEqual([on.platform.instances(), carriers(on.data)], [[], []]);
  });

  test('is given the time to become the app, which is then asked to end', async (t) => {
    const on = stage(t, 15_000);
    const { launcher } = await wanted(t, on);
    const stopping = on.platform.stop(place);
    await sleep(longMs);
    goOn(launcher);
    const [ended] = await stopping;
    assert.equal(ended?.forced, false);
    assert.deepEqual([on.platform.instances(), carriers(on.data)], [[], []]);
  });
});
