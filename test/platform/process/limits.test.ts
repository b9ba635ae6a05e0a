import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { findCgroupRoot } from '../../../src/platform/process/cgroup.ts';
import {
  checkLimits,
  describeLimitSupport,
  limitSupport,
  planLimits,
  type LimitSupport,
} from '../../../src/platform/process/limits.ts';
import { TealError } from '../../../src/errors.ts';
import { background, forever, recorder, scratch, unlimited, workload } from '../apps.ts';
import { platformOn } from './driver.ts';

const printsItsLimit = ['/bin/sh', '-c', 'ulimit -n; exec sleep 60'];

test('open-files is applied to the app', async (t) => {
  const platform = platformOn(t, scratch(t), recorder());
  const spec = { ...background, command: printsItsLimit, limits: { ...unlimited, openFiles: 123 } };
  await platform.ensure(workload(scratch(t), spec), forever);
  const [instance] = platform.instances();
  assert.equal(readFileSync(instance?.logs.stdout ?? '', 'utf8'), '123\n');
});

test('memory is enforced by a cgroup where there is one, and refused with a reason where not', async (t) => {
  const data = scratch(t);
  const platform = platformOn(t, data, recorder());
  const limits = { ...unlimited, memoryBytes: 64 * 1024 * 1024 };
  const wanted = workload(scratch(t), { ...background, command: ['sleep', '60'], limits });
  const refused = checkLimits(limits);
  const enforced = describeLimitSupport().find((each) => each.limit === 'memoryBytes')?.enforced;
  assert.equal(refused === null, enforced);
  if (refused !== null) {
    assert.equal(refused.code, 'limits-unsupported');
    assert.match(refused.message, /the limit memory: 67108864 cannot be enforced here: .*cgroup/);
    await assert.rejects(
      platform.ensure(wanted, forever),
      (error) => error instanceof TealError && error.message === refused.message,
    );
    return;
  }
  await platform.ensure(wanted, forever);
  const [instance] = platform.instances();
  const group = /^0::(.*)$/m.exec(readFileSync(`/proc/${instance?.pid}/cgroup`, 'utf8'))?.[1] ?? '';
  assert.equal(readFileSync(path.join('/sys/fs/cgroup', group, 'memory.max'), 'utf8'), '67108864\n');
});

/** A tree of plain files that looks like cgroup v2 to Teal. */
function pretendTree(folder: string): LimitSupport {
  const parent = path.join(folder, 'teal.service');
  mkdirSync(path.join(parent, 'control'), { recursive: true });
  for (const group of [folder, parent]) {
    writeFileSync(path.join(group, 'cgroup.controllers'), 'cpuset cpu memory pids\n');
    writeFileSync(path.join(group, 'cgroup.subtree_control'), 'cpu memory pids\n');
    writeFileSync(path.join(group, 'cgroup.procs'), '');
  }
  return { cgroup: findCgroupRoot(folder, '/teal.service/control'), root: true, maxOpenFiles: Infinity };
}

test('limits are written into a group of the instance, which the app enters before it starts', async (t) => {
  const tree = scratch(t);
  const support = pretendTree(tree);
  assert.equal(
    support.cgroup.path,
    path.join(tree, 'teal.service'),
    'the delegated parent is preferred to the root',
  );
  const platform = platformOn(t, scratch(t), recorder(), { support });
  const limits = { memoryBytes: 1_000_000, cpus: 0.5, openFiles: null, processes: 20 };
  await platform.ensure(workload(scratch(t), { ...background, command: ['sleep', '60'], limits }), forever);
  const [instance] = platform.instances();
  const group = path.join(tree, 'teal.service', `teal-${instance?.id}`);
  const read = (file: string): string => readFileSync(path.join(group, file), 'utf8').trim();
  assert.deepEqual(['memory.max', 'cpu.max', 'pids.max', 'cgroup.procs'].map(read), [
    '1000000',
    '50000 100000',
    '20',
    String(instance?.pid),
  ]);
});

test('a group that holds processes is not used, and the reason is told', (t) => {
  const tree = scratch(t);
  pretendTree(tree);
  writeFileSync(path.join(tree, 'teal.service', 'cgroup.procs'), '1\n');
  writeFileSync(path.join(tree, 'cgroup.subtree_control'), '');
  const found = findCgroupRoot(path.join(tree, 'nowhere'), '/');
  assert.match(found.missing ?? '', /there is no cgroup v2 at/);
  const full = findCgroupRoot(tree, '/teal.service/control');
  assert.notEqual(full.path, path.join(tree, 'teal.service'));
});

test('processes are limited by the cgroup, else by ulimit, but not for root, whom ulimit does not hold', () => {
  const none = { path: null, controllers: [], missing: 'there is no cgroup v2', remedy: 'Use one.' };
  const limits = { ...unlimited, processes: 50 };
  const user: LimitSupport = { cgroup: none, root: false, maxOpenFiles: 1024 };
  assert.equal(planLimits(limits, user).ulimits.processes, 50);
  assert.match(checkLimits(limits, { ...user, root: true })?.message ?? '', /root is exempt/);
  assert.match(checkLimits({ ...unlimited, openFiles: 2048 }, user)?.message ?? '', /1024 files at most/);
  assert.equal(checkLimits(unlimited, limitSupport()), null);
});

test('a limit that the launcher cannot set fails the start with its name', async (t) => {
  const support = {
    cgroup: { path: path.join(scratch(t), 'gone'), controllers: ['memory'], missing: null, remedy: '' },
    root: true,
    maxOpenFiles: Infinity,
  } as const;
  const platform = platformOn(t, scratch(t), recorder(), { support });
  // More than the kernel's fs.nr_open allows anyone.
  const limits = { ...unlimited, openFiles: 2 ** 40 };
  const starting = platform.ensure(
    workload(scratch(t), { ...background, command: ['sleep', '60'], limits }),
    forever,
  );
  await assert.rejects(
    starting,
    (error) =>
      error instanceof TealError && error.code === 'limits-unsupported' && /ulimit -n/.test(error.message),
  );
});
