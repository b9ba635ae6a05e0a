import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { epochNow } from '../../bench/lib/clock.ts';
import { median, theilSen } from '../../bench/lib/estimate.ts';
import { planOf } from '../../bench/soak/plan.ts';
import { nothing, type Tally } from '../../bench/soak/protocol.ts';
import { h2c } from '../../bench/soak/protocols/http2.ts';
import { reportOf } from '../../bench/soak/report.ts';
import { resultOf, type Measured } from '../../bench/soak/verdict.ts';
import { Versions } from '../../bench/soak/versions.ts';
import type { Look } from '../../bench/soak/watch.ts';

const minute = 60_000;

test('the slope of a line is found though a quarter of its samples are somewhere else', () => {
  const points = Array.from({ length: 40 }, (_, at) => ({ at, value: at % 4 === 0 ? 1e6 : 3 * at + 7 }));
  const slope = theilSen(points);
  assert.ok(slope !== null);
  assert.ok(Math.abs(slope.slope - 3) < 0.01, `slope ${slope.slope}`);
  assert.ok(slope.low <= 3 && slope.high >= 3);
});

test('noise around a level has no slope, and its interval says so', () => {
  const noise = (at: number): number => Math.abs(Math.sin(at * 12.9898) * 43_758.5453) % 1;
  const points = Array.from({ length: 60 }, (_, at) => ({ at, value: 100 + 13 * noise(at) }));
  const slope = theilSen(points);
  assert.ok(slope !== null && Math.abs(slope.slope) < 0.08 && slope.low < 0 && slope.high > 0);
  assert.equal(theilSen(points.slice(0, 2)), null);
  assert.equal(median([4, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('an answer is stale when its version was at no moment live while the request was under way', () => {
  const versions = new Versions();
  const live = (version: string, from: number, inForce: number): void => {
    versions.hear({ kind: 'begins', version, at: from });
    versions.hear({ kind: 'in-force', version, at: inForce });
  };
  live('v1', 0, 10);
  live('v2', 1000, 1020);
  live('v1', 2000, 2020);
  assert.equal(versions.isStale('v1', 900, 1500), false, 'sent before the switch');
  assert.equal(versions.isStale('v1', 1015, 1018), false, 'not every worker had acknowledged');
  assert.equal(versions.isStale('v1', 1100, 1110), true, 'after the switch');
  assert.equal(versions.isStale('v2', 900, 910), true, 'before anybody was sent there');
  assert.equal(versions.isStale('v1', 2100, 2110), false, 'after the rollback');
  assert.equal(versions.isStale('v2', 2100, 2110), true);
  assert.equal(versions.isStale('v3', 2100, 2110), true, 'never live');
});

test('an answer over HTTP/2 that overtakes the news of its version is not stale; one that is, is counted', async () => {
  const version = { said: 'v2' };
  const server = createServer((request, response) => {
    response.setHeader('x-version', version.said);
    request.resume().on('end', () => response.end('{}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const versions = new Versions();
    const start = epochNow();
    const traffic = h2c.start({ port, secure: null, h2c: port }, versions);
    assert.ok(traffic !== null);
    await sleep(500);
    // A clock a little off is excused; this is more.
    const switched = epochNow();
    await sleep(100);
    version.said = 'v1';
    await sleep(300);
    versions.hear({ kind: 'begins', version: 'v1', at: start - 20 });
    versions.hear({ kind: 'begins', version: 'v2', at: start - 10 });
    versions.hear({ kind: 'in-force', version: 'v2', at: switched });
    const { answered, failed, stale } = await traffic.stop();
    assert.equal(failed, 0);
    assert.ok(stale > 0 && stale < answered, `${stale} of ${answered}`);
  } finally {
    server.close();
  }
});

test('short runs look often, and do not judge the growth in ten minutes', () => {
  assert.deepEqual([planOf(30).full, planOf(10).full, planOf(0.75).full], [true, true, false]);
  assert.equal(planOf(30).partMs, 10 * minute);
  assert.ok(planOf(0.75).sampleMs >= 1000 && planOf(30).sampleMs <= 30_000);
});

const megabyte = 1e6;

interface Fault {
  /** Bytes in 10 minutes. */
  readonly growth?: number;
  /** More of these at each end of a part. */
  readonly handles?: number;
  readonly upstreams?: number;
}

/** Three parts of 10 minutes, a look every 20 s, one of them during a hiccup. */
function looks({ growth = 0, handles = 0, upstreams = 0 }: Fault): readonly Look[] {
  const look = (minutes: number, moment: Look['moment'], part: number): Look => ({
    pid: 7,
    role: 'worker',
    at: minutes * minute,
    moment,
    part,
    rss: 100 * megabyte + (growth * minutes) / 10 + (minutes === 25 ? 50 * megabyte : 0),
    heapUsed: 10 * megabyte + (growth * minutes) / 10,
    external: megabyte,
    arrayBuffers: 0,
    handles: (moment === 'held' ? 406 : 6) + handles * (part - 1),
    resources: {},
    clients: moment === 'held' ? 200 : 0,
    upstreams: (moment === 'held' ? 200 : 0) + upstreams * (part - 1),
  });
  return [1, 2, 3].flatMap((part) => [
    ...Array.from({ length: 30 }, (_, index) => look((part - 1) * 10 + index / 3, 'load', part)),
    look(part * 10, 'quiet', part),
    look(part * 10, 'held', part),
  ]);
}

function measured(fault: Fault = {}, change: Partial<Measured> = {}): Measured {
  const tally: Tally = { ...nothing, sent: 100, answered: 100 };
  return {
    full: true,
    tallies: { small: tally },
    releases: { releases: 9, switches: 12, rollbacks: 3, drains: 9, givenUp: 1, cut: 0, leftOpen: 0 },
    looks: looks(fault),
    replaced: 0,
    ...change,
  };
}

const shortOf = (fault: Fault, change: Partial<Measured> = {}): string =>
  resultOf(measured(fault, change)).short.join('\n');

test('a soak in which nothing grows and nothing is lost meets its goals, a hiccup of the machine or not', () => {
  assert.equal(shortOf({}), '');
  assert.equal(shortOf({ growth: 1.5 * megabyte }), '');
  assert.match(reportOf(resultOf(measured()), measured()), /soak: all is well/);
});

test('growth of more than 2 % in 10 minutes is told, also through a hiccup', () => {
  assert.match(shortOf({ growth: 3 * megabyte }), /worker 7 grows by 2\.\d % in 10 minutes, not 2\.0 %/);
  assert.match(reportOf(resultOf(measured({ growth: 3 * megabyte })), measured()), /SHORT OF A GOAL/);
});

test('a short run is judged by its live memory, and says what it does not judge', () => {
  assert.equal(shortOf({ growth: 0.2 * megabyte }, { full: false }), '');
  assert.match(shortOf({ growth: 3 * megabyte }, { full: false }), /live memory has grown by/);
  assert.match(
    reportOf(resultOf(measured({}, { full: false })), measured({}, { full: false })),
    /NOT JUDGED/,
  );
});

test('one handle that stays behind is seen in quiet, three connections to the app under load', () => {
  assert.match(shortOf({ handles: 1 }), /handles in quiet are not the same: 6, 7, 8/);
  assert.match(
    shortOf({ upstreams: 3 }),
    /upstreams with requests under way are not the same: 200, 203, 206/,
  );
});

test('whatever is lost, cut, stale or left open makes a soak fail, and so does one that did nothing', () => {
  const one = (change: Partial<Tally>): Partial<Measured> => ({
    tallies: { small: { ...nothing, sent: 100, answered: 100, ...change } },
  });
  const { releases } = measured();
  assert.match(shortOf({}, one({ answered: 99, failed: 1 })), /sent 100, answered 99\n1 failed/);
  assert.match(shortOf({}, one({ stale: 2 })), /2 were answered by a version that was no longer live/);
  assert.match(shortOf({}, { releases: { ...releases, cut: 1 } }), /drains have cut 1/);
  assert.match(shortOf({}, { releases: { ...releases, leftOpen: 1 } }), /1 connections to instances/);
  assert.match(shortOf({}, { replaced: 1 }), /1 workers died/);
  assert.match(shortOf({}, { releases: { ...releases, switches: 0 } }), /no switch/);
  assert.match(shortOf({}, { tallies: {} }), /sent 0/);
});
