import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondsBounds, sumCopies, sumTallies, tally, type CountingAll } from '../../src/router/tally.ts';
import { Reports } from '../../src/router/embedded/reports.ts';
import type { WorkerStatus } from '../../src/router/embedded/options.ts';
import { appTable, endpoint, exchange, lastGet, ok, proxy, rawOrigin, tableOf } from './rig.ts';

test('an answer counts once by class and once by time; a bound is still below it', () => {
  const all: CountingAll = {};
  tally(all, 'live', 200, 5);
  tally(all, 'live', 503, 5.01);
  tally(all, 'candidate', 101, 1e9);
  assert.deepEqual(all.live?.classes, [0, 1, 0, 0, 1]);
  assert.deepEqual(all.live?.buckets.slice(0, 3), [1, 1, 0]);
  assert.deepEqual(all.candidate?.classes, [1, 0, 0, 0, 0]);
  assert.equal(all.candidate?.buckets[secondsBounds.length], 1);
  const sum = sumTallies(all, all);
  assert.deepEqual(sum.live?.classes, [0, 2, 0, 0, 2]);
  assert.deepEqual(all.live?.classes, [0, 1, 0, 0, 1], 'neither is changed');
  assert.deepEqual(sumTallies(undefined, undefined), {});
});

test('what became of copies is summed by outcome, also with what a worker of an older Teal never counted', () => {
  const one = { answered: 2, busy: 1 } as const;
  assert.deepEqual(sumCopies(one, { answered: 3, failed: 4 }), { answered: 5, busy: 1, failed: 4 });
  assert.deepEqual(one, { answered: 2, busy: 1 });
  assert.deepEqual(sumCopies(undefined, one), one);
});

test('what a worker has counted that is gone stays counted', () => {
  const report = (requests: number): WorkerStatus => {
    const tallies: CountingAll = {};
    for (let count = 0; count < requests; count++) tally(tallies, 'live', 200, 1);
    const counts = {
      app: 'shop',
      colour: 'blue',
      version: 'v1',
      errors: 0,
      failed: 0,
      inFlight: 0,
      waiting: 0,
    } as const;
    return {
      pid: 1,
      generation: 1,
      expired: false,
      connections: 0,
      environments: [{ ...counts, requests, tallies }],
      endpoints: [],
      linesDropped: 0,
    };
  };
  const reports = new Reports<string>();
  const told = (): number | undefined => reports.counts()[0]?.tallies?.live?.classes[1];
  reports.take(
    new Map([
      ['a', report(3)],
      ['b', report(4)],
    ]),
  );
  assert.equal(told(), 7);
  reports.take(
    new Map([
      ['a', null],
      ['b', report(5)],
    ]),
  );
  assert.equal(told(), 8);
  reports.take(
    new Map([
      ['b', report(5)],
      ['c', report(1)],
    ]),
  );
  assert.equal(told(), 9, 'a has ended');
});

test('requests are counted by whose they are', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.endsWith('\r\n\r\n'))
      socket.write(text.includes('/bad') ? ok('x').replace('200 OK', '500 No') : ok('x'));
  });
  const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', origin.port)] }, green: null };
  await using router = await proxy(tableOf(1, appTable({ environments })));
  for (const path of ['/', '/', '/bad']) await exchange(router.port, lastGet(path));
  const [counts] = router.engine.registry.counts.values();
  assert.deepEqual(counts?.tallies.live?.classes, [0, 2, 0, 0, 1]);
  assert.equal(
    counts.tallies.live.buckets.reduce((sum, value) => sum + value),
    3,
  );
  assert.ok(counts.tallies.live.seconds > 0 && counts.tallies.live.seconds < 10);
  assert.deepEqual(Object.keys(counts.tallies), ['live']);
});
