import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { TealError } from '../../src/errors.ts';
import { EmbeddedRouter } from '../../src/router/embedded/embedded.ts';
import type { RouterOptions } from '../../src/router/embedded/options.ts';
import { socketPath } from '../../src/router/socket-path.ts';
import type { RoutingTable } from '../../src/router/table.ts';
import type { Origin } from './rig.ts';
import {
  answering,
  appTable,
  closed,
  endpoint,
  exchange,
  get,
  lastGet,
  limits,
  listen,
  ok,
  portOf,
  RawClient,
  rawOrigin,
  tableOf,
  until,
} from './rig.ts';

/** A router process with a data directory of its own, stopped whatever happens. */
interface Running extends AsyncDisposable {
  readonly data: string;
  readonly options: RouterOptions;
  router: EmbeddedRouter;
  port(): Promise<number>;
}

async function start(more: Partial<RouterOptions> = {}): Promise<Running> {
  const data = more.data ?? (await mkdtemp(path.join(os.tmpdir(), 'teal-router-')));
  const options = {
    data,
    listen: [{ host: '127.0.0.1', port: 0 }],
    workers: 2,
    trustedProxies: [],
    client: limits,
    ...more,
  };
  const running: Running = {
    data,
    options,
    router: await EmbeddedRouter.start(options),
    port: async () => (await running.router.status()).listen[0]?.port ?? 0,
    async [Symbol.asyncDispose]() {
      await running.router.shutdown(0).catch(() => {});
      await rm(data, { recursive: true, force: true });
    },
  };
  return running;
}

function flip(generation: number, sides: readonly [Origin, Origin]): RoutingTable {
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('b', sides[0].port)] },
    green: { version: 'v2', endpoints: [endpoint('g', sides[1].port)] },
  };
  return tableOf(generation, appTable({ environments, live: generation % 2 === 1 ? 'blue' : 'green' }));
}

async function sides(): Promise<readonly [Origin, Origin]> {
  return [await answering(ok('v1')), await answering(ok('v2'))];
}

async function closeSides(pair: readonly [Origin, Origin]): Promise<void> {
  for (const side of pair) await side[Symbol.asyncDispose]();
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a table is in force on every worker, on disk and private, when apply resolves', async () => {
  await using running = await start();
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const status = await running.router.status();
  assert.deepEqual(
    status.workers.map(({ generation }) => generation),
    [1, 1],
  );
  assert.equal(status.generation, 1);
  assert.match(await exchange(await running.port(), lastGet()), /v1$/);
  const file = path.join(running.data, 'router', 'table.json');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await stat(path.join(running.data, 'router', 'control.sock'))).mode & 0o777, 0o600);
  const counts = (await running.router.status()).environments.find(({ colour }) => colour === 'blue');
  assert.deepEqual(counts, {
    app: 'shop',
    colour: 'blue',
    version: 'v1',
    requests: 1,
    errors: 0,
    failed: 0,
    inFlight: 0,
  });
  await closeSides(pair);
});

test('an older or other table of the same number is refused, the same one again is not', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(4, pair));
  await running.router.apply(flip(4, pair));
  const refused = (error: unknown) => error instanceof TealError && error.code === 'table-refused';
  await assert.rejects(running.router.apply(flip(3, pair)), refused);
  await assert.rejects(running.router.apply(flip(4, [pair[1], pair[0]])), refused);
  const twice = appTable({ app: 'two', environments: { blue: null, green: null } });
  await assert.rejects(running.router.apply(tableOf(5, twice, appTable())), refused);
  assert.equal((await running.router.status()).generation, 4);
  assert.match(await exchange(await running.port(), lastGet()), /v2$/);
  await closeSides(pair);
});

test('no request fails over 200 switches under load, and none that started after apply resolved gets the old side', async () => {
  await using running = await start();
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const port = await running.port();
  let acknowledged = 1;
  let running_ = true;
  let answered = 0;
  const wrong: string[] = [];
  const hammer = async () => {
    const client = new RawClient(port);
    while (running_) {
      const since = acknowledged;
      client.text = '';
      await client
        .send(answered % 5 === 0 ? `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi` : get('/'))
        .until(({ text }) => /v[12]$/.test(text) || text.includes('X-Teal-Error'));
      const side = /v([12])$/.exec(client.text)?.[1];
      const still = acknowledged;
      // Between the two only one table was acknowledged and no other begun: the answer must be its.
      if (side === undefined) wrong.push(client.text);
      else if (since === still && !switching && Number(side) !== (since % 2 === 1 ? 1 : 2))
        wrong.push(`${since} answered v${side}`);
      answered++;
    }
    client.close();
  };
  let switching = false;
  const clients = Array.from({ length: 8 }, hammer);
  const times: number[] = [];
  for (let generation = 2; generation <= 201; generation++) {
    switching = true;
    const begun = performance.now();
    await running.router.apply(flip(generation, pair));
    times.push(performance.now() - begun);
    acknowledged = generation;
    switching = false;
    // Checked from outside too: a request that starts now must see the new side.
    const answer = await exchange(port, lastGet());
    if (!answer.endsWith(generation % 2 === 1 ? 'v1' : 'v2'))
      wrong.push(`after ${generation}: ${answer.slice(-2)}`);
  }
  running_ = false;
  await Promise.all(clients);
  assert.deepEqual(wrong, []);
  assert.ok(answered > 500, `${answered} answered`);
  times.sort((left, right) => left - right);
  const median = times[100] ?? 0;
  assert.ok(median < 50, `median ${median} ms`);
  const status = await running.router.status();
  assert.equal(
    status.environments.reduce((sum, { requests }) => sum + requests, 0),
    answered + 200,
  );
  assert.equal(
    status.environments.reduce((sum, { failed }) => sum + failed, 0),
    0,
  );
  await closeSides(pair);
});

test('a killed worker is replaced with the table in force, and new connections wait for it', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(2, pair));
  const port = await running.port();
  for (let round = 0; round < 3; round++) {
    const [worker] = (await running.router.status()).workers;
    assert.ok(worker !== undefined);
    process.kill(worker.pid, 'SIGKILL');
    const answers = await Promise.all(Array.from({ length: 10 }, () => exchange(port, lastGet())));
    for (const answer of answers) assert.match(answer, /v2$/);
    const after = (await running.router.status()).workers;
    assert.equal(after.length, 1);
    assert.notEqual(after[0]?.pid, worker.pid);
    assert.equal(after[0]?.generation, 2);
  }
  await closeSides(pair);
});

test('tables applied while workers are being killed reach all of them', async () => {
  await using running = await start();
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  for (let generation = 2; generation <= 7; generation++) {
    const [worker] = (await running.router.status()).workers;
    if (worker !== undefined) process.kill(worker.pid, 'SIGKILL');
    await running.router.apply(flip(generation, pair));
    const answer = await exchange(await running.port(), lastGet());
    assert.ok(answer.endsWith(generation % 2 === 1 ? 'v1' : 'v2'), answer);
  }
  await closeSides(pair);
});

test('the router outlives who started it, and is adopted by the next', async () => {
  await using running = await start();
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const before = await running.router.status();
  running.router.close();
  await assert.rejects(running.router.status(), TealError);
  assert.match(await exchange(before.listen[0]?.port ?? 0, lastGet()), /v1$/);
  running.router = await EmbeddedRouter.start(running.options);
  const after = await running.router.status();
  assert.equal(after.pid, before.pid);
  assert.equal(after.generation, 1);
  await closeSides(pair);
});

test('a router that was killed comes back by itself, with its table from disk and on its port', async () => {
  const probe = net.createServer();
  await listen(probe);
  const port = portOf(probe);
  await closed(probe);
  await using running = await start({ listen: [{ host: '127.0.0.1', port }] });
  const pair = await sides();
  await running.router.apply(flip(2, pair));
  const before = await running.router.status();
  process.kill(before.pid, 'SIGKILL');
  await until(() => !alive(before.pid), 'the router to be gone');
  const after = await running.router.status();
  assert.notEqual(after.pid, before.pid);
  assert.equal(after.generation, 2);
  assert.match(await exchange(port, lastGet()), /v2$/);
  await until(
    () => before.workers.every(({ pid }) => !alive(pid)),
    'the workers of the killed one to be gone',
  );
  await running.router.apply(flip(3, pair));
  assert.match(await exchange(port, lastGet()), /v1$/);
  await closeSides(pair);
});

test('a router with other options is restarted with the new ones, and keeps its table', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const before = await running.router.status();
  running.router.close();
  running.router = await EmbeddedRouter.start({ ...running.options, workers: 2 });
  const after = await running.router.status();
  assert.notEqual(after.pid, before.pid);
  assert.deepEqual([after.workers.length, after.generation], [2, 1]);
  await closeSides(pair);
});

test('a corrupt table is set aside, said so, and answered with 503 until a table comes', async () => {
  const running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const { pid } = await running.router.status();
  await running.router.shutdown(0);
  await until(() => !alive(pid), 'the router to be gone');
  const folder = path.join(running.data, 'router');
  const file = path.join(folder, 'table.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace('"v1"', '"v9"'));
  running.router = await EmbeddedRouter.start(running.options);
  assert.match(
    await exchange(await running.port(), lastGet()),
    /^HTTP\/1\.1 503 [^]*X-Teal-Error: no-table\r\n/,
  );
  const names = await readdir(folder);
  assert.ok(
    names.some((name) => name.startsWith('table.json.corrupt-')),
    names.join(),
  );
  assert.ok(!existsSync(file));
  assert.match(await readFile(path.join(folder, 'router.log'), 'utf8'), /corrupt/);
  await running.router.apply(flip(1, pair));
  assert.match(await exchange(await running.port(), lastGet()), /v1$/);
  await closeSides(pair);
  await running[Symbol.asyncDispose]();
});

test('a port that is taken is named', async () => {
  const taken = net.createServer();
  await listen(taken);
  const port = portOf(taken);
  const data = await mkdtemp(path.join(os.tmpdir(), 'teal-router-'));
  await assert.rejects(start({ data, listen: [{ host: '127.0.0.1', port }] }), (error: unknown) => {
    assert.ok(error instanceof TealError);
    assert.equal(error.code, 'port-taken');
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
    assert.deepEqual(error.details, { host: '127.0.0.1', port });
    return true;
  });
  await closed(taken);
  await rm(data, { recursive: true, force: true });
});

test('a drain sums what all workers hold, tells how it goes, and can be given up', async () => {
  const held: (() => void)[] = [];
  const slow = await rawOrigin(
    (socket, text) => void (text.endsWith('\r\n\r\n') && held.push(() => socket.write(ok('slow')))),
  );
  const quick = await answering(ok('v2'));
  await using running = await start();
  await running.router.apply(flip(1, [slow, quick]));
  const port = await running.port();
  const clients = Array.from({ length: 12 }, () => new RawClient(port).send(get('/')));
  await until(() => held.length === 12, 'the requests to arrive');
  await running.router.apply(flip(2, [slow, quick]));
  const request = { app: 'shop', endpoints: ['b'], streams: 'drain', deadlineMs: 2500 } as const;

  const controller = new AbortController();
  const givenUp = running.router.drain(request, controller.signal);
  controller.abort(new Error('rolled back'));
  await assert.rejects(givenUp, /rolled back/);

  const told: number[] = [];
  const drained = running.router.drain(request, new AbortController().signal, (inFlight) =>
    told.push(inFlight),
  );
  await until(() => told.length > 0, 'progress');
  assert.equal(told[0], 12);
  for (const answer of held.splice(0, 7)) answer();
  const report = await drained;
  assert.deepEqual([report.finished, report.cut], [7, 5]);
  assert.ok(report.seconds >= 2.4 && report.seconds < 6, String(report.seconds));
  for (const client of clients) client.close();
  await closeSides([slow, quick]);
});

test('shutdown lets what is in flight end, and leaves nobody behind', async () => {
  const held: (() => void)[] = [];
  const slow = await rawOrigin(
    (socket, text) => void (text.endsWith('\r\n\r\n') && held.push(() => socket.write(ok('slow')))),
  );
  await using running = await start();
  await running.router.apply(flip(1, [slow, slow]));
  const client = new RawClient(await running.port()).send(get('/'));
  await until(() => held.length === 1, 'the request to arrive');
  const { pid, workers } = await running.router.status();
  const down = running.router.shutdown(10_000);
  setTimeout(() => held.forEach((answer) => answer()), 200);
  await client.has('slow');
  assert.match(client.text, /\r\nConnection: close\r\n/);
  client.close();
  await down;
  await until(
    () => [pid, ...workers.map((worker) => worker.pid)].every((one) => !alive(one)),
    'all to be gone',
  );
  await slow[Symbol.asyncDispose]();
});

test('a data directory with a path too long for a unix socket still works', async () => {
  const root = await mkdtemp(path.join(os.tmpdir(), 'teal-router-'));
  const data = path.join(root, 'x'.repeat(120));
  const socket = socketPath(data, 'router/control.sock');
  assert.ok(Buffer.byteLength(socket) < 104);
  assert.equal((await stat(path.dirname(socket))).mode & 0o777, 0o700);
  assert.notEqual(socket, socketPath(`${data}y`, 'router/control.sock'));
  await using running = await start({ data, workers: 1 });
  assert.equal((await running.router.status()).generation, 0);
  await rm(root, { recursive: true, force: true });
});
