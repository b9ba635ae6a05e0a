import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { TealError } from '../../../src/errors.ts';
import {
  blue,
  forever,
  isRunning,
  program,
  recorder,
  scratch,
  until,
  wellBehaved,
  workload,
} from '../apps.ts';
import { platformOn } from './driver.ts';

test('who may not act any more starts nothing, ends nothing, and leaves all as it is to the next', async (t) => {
  const data = scratch(t);
  let over = false;
  const fence = (): void => {
    if (over) throw new TealError('not-leader', 'over', { remedy: 'none' });
  };
  const platform = platformOn(t, data, recorder(), { fence });
  const shop = workload(data, { command: program(data, 'shop.cjs', wellBehaved) });
  await platform.ensure(shop, forever);
  const pid = platform.instances()[0]?.pid ?? 0;
  assert.ok(isRunning(pid));
  over = true;
  await assert.rejects(platform.stop(blue), { code: 'not-leader' });
  assert.ok(isRunning(pid), 'it was not told to end');
  const green = { ...shop, colour: 'green' as const };
  await assert.rejects(platform.ensure(green, forever), { code: 'not-leader' });
  const folders = readdirSync(path.join(data, 'instances'));
  assert.equal(folders.length, 1, 'nothing is left of what was not started');
  await platform.close();
  const next = platformOn(t, data, recorder());
  await next.adopt();
  assert.deepEqual(
    next.instances().map((instance) => instance.pid),
    [pid],
  );
  await next.ensure(shop, forever);
  await until('healthy', () => next.instances()[0]?.state === 'healthy');
  assert.equal(next.instances()[0]?.pid, pid);
});
