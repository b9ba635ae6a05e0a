import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drainWorker } from '../../src/router/embedded/drain.ts';
import { compileTable } from '../../src/router/embedded/compile.ts';
import type { WorkerStatus } from '../../src/router/embedded/options.ts';
import { Registry } from '../../src/router/embedded/registry.ts';
import { Reports } from '../../src/router/embedded/reports.ts';
import { start } from './process-rig.ts';
import {
  answering,
  appTable,
  endpoint,
  exchange,
  get,
  lastGet,
  ok,
  proxy,
  RawClient,
  rawOrigin,
  tableOf,
  until,
} from './rig.ts';

function of(generation: number, version: string) {
  const environments = { blue: { version, endpoints: [endpoint(version, 1)] }, green: null };
  return tableOf(generation, appTable({ environments }));
}

test('a version that is in no table any more is forgotten ten minutes later, unless something is in flight', () => {
  let now = 0;
  const registry = new Registry({ index: 0, of: 1 }, () => ({ now, random: Math.random }));
  let before = compileTable(of(1, 'v1'), registry);
  registry.adopt(before, null);
  const versions = (): string[] => [...registry.counts.values()].map(({ version }) => version);
  const first = registry.count('shop', 'blue', 'v1');
  first.inFlight = 1;
  for (let generation = 2; generation < 50; generation++) {
    const next = compileTable(of(generation, `v${generation}`), registry);
    registry.adopt(next, before);
    before = next;
    now += 60_000;
    registry.age(next, now);
    assert.ok(registry.counts.size <= 13, String(registry.counts.size));
    assert.ok(versions().includes(`v${Math.max(1, generation - 9)}`));
  }
  assert.ok(versions().includes('v1'));
  first.inFlight = 0;
  registry.age(before, now);
  registry.age(before, now + 600_000);
  assert.deepEqual(versions(), ['v49']);
  assert.equal(registry.endpoints.size, 1);
});

test('what is reported never goes back, also when a worker is silent or has ended', () => {
  const report = (requests: number, inFlight: number): WorkerStatus => ({
    pid: 1,
    generation: 1,
    expired: false,
    connections: 0,
    environments: [
      { app: 'shop', colour: 'blue', version: 'v1', requests, errors: 0, failed: 0, inFlight, waiting: 0 },
    ],
    endpoints: [],
    linesDropped: 0,
  });
  const reports = new Reports<string>();
  const sum = (heard: Readonly<Record<string, WorkerStatus | null>>): readonly number[] => {
    reports.take(new Map(Object.entries(heard)));
    const [counts] = reports.counts();
    return [counts?.requests ?? -1, counts?.inFlight ?? -1];
  };
  assert.deepEqual(sum({ a: report(10, 1), b: report(5, 2) }), [15, 3]);
  assert.deepEqual(sum({ a: report(11, 1), b: null }), [16, 3]);
  // `b` has ended, with what it had in flight; `c` took its place.
  assert.deepEqual(sum({ a: report(12, 1), c: report(1, 1) }), [18, 2]);
  assert.deepEqual(sum({ a: report(12, 0), c: report(2, 0) }), [19, 0]);
});

test('killing a worker takes nothing from the counts that were shown', async () => {
  await using running = await start({ workers: 1 });
  await using origin = await answering(ok('x'));
  const environments = { blue: { version: 'v1', endpoints: [endpoint('e', origin.port)] }, green: null };
  await running.router.apply(tableOf(1, appTable({ environments })));
  const port = await running.port();
  for (let index = 0; index < 5; index++) await exchange(port, lastGet());
  const before = await running.router.status();
  assert.equal(before.environments[0]?.requests, 5);
  process.kill(before.workers[0]?.pid ?? 0, 'SIGKILL');
  await exchange(port, lastGet());
  const after = await running.router.status();
  assert.equal(after.environments[0]?.requests, 6);
  assert.notEqual(after.workers[0]?.pid, before.workers[0]?.pid);
});

test('a drain does not count as finished what has only moved to another instance', async () => {
  const waiting: (() => void)[] = [];
  await using going = await rawOrigin(() => {});
  await using staying = await rawOrigin((socket, text) => {
    if (text.endsWith('\r\n\r\n')) waiting.push(() => socket.write(ok('stayed')));
  });
  const both = [endpoint('going', going.port), endpoint('staying', staying.port)];
  const of = (generation: number, endpoints: typeof both) =>
    tableOf(generation, appTable({ environments: { blue: { version: 'v1', endpoints }, green: null } }));
  await using router = await proxy(of(1, both));
  const clients = [new RawClient(router.port), new RawClient(router.port)];
  for (const client of clients) client.send(get());
  await until(() => going.received !== '' && waiting.length === 1, 'one at each');
  const { registry } = router.engine;
  const request = { app: 'shop', endpoints: ['going'], streams: 'drain', deadlineMs: 10_000 } as const;
  const drained = drainWorker(registry, request, {
    signal: new AbortController().signal,
    progress: () => {},
  });
  for (const socket of going.sockets) socket.destroy();
  assert.deepEqual(await drained, { finished: 0, cut: 0 });
  await until(() => waiting.length === 2, 'the one that moved');
  for (const answer of waiting) answer();
  for (const client of clients) {
    await client.has('stayed');
    client.close();
  }
});
