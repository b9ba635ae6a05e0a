import assert from 'node:assert/strict';
import { utimes } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import type { TealError } from '../../src/errors.ts';
import type { AudienceTable } from '../../src/audience/table.ts';
import { EmbeddedRouter } from '../../src/router/embedded/embedded.ts';
import { spawnRouter } from '../../src/router/embedded/spawn.ts';
import { hashTable } from '../../src/router/embedded/table-file.ts';
import { exposes, withoutExposures } from '../../src/router/expired.ts';
import { socketPath } from '../../src/router/socket-path.ts';
import type { RoutingTable } from '../../src/router/table.ts';
import { alive, closeSides, flip, sides, start, type Running } from './process-rig.ts';
import { appTable, endpoint, exchange, lastGet, tableOf, until, type Origin } from './rig.ts';

/** Short, and more than the second that a turn of the router takes. */
const exposureMs = 1500;

const audience: AudienceTable = {
  app: 'shop',
  live: 'blue',
  release: {
    id: 'shop-7',
    candidate: 'green',
    cohort: 'same',
    exposed: [{ to: ['testers'], width: 100_000 }],
  },
  identity: { sources: [], anonymous: 'keep', cookieDomain: null, jwt: null },
  audiences: {
    testers: { kind: 'header', name: 'x-tester', match: { kind: 'exact', values: ['1'] }, from: 'anyone' },
  },
  paths: ['/'],
  offset: 0,
};

/** v1 is live, and testers are sent to v2. */
function canary(generation: number, [blue, green]: readonly [Origin, Origin]): RoutingTable {
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('b', blue.port)] },
    green: { version: 'v2', endpoints: [endpoint('g', green.port)] },
  };
  return tableOf(generation, appTable({ environments, audience }));
}

const tester = lastGet('/', 'X-Tester: 1');
const cookieOf = (answer: string): string => /^Set-Cookie: (teal-release=[^;]+)/m.exec(answer)?.[1] ?? '';

/** Polls as a tester until the version answers. */
async function reaches(port: number, version: string, request = tester): Promise<string> {
  let answer = '';
  await until(async () => {
    answer = await exchange(port, request);
    return answer.endsWith(version);
  }, `${version} for a tester`);
  return answer;
}

test('without a word from the control plane everyone goes to live, also who was admitted, until it is heard again', async () => {
  await using running = await start({ exposureMs, workers: 2 });
  const pair = await sides();
  const table = canary(1, pair);
  await running.router.apply(table);
  const port = await running.port();
  const first = await exchange(port, tester);
  assert.match(first, /v2$/);
  const cookie = cookieOf(first);
  assert.notEqual(cookie, '');
  const admitted = lastGet('/', `Cookie: ${cookie}`);
  assert.match(await exchange(port, admitted), /v2$/);

  const { pid } = await running.router.status();
  running.router.close();
  await reaches(port, 'v1');
  const meanwhile = await exchange(port, admitted);
  assert.match(meanwhile, /v1$/);
  assert.doesNotMatch(meanwhile, /Set-Cookie/, 'what was given stays');

  running.router = await EmbeddedRouter.start(running.options);
  const expired = await running.router.status();
  assert.equal(expired.pid, pid);
  assert.equal(expired.heard.expiry?.until, null);
  assert.equal(expired.heard.expiresAfterMs, exposureMs);
  assert.match(await exchange(port, admitted), /v1$/, 'being asked how it is is no word about the table');
  assert.deepEqual(await running.router.confirm(flip(1, pair)), { generation: 1, same: false });
  assert.match(await exchange(port, admitted), /v1$/, 'nor is a word about another table');

  assert.deepEqual(await running.router.confirm(table), { generation: 1, same: true });
  for (const request of [tester, admitted]) assert.match(await exchange(port, request), /v2$/);
  const back = await running.router.status();
  assert.ok((back.heard.expiry?.until ?? 0) >= (back.heard.expiry?.from ?? Infinity));
  assert.ok(back.workers.every(({ generation }) => generation === 1));
  await closeSides(pair);
});

test('a word every now and then keeps people where they are', async () => {
  await using running = await start({ exposureMs, workers: 1 });
  const pair = await sides();
  const table = canary(1, pair);
  await running.router.apply(table);
  const port = await running.port();
  const end = performance.now() + 3 * exposureMs;
  while (performance.now() < end) {
    assert.ok((await running.router.confirm(table)).same);
    assert.match(await exchange(port, tester), /v2$/);
    await new Promise((resolve) => setTimeout(resolve, exposureMs / 5));
  }
  assert.equal((await running.router.status()).heard.expiry, null);
  await closeSides(pair);
});

test('only exposures expire: without one nothing is done, however long nothing is heard', async () => {
  await using running = await start({ exposureMs: 10, workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(2, pair));
  const port = await running.port();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const { heard } = await running.router.status();
  assert.ok(heard.at !== null && Date.now() - heard.at > 2000);
  assert.equal(heard.expiry, null);
  assert.match(await exchange(port, lastGet()), /v2$/);
  await closeSides(pair);
});

test('a router that is started again without a control plane goes on where the time was', async () => {
  await using running: Running = await start({ exposureMs: 60_000, workers: 1 });
  const pair = await sides();
  const table = canary(3, pair);
  await running.router.apply(table);
  const { pid, workers } = await running.router.status();
  running.router.close();
  const killed = async (each: number): Promise<void> => {
    process.kill(each, 'SIGKILL');
    await until(() => !alive(each), 'the router to be gone');
  };
  await killed(pid);
  await until(() => workers.every((worker) => !alive(worker.pid)), 'its workers to be gone');
  await spawnRouter(running.options);
  running.router = await EmbeddedRouter.start(running.options);
  assert.match(await exchange(await running.port(), tester), /v2$/, 'a moment ago is no long time');
  const again = await running.router.status();
  running.router.close();
  await killed(again.pid);
  const long = new Date(Date.now() - 61_000);
  await utimes(path.join(running.data, 'router', 'table.json'), long, long);
  await spawnRouter(running.options);
  running.router = await EmbeddedRouter.start(running.options);
  await reaches(await running.port(), 'v1');
  await running.router.apply(table);
  assert.match(await exchange(await running.port(), tester), /v2$/);
  await closeSides(pair);
});

test('what is malformed, or not what its hash says, is refused, and the table in force stays', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(2, pair));
  const good = flip(3, pair);
  const given: readonly unknown[] = [
    { table: good, hash: hashTable(flip(5, pair)) },
    { table: good },
    { table: null, hash: hashTable(good) },
    { table: { ...good, generation: 'new' }, hash: hashTable(good) },
    ...[
      { generation: 3, apps: [null] },
      { generation: 3, apps: [{ app: 'shop' }] },
    ].map((table) => ({
      table,
      hash: hashTable(table as unknown as RoutingTable),
    })),
  ];
  for (const [index, args] of given.entries()) {
    const answer = await call(running.data, { id: index, op: 'apply', args });
    assert.equal((answer['error'] as TealError | undefined)?.code, 'table-refused', JSON.stringify(answer));
  }
  assert.equal((await running.router.status()).generation, 2);
  assert.match(await exchange(await running.port(), lastGet()), /v2$/);
  await closeSides(pair);
});

test('a table keeps all but its exposures when these are out of force', async () => {
  const pair = await sides();
  const table = canary(1, pair);
  const resting = withoutExposures(table);
  assert.ok(exposes(table) && exposes(resting), 'a release stays known');
  const release = resting.apps[0]?.audience?.release;
  assert.equal(release?.expired, true);
  const restored = {
    ...resting.apps[0],
    audience: { ...audience, release: { ...release, expired: undefined } },
  };
  assert.deepEqual(JSON.parse(JSON.stringify(restored)), JSON.parse(JSON.stringify(table.apps[0])));
  assert.deepEqual(withoutExposures(flip(1, pair)), flip(1, pair));
  await closeSides(pair);
});

/** One message on the control socket, and its answer. */
function call(data: string, message: object): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath(data, 'router/control.sock'));
    let text = '';
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (!text.includes('\n')) return;
      socket.destroy();
      resolve(JSON.parse(text) as Readonly<Record<string, unknown>>);
    });
    socket.write(`${JSON.stringify(message)}\n`);
  });
}
