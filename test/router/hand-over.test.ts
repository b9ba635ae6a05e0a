import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { TealError } from '../../src/errors.ts';
import { ownProgram } from '../../src/router/embedded/spawn.ts';
import { EmbeddedRouter } from '../../src/router/embedded/embedded.ts';
import { runLoad } from '../../src/load/load.ts';
import { alive, closeSides, flip, sides, start, type Running } from './process-rig.ts';
import {
  appTable,
  endpoint,
  exchange,
  get,
  lastGet,
  limits,
  RawClient,
  rawOrigin,
  tableOf,
  until,
  upstream,
  type Origin,
} from './rig.ts';

const handshake = get('/ws', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x');
const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\n\r\n';

/** Speaks WebSocket as far as it has to, streams events, and answers `/hold` late. */
function streaming(): Promise<Origin> {
  return rawOrigin((socket, text) => {
    if (text.startsWith('GET /ws') && text.endsWith('\r\n\r\n')) socket.write(switching);
    else if (text.startsWith('GET /events') && text.endsWith('\r\n\r\n')) {
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      socket.write('9\r\ndata: 1\n\n\r\n');
    } else if (text.endsWith('ping')) socket.write('\x81\x04pong', 'latin1');
  });
}

const single = (generation: number, origin: Origin) =>
  tableOf(
    generation,
    appTable({
      environments: { blue: { version: 'v1', endpoints: [endpoint('b', origin.port)] }, green: null },
      // Starting a router may take longer than streams may be silent by default.
      upstream: { ...upstream, idleTimeoutMs: 60_000, responseTimeoutMs: 60_000 },
    }),
  );

async function pids(running: Running): Promise<{ parent: number; workers: number[] }> {
  const status = await running.router.status();
  return { parent: status.pid, workers: status.workers.map(({ pid }) => pid) };
}

test('three hand-overs under load: none refused, none reset, none failed, every process another', async () => {
  await using running = await start();
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const url = `http://127.0.0.1:${await running.port()}/`;
  const fresh = runLoad({ url, rps: 200, connections: 32, headers: { connection: 'close' } });
  const kept = runLoad({ url, rps: 100, connections: 16 });
  const seen = new Set<number>();
  for (let turn = 1; turn <= 3; turn++) {
    const before = await pids(running);
    for (const pid of [before.parent, ...before.workers]) seen.add(pid);
    const handed = await running.router.handOver(ownProgram(), 5_000);
    const after = await pids(running);
    assert.equal(after.parent, handed.pid);
    for (const pid of [after.parent, ...after.workers]) assert.ok(!seen.has(pid), `${pid} was there before`);
    assert.equal((await running.router.status()).handOvers?.count, turn);
    // Also while the one before is still leaving.
    await running.router.apply(flip(turn + 1, pair));
  }
  const reports = [await fresh.stop(), await kept.stop()];
  for (const { failed, sent, answered, problems } of reports) {
    assert.deepEqual({ failed, problems }, { failed: 0, problems: {} });
    assert.equal(answered, sent);
  }
  assert.ok((reports[0]?.sent ?? 0) > 200);
  await until(() => [...seen].every((pid) => !alive(pid)), 'those before to end', 20_000);
  // The end of the one that had bound it does not take the path away.
  assert.equal((await stat(path.join(running.data, 'router', 'control.sock'))).mode & 0o777, 0o600);
  const status = await running.router.status();
  const requests = status.environments.reduce((sum, each) => sum + each.requests, 0);
  assert.equal(
    requests,
    (reports[0]?.sent ?? 0) + (reports[1]?.sent ?? 0),
    'counted by all of them together',
  );
  await closeSides(pair);
});

test('a kept connection gets one more answer, which says that it is the last, by the table that is in force then', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const client = new RawClient(await running.port());
  await client.send(get()).has('v1');
  const { workers } = await pids(running);
  await running.router.handOver(ownProgram(), 5_000);
  await running.router.apply(flip(2, pair));
  assert.equal(client.ended, false, 'a request may have been on its way');
  client.text = '';
  await client.send(get()).end();
  assert.match(client.text, /Connection: close\r\n[^]*v2$/);
  client.close();
  await until(() => workers.every((pid) => !alive(pid)), 'the worker before to end');
  await closeSides(pair);
});

test('WebSockets and event streams stay until the deadline, then get 1012 and an end, and count as cut', async () => {
  await using running = await start({ workers: 1 });
  await using origin = await streaming();
  await running.router.apply(single(1, origin));
  const port = await running.port();
  const socket = new RawClient(port);
  await socket.send(handshake).has('101');
  const events = new RawClient(port);
  await events.send(get('/events')).has('data: 1');
  const deadlineMs = 1_500;
  const begun = performance.now();
  await running.router.handOver(ownProgram(), deadlineMs);
  const { leaving } = await running.router.status();
  assert.deepEqual(
    leaving?.map(({ streams, connections }) => ({ streams, connections })),
    [{ streams: 2, connections: 2 }],
  );
  await socket.send('ping').has('pong');
  assert.ok(!socket.ended && !events.ended);
  assert.equal((await running.router.status()).handOvers?.cut, 0);
  await socket.until(({ text }) => text.endsWith('\x88\x02\x03\xf4'));
  await events.has('\r\n0\r\n\r\n');
  assert.ok(performance.now() - begun >= deadlineMs - 50, 'not before the deadline');
  socket.socket.end();
  events.socket.end();
  await until(async () => (await running.router.status()).leaving?.length === 0, 'the one before to end');
  assert.deepEqual((await running.router.status()).handOvers, { count: 1, cut: 2 });
  socket.close();
  events.close();
});

test('what was open two hand-overs ago is drained by order of the newest', async () => {
  await using running = await start({ workers: 1 });
  await using origin = await streaming();
  await running.router.apply(single(1, origin));
  const client = new RawClient(await running.port());
  await client.send(handshake).has('101');
  await running.router.handOver(ownProgram(), 60_000);
  await running.router.handOver(ownProgram(), 60_000);
  const { leaving } = await running.router.status();
  assert.deepEqual(
    leaving?.map(({ streams }) => streams),
    [0, 1],
  );
  await running.router.apply(tableOf(2, appTable({ environments: { blue: null, green: null }, live: null })));
  const report = await running.router.drain(
    { app: 'shop', endpoints: ['b'], streams: 'close', deadlineMs: 5_000 },
    new AbortController().signal,
  );
  assert.deepEqual([report.finished, report.cut], [1, 0]);
  await client.until(({ text }) => text.endsWith('\x88\x02\x03\xf4'));
  client.socket.end();
  await until(async () => (await running.router.status()).leaving?.length === 0, 'both to end');
  assert.equal((await running.router.status()).handOvers?.cut, 0);
  client.close();
});

test('a drain that runs meanwhile goes on at the next router, with the time that is left', async () => {
  await using running = await start({ workers: 1 });
  await using origin = await streaming();
  await running.router.apply(single(1, origin));
  const client = new RawClient(await running.port());
  client.send(get('/hold'));
  await until(() => origin.received.includes('/hold'), 'the request');
  await running.router.apply(tableOf(2, appTable({ environments: { blue: null, green: null }, live: null })));
  const begun = performance.now();
  const drained = running.router.drain(
    { app: 'shop', endpoints: ['b'], streams: 'close', deadlineMs: 4_000 },
    new AbortController().signal,
  );
  await running.router.handOver(ownProgram(), 60_000);
  const report = await drained;
  const took = performance.now() - begun;
  assert.equal(report.cut, 1);
  assert.ok(took > 3_900 && took < 8_000, `${took} ms`);
  client.close();
});

test('a program that fails leaves the old one serving, and says why', async (t) => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const before = await pids(running);
  const { node, entry } = ownProgram();
  const bad = async (name: string, text: string): Promise<string> => {
    const file = path.join(running.data, `${name}.mjs`);
    await writeFile(file, text);
    return file;
  };
  const cases: readonly (readonly [string, { node: string; entry: string }, RegExp])[] = [
    [
      'crashes on load',
      { node, entry: await bad('crash', 'throw new Error("no");') },
      /ended while taking over/,
    ],
    ['ends at once', { node, entry: await bad('end', '') }, /ended while taking over \(code 0\)/],
    ['is not there', { node, entry: path.join(running.data, 'nothing.mjs') }, /ended while taking over/],
    ['has no node', { node: '/nowhere/node', entry }, /ENOENT/],
    [
      'refuses the table',
      {
        node,
        entry: await bad(
          'refuse',
          `process.on('message', ({ id, op }) => { if (op === 'inherit')
            process.send({ id, error: { code: 'table-refused', message: 'a table of the future', remedy: '-', details: {} } }); });`,
        ),
      },
      /a table of the future/,
    ],
    [
      'dies after it was prepared',
      {
        node,
        entry: await bad(
          'late',
          `process.on('message', ({ id, op }) => { if (op === 'inherit')
            process.send({ id, result: { version: '9', protocol: 3, generation: 1 } }); else if (op) process.exit(3); });`,
        ),
      },
      /ended while taking over \(code 3\)/,
    ],
  ];
  for (const [name, program, says] of cases) {
    await t.test(name, async () => {
      await assert.rejects(running.router.handOver(program, 1_000), (error: unknown) => {
        assert.ok(error instanceof TealError, String(error));
        assert.match(error.message, says);
        return true;
      });
      assert.deepEqual(await pids(running), before);
      assert.match(await exchange(await running.port(), lastGet()), /v1$/);
    });
  }
  // And the next one works.
  await running.router.handOver(ownProgram(), 1_000);
  assert.notEqual((await pids(running)).parent, before.parent);
  await closeSides(pair);
});

test('an address that is taken is named, and the old router serves on as it was', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const { parent } = await pids(running);
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as net.AddressInfo;
  const listen = [...running.options.listen, { host: '127.0.0.1', port }];
  running.router.close();
  await assert.rejects(
    EmbeddedRouter.start({ ...running.options, listen, workers: 1 }),
    (error: unknown) => error instanceof TealError && error.code === 'port-taken',
  );
  taken.close();
  running.router = await EmbeddedRouter.start(running.options);
  assert.equal((await pids(running)).parent, parent);
  assert.match(await exchange(await running.port(), lastGet()), /v1$/);
  await closeSides(pair);
});

test('other options are taken over without a moment at which nobody listens', async () => {
  await using running = await start({ workers: 1 });
  const pair = await sides();
  await running.router.apply(flip(1, pair));
  const url = `http://127.0.0.1:${await running.port()}/`;
  const load = runLoad({ url, rps: 150, connections: 16, headers: { connection: 'close' } });
  running.router.close();
  const client = { ...limits, idleTimeoutMs: 1_000 };
  const listen = [...running.options.listen, { host: '127.0.0.1', port: 0 }];
  // The second is another socket of the same configured address; only the first was there before.
  running.router = await EmbeddedRouter.start({ ...running.options, listen, client, workers: 2 });
  const status = await running.router.status();
  assert.deepEqual([status.workers.length, status.generation, status.listen.length], [2, 1, 2]);
  assert.match(await exchange(status.listen[1]?.port ?? 0, lastGet()), /v1$/);
  const { failed, problems } = await load.stop();
  assert.deepEqual({ failed, problems }, { failed: 0, problems: {} });
  await closeSides(pair);
});

test('the router before dies with what it holds, and the next one goes on', async () => {
  await using running = await start({ workers: 1 });
  await using origin = await streaming();
  await running.router.apply(single(1, origin));
  const client = new RawClient(await running.port());
  await client.send(handshake).has('101');
  const before = await pids(running);
  await running.router.handOver(ownProgram(), 60_000);
  process.kill(before.parent, 'SIGKILL');
  await client.until(({ closed, ended }) => closed || ended);
  await until(async () => (await running.router.status()).leaving?.length === 0, 'it to be forgotten');
  await running.router.apply(single(2, origin));
  client.close();
});
