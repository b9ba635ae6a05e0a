import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import pino from 'pino';
import type { Member } from '../../src/router/embedded/member.ts';
import { Workers } from '../../src/router/embedded/workers.ts';
import type { RoutingTable } from '../../src/router/table.ts';
import { alive } from './process-rig.ts';
import { limits, tableOf, until } from './rig.ts';

interface Rig {
  readonly workers: Workers;
  /** What was logged, a line each. */
  readonly said: string[];
}

function rig(t: TestContext, count = 1): Rig {
  const options = {
    data: '',
    listen: [],
    h2c: [],
    tls: null,
    workers: count,
    client: limits,
    trustedProxies: [],
    proxyProtocol: [],
  };
  const said: string[] = [];
  const log = pino({}, { write: (line: string) => void said.push(line) });
  const workers = new Workers(options as never, [], log);
  workers.table = tableOf(1);
  t.after(() => workers.close(0));
  return { workers, said };
}

/** Nobody can compile it. */
const broken = { generation: 2, apps: null } as unknown as RoutingTable;

const holding = ({ workers }: Rig, table: RoutingTable): Member | undefined =>
  workers.all.find((worker) => worker.holds(table));

test('a worker that cannot start ends, and is replaced until one can', async (t) => {
  const on = rig(t);
  await on.workers.start();
  const [first] = on.workers.all;
  on.workers.table = broken;
  first?.kill();
  await until(() => on.said.some((line) => line.includes('a worker did not start')), 'a failed start');
  const pids = on.said.flatMap((line) => (JSON.parse(line) as { worker?: number }).worker ?? []);
  const good = tableOf(3);
  on.workers.table = good;
  await until(() => holding(on, good) !== undefined, 'one that starts');
  assert.equal(on.workers.all.length, 1);
  await on.workers.converge(good);
  for (const pid of pids) assert.equal(alive(pid), false);
});

test('one whose process cannot be made counts as ended', async (t) => {
  const on = rig(t);
  await on.workers.start();
  const { execPath } = process;
  t.after(() => (process.execPath = execPath));
  process.execPath = '/nowhere/node';
  on.workers.all[0]?.kill();
  await until(() => on.said.some((line) => line.includes('ENOENT')), 'a failed fork');
  process.execPath = execPath;
  const table = on.workers.table ?? broken;
  await until(() => holding(on, table) !== undefined, 'one that starts');
});

test('the first start says why it failed, and replaces nobody', async (t) => {
  const on = rig(t, 2);
  on.workers.table = broken;
  await assert.rejects(on.workers.start(), /null/);
  await until(() => on.workers.all.length === 0, 'their end');
  assert.deepEqual(on.said, []);
});
