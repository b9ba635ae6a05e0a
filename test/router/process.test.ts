import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { entryPath } from '../../src/router/embedded/entry.ts';
import { TealError } from '../../src/errors.ts';
import { socketPath } from '../../src/router/socket-path.ts';
import {
  answering,
  appTable,
  closed,
  exchange,
  get,
  lastGet,
  listen,
  ok,
  portOf,
  RawClient,
  rawOrigin,
  tableOf,
  until,
} from './rig.ts';
import { alive, closeSides, flip, sides, start } from './process-rig.ts';

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
  const blue = (await running.router.status()).environments.find(({ colour }) => colour === 'blue');
  const { tallies, ...counts } = blue ?? {};
  assert.deepEqual(tallies?.['live']?.classes, [0, 1, 0, 0, 0]);
  assert.deepEqual(counts, {
    app: 'shop',
    colour: 'blue',
    version: 'v1',
    requests: 1,
    errors: 0,
    failed: 0,
    inFlight: 0,
    waiting: 0,
    copies: {},
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

test('strange bytes on the control socket cost that connection, and nothing else', async () => {
  await using running = await start({ workers: 1 });
  for (const bytes of [
    'GET / HTTP/1.1\r\n\r\n',
    '{}\n',
    'null\n',
    '{"id":1,"op":"nonsense","args":null}\n',
  ]) {
    const socket = net.connect(socketPath(running.data, 'router/control.sock'));
    socket.write(bytes);
    const answer = await new Promise<string>((resolve) => {
      socket.on('data', (data) => resolve(data.toString()));
      socket.on('close', () => resolve('closed'));
    });
    assert.ok(answer === 'closed' || answer.includes('"error"'), answer);
    socket.destroy();
  }
  assert.equal((await running.router.status()).workers.length, 1);
});

test('a second router for the same data directory does not start', async () => {
  await using running = await start({ workers: 1 });
  const second = spawn(process.execPath, [entryPath('process'), JSON.stringify(running.options)]);
  let said = '';
  second.stdout.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const [code] = (await once(second, 'exit')) as [number];
  assert.equal(code, 1);
  assert.match(said, /already runs for this data directory/);
  assert.equal((await running.router.status()).workers.length, 1);
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
  const request = { app: 'shop', endpoints: ['b'], streams: 'drain', deadlineMs: 1500 } as const;

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
  assert.ok(report.seconds >= 1.4 && report.seconds < 6, String(report.seconds));
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
  const other = socketPath(`${data}y`, 'router/control.sock');
  assert.notEqual(socket, other);
  assert.notEqual(socket, socketPath(data, 'control.sock'));
  await using running = await start({ data, workers: 1 });
  assert.equal((await running.router.status()).generation, 0);
  for (const left of [root, path.dirname(other)]) await rm(left, { recursive: true, force: true });
});
